/// The primary key of every model.
struct PrimaryKeys {
  enum Key {
    /// Indices of fields, in the order of the key.
    case fields([Int])
    /// A model that only lists may have no key.
    case none
    /// Missing or wrong, and reported.
    case broken
  }

  /// By model.
  let keys: [Key]

  init(_ symbols: SymbolTable, sink: DiagnosticSink) {
    keys = symbols.models.map { PrimaryKeys.key(of: $0, sink) }
  }

  private static func key(of model: SymbolTable.Entry, _ sink: DiagnosticSink) -> Key {
    let definition = model.definition
    let marked = definition.fields.indices.filter { isMarked(definition.fields[$0]) }
    guard let entry = definition.section.entries[.primaryKey] else {
      if let second = marked.dropFirst().first {
        let names = marked.map { definition.fields[$0].name.value }.joined(separator: ", ")
        sink.error(
          at: definition.fields[second].section.entries[.primaryKey]?.value.location ?? definition.name.location,
          "a second field with 'primary_key: true'",
          suggestion: "write 'primary_key: [\(names)]' on the model")
        return .broken
      }
      if let only = marked.first { return .fields([only]) }
      return missing(model, sink)
    }
    if let field = marked.first {
      sink.error(
        at: definition.fields[field].section.entries[.primaryKey]?.value.location ?? entry.keyLocation,
        "the model has a 'primary_key' already, at line \(entry.keyLocation.line)", suggestion: "keep one of the two")
    }
    return listed(model, at: entry.value.location, sink)
  }

  private static func isMarked(_ field: FieldDefinition) -> Bool {
    guard case .scalar(let scalar)? = field.section.entries[.primaryKey]?.value.value else { return false }
    return scalar.meaning == .bool(true)
  }

  private static func listed(_ model: SymbolTable.Entry, at location: SourceLocation, _ sink: DiagnosticSink) -> Key {
    guard let names = model.definition.section.texts(.primaryKey, sink)?.value else { return .broken }
    if names.isEmpty {
      sink.error(at: location, "'primary_key' is empty")
      return .broken
    }
    var fields: [Int] = []
    for name in names {
      guard let index = model.field(name, sink) else { continue }
      let field = model.definition.fields[index]
      if fields.contains(index) {
        sink.error(at: name.location, "'\(name.value)' is in the primary key twice")
      } else if let kind = field.kind, !FieldKey.primaryKey.applies(to: kind) {
        sink.error(at: name.location, "a field of type '\(kind.name)' cannot be in the primary key")
      } else if field.isComputed {
        sink.error(at: name.location, "'\(name.value)' is computed and in no column, so it is no part of a key")
      } else if case .scalar(let scalar)? = field.section.entries[.null]?.value.value, scalar.meaning == .bool(true) {
        sink.error(at: name.location, "'\(name.value)' may be null, a primary key may not")
      } else {
        fields.append(index)
      }
    }
    return fields.count == names.count ? .fields(fields) : .broken
  }

  private static func missing(_ model: SymbolTable.Entry, _ sink: DiagnosticSink) -> Key {
    let definition = model.definition
    if definition.fields.isEmpty { return .broken }
    if definition.services.allSatisfy(isListOnly) { return .none }
    let near = model.fieldsByName["id"] != nil ? "id" : definition.fields.first?.name.value ?? "id"
    sink.error(
      at: definition.name.location, "model '\(definition.name.value)' has no primary key",
      suggestion: "add 'primary_key: true' to '\(near)' or offer only List with 'service: { actions: [List] }'")
    return .broken
  }

  /// Whether `actions:` is List at most; a wrong `actions:` is reported elsewhere.
  private static func isListOnly(_ service: Section<ServiceKey>) -> Bool {
    func isList(_ node: YAMLNode) -> Bool {
      if case .scalar(let scalar) = node.value { return scalar.text == Action.list.rawValue }
      return false
    }
    guard let node = service.entries[.actions]?.value else { return false }
    if case .list(let items) = node.value { return items.count <= 1 && items.allSatisfy(isList) }
    return isList(node)
  }
}
