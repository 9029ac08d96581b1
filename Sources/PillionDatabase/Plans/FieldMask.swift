package import PillionSchema
package import PillionWire

/// Reads `google.protobuf.FieldMask` (google/protobuf/field_mask.proto) in terms of a model.
package enum FieldMask {
  /// Indices of the fields that the mask names, in the order of the model; nil: all, as an empty mask and `*` say.
  package static func fields(
    _ slot: Slot, of message: borrowing DecodedMessage, model: Model
  ) throws(ValueError) -> [Int]? {
    var paths: [String]?
    message.withBytes(of: slot) { paths = WireStrings.field(1, of: $0) }
    guard let paths else { throw ValueError("cannot be decoded") }
    if paths.isEmpty || paths.contains("*") { return nil }
    var fields = Set<Int>()
    for path in paths {
      guard let field = model.fieldIndex(path), model.service.fields.contains(field) else {
        let near = Suggestion.of(path, among: model.service.fields.map { model.fields[$0].name })
        let shown = String(String.UnicodeScalarView(path.unicodeScalars.prefix(64)))
        throw ValueError("names `\(shown)`, which is not a field of \(model.name)" + (near.map { "; \($0)" } ?? ""))
      }
      fields.insert(field)
    }
    return fields.sorted()
  }
}
