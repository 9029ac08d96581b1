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
  /// Nil: no row filter concerns the service.
  let rows: RowScopes?

  init(schema: Schema, model: Model, dialect: Dialect, scope filter: Filter? = nil, rows: RowScopes? = nil) {
    self.schema = schema
    self.model = model
    self.dialect = dialect
    self.rows = rows
    scope = filter.map { Scope($0, self) }
  }

  var table: String { dialect.quote(model.table) }

  func codec(_ field: Int) -> FieldCodec { FieldCodec(field: definition(field), dialect: dialect) }

  /// A field as its values are stored: keys in a join table have the form of the key that they repeat.
  private func definition(_ index: Int) -> Field {
    var field = model.fields[index]
    if case .manyToMany(let relation) = field.type {
      field.storage = schema.models[relation.model].fields[relation.field].storage
    }
    return field
  }

  func column(_ field: Int) -> String { dialect.quote(model.fields[field].column) }

  /// The fragments of another model.
  func related(_ index: Int) -> ModelSQL {
    ModelSQL(schema: schema, model: schema.models[index], dialect: dialect, rows: rows)
  }

  /// The join table of a many_to_many and its columns, quoted: that of this model's key, that of the other's.
  func join(_ relation: ManyToMany) -> (through: String, source: String, target: String) {
    (dialect.quote(relation.through), dialect.quote(relation.source), dialect.quote(relation.target))
  }

  /// The only column of the key; many_to_many fields need a single-column key, which the schema has checked.
  var keyColumn: String { model.primaryKey.first.map(column) ?? "rowid" }

  var keyColumns: [String] { model.primaryKey.map(column) }

  /// The fields of the model's message that are sent, with their shapes.
  func outputs(of message: MessageShape) -> [(shape: FieldShape, field: Int)] {
    message.fields.compactMap { shape in
      guard case .field(let index) = shape.source, !model.fields[index].isWriteOnly else { return nil }
      return (shape, index)
    }
  }

  /// The select list and the encoder of its rows. `written` holds, for a many_to_many field that the statement itself
  /// writes, the expression of its new keys: the join table's rows are not yet visible there.
  ///
  /// - Parameter only: the fields to send; nil: all.
  func selectList(
    of message: MessageShape, written: [Int: String] = [:], only: [Int]? = nil, in query: inout QueryBuilder
  ) -> (sql: String, encoder: RowEncoder) {
    let outputs = outputs(of: message).filter { only?.contains($0.field) ?? true }
    let expressions = outputs.map { output -> String in
      let codec = codec(output.field)
      guard case .manyToMany(let relation) = model.fields[output.field].type else {
        let column = codec.selectExpression("t.\(column(output.field))")
        return output.shape.enumeration.map { number(of: $0, holding: column) } ?? column
      }
      return codec.selectExpression(written[output.field] ?? keys(of: relation, in: &query))
    }
    let columns = outputs.map { RowEncoder.Column(shape: $0.shape, field: definition($0.field)) }
    // A message may have nothing to send (every field write-only); a row still needs a column.
    let sql = expressions.isEmpty ? "1" : expressions.joined(separator: ", ")
    return (sql, RowEncoder(columns: columns, dialect: dialect))
  }

  /// The number of an enum's value; -1, which no value has, for what is none of the choices.
  private func number(of enumeration: EnumShape, holding column: String) -> String {
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
  private func keys(of relation: ManyToMany, in query: inout QueryBuilder) -> String {
    let target = dialect.quote(relation.target)
    let visible = query.visible("j.\(target)", of: relation.field, related(relation.model))
    let rows =
      "SELECT j.\(target) FROM \(dialect.quote(relation.through)) AS j WHERE j.\(dialect.quote(relation.source)) = t.\(keyColumn)\(visible) ORDER BY 1"
    return switch dialect {
    case .postgresql: "ARRAY(\(rows))"
    case .sqlite: "(SELECT json_group_array(\(target)) FROM (\(rows)))"
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

  /// How many parameters a lookup takes, which plans keep before all others: the request's, the scope's, the caller's.
  var lookupCount: Int { callerParameters + (rows?.count ?? 0) }

  /// The first parameter of the caller's values.
  var callerParameters: Int { model.lookupFields.count + (scope?.parameters.entries.count ?? 0) }

  /// The join tables that hold keys of this model's rows, with the column that holds them: its own many_to_many fields
  /// and those of other models that refer to it.
  var joins: [(table: TableName, column: String)] {
    var joins: [(table: TableName, column: String)] = []
    for other in schema.models {
      for field in other.fields {
        guard case .manyToMany(let relation) = field.type else { continue }
        if other.index == model.index { joins.append((relation.through, relation.source)) }
        if relation.model == model.index { joins.append((relation.through, relation.target)) }
      }
    }
    var seen: Set<String> = []
    return joins.filter { seen.insert("\($0.table)\u{0}\($0.column)").inserted }
  }
}
