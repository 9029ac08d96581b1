package import PillionSchema
package import PillionWire

/// Reads `google.protobuf.FieldMask` (google/protobuf/field_mask.proto) in terms of a model.
package enum FieldMask {
  /// Paths of a mask at most.
  private static let pathLimit = 1_000

  /// What the mask names: fields as messages have them, and behind a relation that is expanded those of its rows
  /// (`author.name`). Nil: all, as an empty mask and `*` say.
  package static func selection(
    _ slot: Slot, of message: borrowing DecodedMessage, model: Model, schema: Schema
  ) throws(ValueError) -> FieldSelection? {
    var paths: [String]?
    message.withBytes(of: slot) { paths = WireStrings.field(1, of: $0) }
    guard let paths else { throw ValueError("cannot be decoded") }
    if paths.isEmpty || paths.contains("*") { return nil }
    if paths.count > pathLimit { throw ValueError("has more than \(pathLimit) paths") }
    var selection = FieldSelection()
    for path in paths {
      let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      try add(names[...], of: path, model, way: [model.index], schema, to: &selection)
    }
    return selection
  }

  /// - Parameter way: the models whose rows are inside each other, `model` last.
  private static func add(
    _ names: ArraySlice<String>, of path: String, _ model: Model, way: [Int], _ schema: Schema,
    to selection: inout FieldSelection
  ) throws(ValueError) {
    guard let name = names.first else { return }
    let rest = names.dropFirst()
    let index = model.service.fields.first { model.fields[$0].isCalled(name) }
    guard let index else {
      let near = Suggestion.of(name, among: model.service.fields.flatMap { model.fields[$0].protoNames })
      throw ValueError(
        "names `\(excerpt(path))`, which is not a field of \(model.name)" + (near.map { "; \($0)" } ?? ""))
    }
    let field = model.fields[index]
    guard field.expansion?.name == name else {
      guard rest.isEmpty else {
        let reason = field.type.related == nil ? "`\(name)` has no fields" : "`\(name)` is not expanded"
        throw ValueError("names `\(excerpt(path))`, which is not a field of \(model.name): \(reason)")
      }
      selection.values.insert(index)
      return
    }
    guard model.expands(field, way: way), let next = field.type.related, schema.models.indices.contains(next) else {
      throw ValueError("names `\(excerpt(path))`, but `\(name)` is not expanded inside a row of that kind")
    }
    if rest.isEmpty {
      selection.rows[index] = .whole
    } else if selection.rows[index]?.isWhole != true {
      var inner = selection.rows[index] ?? FieldSelection()
      try add(rest, of: path, schema.models[next], way: way + [next], schema, to: &inner)
      selection.rows[index] = inner
    }
  }

  private static func excerpt(_ path: String) -> String {
    String(String.UnicodeScalarView(path.unicodeScalars.prefix(64)))
  }
}
