/// Makes a many_to_many's join table of what is written, with Django's names for what is not.
struct ManyToManyBuilder {
  let symbols: SymbolTable
  let keys: PrimaryKeys
  /// The model that has the field.
  let model: Int
  let table: TableName
  let sink: DiagnosticSink

  /// Nil if the join cannot be made, which is reported.
  func build(_ field: FieldDefinition, target: References.Target) -> ManyToMany? {
    let here = symbols.models[model].definition.name.value
    switch keys.keys[model] {
    case .fields(let fields) where fields.count == 1: break
    case .broken: return nil
    case .fields, .none:
      sink.error(
        at: field.name.location, "a many_to_many needs a primary key of one field, which model '\(here)' does not have")
      return nil
    }
    let there = symbols.models[target.model].definition.name.value
    let isSelf = target.model == model
    let source = column(.source, of: field) ?? (isSelf ? "from_" : "") + Identifier.snakeCase(here) + "_id"
    let other = column(.target, of: field) ?? (isSelf ? "to_" : "") + Identifier.snakeCase(there) + "_id"
    if source == other {
      sink.error(
        at: field.section.entries[.target]?.value.location ?? field.name.location,
        "source and target are the same column '\(source)'")
    }
    var through = TableName(schema: table.schema, name: "\(table.name)_\(field.name.value)")
    if let name = field.section.text(.through, sink) { through = TableNames.read(name, of: "through", sink) }
    return ManyToMany(
      model: target.model, field: target.field, type: target.type, through: through, source: source, target: other)
  }

  private func column(_ key: FieldKey, of field: FieldDefinition) -> String? {
    guard let name = field.section.text(key, sink) else { return nil }
    if !TableNames.isLegalPart(name.value) {
      sink.error(at: name.location, "a column's name cannot be empty or hold control characters")
    }
    return name.value
  }
}
