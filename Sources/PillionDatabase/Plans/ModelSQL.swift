import PillionQuery
import PillionSchema

/// The SQL fragments that the plans of one model share.
///
/// In every statement the model's table, or the rows just written, go by the alias `t`.
struct ModelSQL {
  let schema: Schema
  let model: Model
  let dialect: Dialect
  /// Nil: the service knows every row.
  private(set) var scope: Scope?
  let relations: RelatedModels
  /// Nil: no row filter concerns the service.
  private(set) var rows: RowScopes?

  init(
    schema: Schema, model: Model, dialect: Dialect, scope filter: Filter? = nil,
    relations: RelatedModels = RelatedModels(), rows: RowScopes? = nil
  ) {
    self.schema = schema
    self.model = model
    self.dialect = dialect
    self.relations = relations
    self.rows = rows
    scope = filter.map { Scope($0, self) }
  }

  var table: String { dialect.quote(model.table) }

  func codec(_ field: Int) -> FieldCodec { FieldCodec(field: definition(field), dialect: dialect) }

  /// A field as its values are stored: keys of other rows have the form that they have there.
  func definition(_ index: Int) -> Field {
    var field = model.fields[index]
    switch field.type {
    case .manyToMany(let relation): field.storage = schema.models[relation.model].fields[relation.field].storage
    case .reverse(let relation):
      field.storage = relation.key.flatMap { schema.models[relation.model].fields[$0].storage }
    case .scalar, .foreignKey, .array: break
    }
    return field
  }

  func column(_ field: Int) -> String { dialect.quote(model.fields[field].column) }

  /// The fragments of another model.
  func related(_ index: Int) -> ModelSQL {
    ModelSQL(schema: schema, model: schema.models[index], dialect: dialect, rows: rows)
  }

  /// The same, of the rows that the other model's service knows.
  func shown(_ index: Int) -> ModelSQL {
    ModelSQL(
      schema: schema, model: schema.models[index], dialect: dialect, scope: relations.filter(of: index),
      relations: relations, rows: rows)
  }

  /// The same without row filters, which whether an index serves a query does not depend on.
  var unfiltered: ModelSQL {
    var sql = self
    sql.rows = nil
    return sql
  }

  /// The join table of a many_to_many and its columns, quoted: that of this model's key, that of the other's.
  func join(_ relation: ManyToMany) -> (through: String, source: String, target: String) {
    (dialect.quote(relation.through), dialect.quote(relation.source), dialect.quote(relation.target))
  }

  /// The only column of the key; many_to_many fields need a single-column key, which the schema has checked.
  var keyColumn: String { model.primaryKey.first.map(column) ?? "rowid" }

  var keyColumns: [String] { model.primaryKey.map(column) }

  /// The select list of the rows that go by `t`. `written` says what a statement that writes the row cannot see there.
  ///
  /// - Parameter only: what of the row to send.
  func selectList(
    of message: MessageShape, written: SelectListBuilder.Written? = nil, only: FieldSelection = .whole,
    in builder: inout QueryBuilder
  ) -> SelectList {
    var lists = SelectListBuilder(self, written: written, builder)
    return lists.list(of: message, only: only, to: &builder)
  }

  /// What names a row in errors, its columns being those of these fields; nil stands for a column of no field of its own.
  func origin(of fields: [Int?]) -> RowEncoder.Origin {
    let key = model.primaryKey.compactMap { field in
      fields.firstIndex(of: field).map { (cell: $0, type: model.fields[field].type.scalar) }
    }
    return RowEncoder.Origin(table: model.table, key: key.count == model.primaryKey.count ? key : [])
  }

  /// The number of an enum's value; -1, which no value has, for what is none of the choices.
  func number(of enumeration: EnumShape, holding column: String) -> String {
    let cases = enumeration.values.map { value in
      let choice =
        switch value.choice {
        case .int(let number): "\(number)"
        case .text(let text): SQLText.literal(text)
        }
      return " WHEN \(column) = \(choice) THEN \(value.number)"
    }
    let number = "(CASE\(cases.joined()) WHEN \(column) IS NULL THEN NULL ELSE -1 END)"
    return dialect == .postgresql ? number + PostgreSQLType.cast(.int32, isArray: false) : number
  }

  /// The keys of the rows that a row is related to and the caller may see, in their own order, as one value.
  func keys(of relation: ManyToMany, alias: String, in query: inout QueryBuilder) -> String {
    let target = dialect.quote(relation.target)
    let visible = query.visible("j.\(target)", of: relation.field, related(relation.model))
    let rows =
      "SELECT j.\(target) FROM \(dialect.quote(relation.through)) AS j WHERE j.\(dialect.quote(relation.source)) = \(alias).\(keyColumn)\(visible) ORDER BY 1"
    return switch dialect {
    case .postgresql: "ARRAY(\(rows))"
    case .sqlite: "(SELECT json_group_array(\(joinKey(relation).json(target))) FROM (\(rows)))"
    }
  }

  /// `t."id" = $1 AND …`, then the scope and the row filter.
  func lookup(in query: inout QueryBuilder) -> String {
    var conditions: [String] = []
    for (index, field) in model.lookupFields.enumerated() {
      conditions.append("t.\(column(field)) = \(query.placeholder(codec(field).parameterType, for: .parameter(index)))")
    }
    conditions += query.scopes(self, from: model.lookupFields.count)
    return conditions.joined(separator: " AND ")
  }

  func joinKey(_ relation: ManyToMany) -> JoinKey {
    JoinKey(of: schema.models[relation.model].fields[relation.field])
  }

  /// How many parameters a lookup takes, which plans keep before all others: the request's, the scope's, the caller's.
  var lookupCount: Int { callerParameters + (rows?.count ?? 0) }

  /// The first parameter of the caller's values.
  var callerParameters: Int { model.lookupFields.count + (scope?.parameters.entries.count ?? 0) }

  /// The join tables that hold keys of this model's rows, with the column that holds them: its own many_to_many fields
  /// and those of other models that refer to it.
  var joins: [(table: TableName, column: String)] {
    var joins: [(table: TableName, column: String)] = []
    for (owner, relation) in schema.manyToMany {
      if owner == model.index { joins.append((relation.through, relation.source)) }
      if relation.model == model.index { joins.append((relation.through, relation.target)) }
    }
    var seen: Set<String> = []
    return joins.filter { seen.insert("\($0.table)\u{0}\($0.column)").inserted }
  }
}
