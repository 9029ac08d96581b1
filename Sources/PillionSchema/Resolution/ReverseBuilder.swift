/// Finds the foreign key that a reverse relation turns around, and how its rows are sent.
struct ReverseBuilder {
  let symbols: SymbolTable
  let keys: PrimaryKeys
  let references: References
  /// The model that has the field.
  let model: Int
  let sink: DiagnosticSink

  /// The relation, and the key of the rows that it leads to; nil if it leads nowhere, which is reported.
  func build(_ field: FieldDefinition) -> (relation: ReverseRelation, target: References.Target)? {
    let section = field.section
    let limit = section.wholeNumber(.limit, from: 1, sink)?.value ?? ReverseRelation.standardLimit
    guard let other = otherModel(field) else { return nil }
    let ordering = ordering(section, of: other)
    guard let foreignKey = foreignKey(field, of: other) else { return nil }
    var relation = ReverseRelation(
      model: other, field: foreignKey, key: nil, type: .int64, limit: limit, ordering: ordering)
    var target = References.Target(model: other, field: 0, type: .int64, storage: nil, usesStringInProto: false)
    let name = symbols.models[other].definition.name.value
    switch keys.keys[other] {
    case .broken: return nil
    case .none:
      sink.error(
        at: field.name.location, "model '\(name)' has no primary key, so its rows have no order to be sent in")
      return nil
    case .fields(let key) where key.count == 1:
      guard let only = key.first, let resolved = references.values(model: other, field: only) else { return nil }
      target = resolved
      relation.key = only
      relation.type = resolved.type
    case .fields:
      if !isExpanded(section) {
        sink.error(
          at: field.name.location,
          "model '\(name)' has a primary key of several fields, so its rows cannot be sent as keys",
          suggestion: "add 'expand: true' to send them whole")
      }
    }
    return (relation, target)
  }

  private func isExpanded(_ section: Section<FieldKey>) -> Bool {
    guard case .scalar(let scalar)? = section.entries[.expand]?.value.value else { return false }
    return scalar.meaning == .bool(true)
  }

  private func otherModel(_ field: FieldDefinition) -> Int? {
    guard field.section.entries[.model] != nil else {
      sink.error(
        at: field.name.location, "field '\(field.name.value)' has no 'model' whose rows it lists",
        suggestion: "add 'model: Name'")
      return nil
    }
    return field.section.text(.model, sink).flatMap { symbols.model($0, from: symbols.models[model].package, sink) }
  }

  private func foreignKey(_ field: FieldDefinition, of other: Int) -> Int? {
    let here = symbols.models[model].definition.name.value
    let there = symbols.models[other]
    let fitting = there.definition.fields.indices.filter { references.target(model: other, field: $0)?.model == model }
      .filter { there.definition.fields[$0].kind == .foreignKey }
    let names = fitting.map { there.definition.fields[$0].name.value }
    guard field.section.entries[.field] != nil else {
      sink.error(
        at: field.name.location,
        "field '\(field.name.value)' has no 'field', the foreign key of '\(there.definition.name.value)' to '\(here)'",
        suggestion: names.first.map { "add 'field: \($0)'" })
      return nil
    }
    guard let name = field.section.text(.field, sink), let index = there.field(name, sink) else { return nil }
    guard there.definition.fields[index].kind == .foreignKey else {
      guard let kind = there.definition.fields[index].kind else { return nil }
      sink.error(
        at: name.location, "'\(there.definition.name.value).\(name.value)' is of type \(kind.name), not a foreign_key",
        suggestion: kind == .manyToMany
          ? "the other side of a many_to_many is a many_to_many with the same 'through'"
          : Suggestion.of(name.value, among: names))
      return nil
    }
    // A foreign key that leads nowhere is reported where it is defined.
    guard let target = references.target(model: other, field: index) else { return nil }
    guard target.model == model else {
      let leads = symbols.models[target.model].definition.name.value
      sink.error(
        at: name.location, "'\(there.definition.name.value).\(name.value)' refers to '\(leads)', not to '\(here)'",
        suggestion: Suggestion.of(name.value, among: names))
      return nil
    }
    return index
  }

  /// `[-created, name]` of the other model's own fields; nil if nothing is said.
  private func ordering(_ section: Section<FieldKey>, of other: Int) -> [OrderTerm]? {
    guard let names = section.texts(.ordering, sink)?.value else { return nil }
    let entry = symbols.models[other]
    var terms: [OrderTerm] = []
    for name in names {
      let descending = name.value.hasPrefix("-")
      let bare = Located(descending ? String(name.value.dropFirst()) : name.value, at: name.location)
      guard let index = entry.field(bare, sink), let kind = entry.definition.fields[index].kind else { continue }
      if entry.definition.fields[index].isComputed {
        sink.error(
          at: name.location, "rows cannot be ordered by '\(bare.value)', which is computed and in no column")
      } else if !FieldKey.primaryKey.applies(to: kind) {
        sink.error(at: name.location, "rows cannot be ordered by '\(bare.value)', a field of type '\(kind.name)'")
      } else if terms.contains(where: { $0.path.field == index }) {
        sink.error(at: name.location, "'\(bare.value)' is in the ordering twice")
      } else {
        terms.append(OrderTerm(field: index, descending: descending))
      }
    }
    return terms
  }
}
