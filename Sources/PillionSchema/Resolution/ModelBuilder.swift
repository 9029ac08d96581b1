/// Makes one `Model`.
struct ModelBuilder {
  let index: Int
  let symbols: SymbolTable
  let keys: PrimaryKeys
  let references: References
  let serviceNamePattern: String
  let sink: DiagnosticSink

  private var entry: SymbolTable.Entry { symbols.models[index] }
  private var definition: ModelDefinition { symbols.models[index].definition }

  func build() -> Model {
    let section = definition.section
    var table = TableName(name: Identifier.snakeCase(definition.name.value))
    if let name = section.text(.table, sink) { table = TableNames.read(name, of: "table", sink) }
    var keyFields: [Int] = []
    if case .fields(let fields) = keys.keys[index] { keyFields = fields }
    let fields = definition.fields.enumerated().map { field($1, at: $0, key: keyFields, table: table) }
    let ordering = ordering(fields)
    func service(_ section: Section<ServiceKey>, isFirst: Bool) -> ServiceDefinition {
      ServiceBuilder(
        section: section, isFirst: isFirst, entry: entry, fields: fields, key: keys.keys[index],
        namePattern: serviceNamePattern, sink: sink
      ).build()
    }
    let model = Model(
      index: index, package: entry.package, name: definition.name.value, table: table,
      doc: section.text(.doc, sink)?.value,
      fields: fields.compactMap { $0 }, primaryKey: keyFields, ordering: ordering,
      service: service(definition.service, isFirst: true),
      otherServices: definition.otherServices.map { service($0, isFirst: false) },
      was: section.text(.was, sink).map { FormerName($0.value, at: $0.location) },
      isDeprecated: section.flag(.deprecated, sink)?.value ?? false, location: definition.name.location)
    // Indices count only where no field is left out.
    if !fields.contains(where: { $0 == nil }) { NameCollisions(sink: sink).check(model: model, definition) }
    FormerNames(sink: sink).check(model.fields.map { ($0.name, $0.was) }, called: "field")
    return model
  }

  /// Nil if the field has no type, which is reported.
  private func field(_ definition: FieldDefinition, at position: Int, key: [Int], table: TableName) -> Field? {
    var target = references.target(model: index, field: position)
    var type: FieldType?
    if definition.kind == .reverse {
      let reverse = ReverseBuilder(symbols: symbols, keys: keys, references: references, model: index, sink: sink)
        .build(definition)
      (type, target) = (reverse.map { .reverse($0.relation) }, reverse?.target)
    } else if let kind = definition.kind {
      type = self.type(of: definition, kind, target, table: table)
    }
    guard let kind = definition.kind, let type else {
      FieldBuilder.checkWithoutType(definition, sink: sink)
      return nil
    }
    var field = FieldBuilder(
      definition: definition, kind: kind, type: type, target: target, isKey: key.contains(position),
      isWholeKey: key == [position], sink: sink
    ).build()
    if let related = type.related {
      field.expansion?.message = symbols.models[related].definition.name.value
      field.expansion?.package = symbols.models[related].package
    }
    field.enumName = EnumNames(sink: sink).name(of: field, in: definition, model: self.definition.name.value)
    return field
  }

  private func type(of field: FieldDefinition, _ kind: FieldKind, _ target: References.Target?, table: TableName)
    -> FieldType?
  {
    switch kind {
    case .scalar(let type): return .scalar(type)
    case .array(let items): return .array(items)
    case .foreignKey:
      let onDelete = field.section.name(.onDelete, of: OnDelete.self, sink)?.value ?? .noAction
      return target.map {
        .foreignKey(ForeignKey(model: $0.model, field: $0.field, type: $0.type, onDelete: onDelete))
      }
    case .manyToMany:
      let builder = ManyToManyBuilder(symbols: symbols, keys: keys, model: index, table: table, sink: sink)
      return target.flatMap { builder.build(field, target: $0) }.map(FieldType.manyToMany)
    case .reverse: return nil
    }
  }

  /// `[-created, author.name]`, or one of them as text.
  private func ordering(_ fields: [Field?]) -> [OrderTerm] {
    var terms: [OrderTerm] = []
    for name in definition.section.texts(.ordering, sink)?.value ?? [] {
      let descending = name.value.hasPrefix("-")
      let bare = Located(descending ? String(name.value.dropFirst()) : name.value, at: name.location)
      guard let path = path(bare) else { continue }
      if path.relations.isEmpty, fields[path.field] == nil { continue }
      if terms.contains(where: { $0.path == path }) {
        sink.error(at: name.location, "'\(bare.value)' is in the ordering twice")
      } else {
        terms.append(OrderTerm(path, descending: descending))
      }
    }
    return terms
  }

  /// The field that `author.name` leads to; nil if rows cannot be ordered by it, which is reported.
  private func path(_ name: Located<String>) -> FieldPath? {
    let names = name.value.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    var (model, relations) = (index, [Int]())
    for (step, part) in names.enumerated() {
      let entry = symbols.models[model]
      guard let field = entry.field(Located(part, at: name.location), sink) else { return nil }
      let kind = entry.definition.fields[field].kind
      guard step < names.count - 1 else {
        if entry.definition.fields[field].isComputed {
          sink.error(
            at: name.location, "rows cannot be ordered by '\(name.value)', which is computed and in no column")
          return nil
        }
        guard let kind, !kind.canOrder else { return FieldPath(relations, field) }
        sink.error(
          at: name.location, "rows cannot be ordered by '\(name.value)', a field of type '\(kind.name)'")
        return nil
      }
      // A broken type or reference is reported already.
      guard let kind else { return nil }
      guard kind == .foreignKey else {
        sink.error(
          at: name.location, "'\(part)' in '\(name.value)' is no foreign key, so no order leads through it")
        return nil
      }
      guard let target = references.target(model: model, field: field) else { return nil }
      // The key of the related row is in this one already.
      let key = symbols.models[target.model].definition.fields[target.field].name.value
      if step == names.count - 2, names[step + 1] == key { return FieldPath(relations, field) }
      relations.append(field)
      model = target.model
    }
    return nil
  }
}

extension FieldKind {
  /// Whether rows can be ordered by a field of this kind.
  fileprivate var canOrder: Bool {
    switch self {
    case .scalar(let type): type != .json
    case .foreignKey: true
    case .manyToMany, .reverse, .array: false
    }
  }
}
