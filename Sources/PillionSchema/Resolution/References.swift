/// Where foreign_key and many_to_many fields lead.
struct References {
  /// What a reference holds: the key of a model, and the field that says what its values are.
  struct Target {
    var model: Int
    /// The target's key.
    var field: Int
    var type: ScalarType
    /// `storage:` and `proto_type:` of the first field on the chain that has them: the values look like that here too.
    var storage: SQLiteStorage?
    var usesStringInProto: Bool
  }

  private struct Place: Hashable {
    var model: Int
    var field: Int
  }

  private let symbols: SymbolTable
  private var edges: [Place: Place] = [:]

  /// Reports unknown models, targets without a single-column key, and foreign keys that lead in a circle.
  init(_ symbols: SymbolTable, keys: PrimaryKeys, sink: DiagnosticSink) {
    self.symbols = symbols
    for (model, entry) in symbols.models.enumerated() {
      for (index, field) in entry.definition.fields.enumerated() {
        guard field.kind == .foreignKey || field.kind == .manyToMany else { continue }
        edges[Place(model: model, field: index)] = References.target(
          of: field, in: entry, symbols: symbols, keys: keys, sink)
      }
    }
    reportCircles(sink)
  }

  /// Nil if the reference is broken, which is reported.
  func target(model: Int, field: Int) -> Target? {
    edges[Place(model: model, field: field)].flatMap { values(model: $0.model, field: $0.field) }
  }

  /// What a field's values are, which may be keys of another model; nil if it refers to nothing.
  func values(model: Int, field: Int) -> Target? {
    var target = Target(model: model, field: field, type: .bool, storage: nil, usesStringInProto: false)
    var seen = Set<Place>()
    var place = Place(model: model, field: field)
    while seen.insert(place).inserted {
      let definition = symbols.models[place.model].definition.fields[place.field]
      if target.storage == nil, let name = References.plainText(definition, .storage) {
        target.storage = SQLiteStorage(rawValue: name)
      }
      if References.plainText(definition, .protoType) == "string" { target.usesStringInProto = true }
      if case .scalar(let type)? = definition.kind {
        target.type = type
        return target
      }
      guard let next = edges[place] else { return nil }
      place = next
    }
    return nil
  }

  private static func plainText(_ field: FieldDefinition, _ key: FieldKey) -> String? {
    guard case .scalar(let scalar)? = field.section.entries[key]?.value.value else { return nil }
    return scalar.text
  }

  private static func target(
    of field: FieldDefinition, in entry: SymbolTable.Entry, symbols: SymbolTable, keys: PrimaryKeys,
    _ sink: DiagnosticSink
  ) -> Place? {
    guard field.section.entries[.model] != nil else {
      sink.error(
        at: field.name.location, "field '\(field.name.value)' has no 'model' that it refers to",
        suggestion: "add 'model: Name'")
      return nil
    }
    guard let name = field.section.text(.model, sink), let model = symbols.model(name, from: entry.package, sink) else {
      return nil
    }
    switch keys.keys[model] {
    case .fields(let fields) where fields.count == 1:
      return fields.first.map { Place(model: model, field: $0) }
    case .fields:
      sink.error(
        at: name.location,
        "model '\(name.value)' has a primary key of several fields, which no single column can refer to")
    case .none:
      sink.error(at: name.location, "model '\(name.value)' has no primary key to refer to")
    case .broken:
      break
    }
    return nil
  }

  /// A circle is reported once, at its first field in the order of the files.
  private func reportCircles(_ sink: DiagnosticSink) {
    var reported = Set<Place>()
    for start in edges.keys.sorted(by: { ($0.model, $0.field) < ($1.model, $1.field) }) {
      var path: [Place] = []
      var seen = Set<Place>()
      var place = start
      while seen.insert(place).inserted {
        path.append(place)
        guard let next = edges[place] else { break }
        place = next
      }
      guard place == start, path.count > 1 || edges[start] == start, !reported.contains(start) else { continue }
      reported.formUnion(path)
      let names = (path + [start]).map { place in
        let model = symbols.models[place.model].definition
        return "\(model.name.value).\(model.fields[place.field].name.value)"
      }
      let field = symbols.models[start.model].definition.fields[start.field]
      sink.error(at: field.name.location, "foreign keys lead in a circle: \(names.joined(separator: " → "))")
    }
  }
}
