import PillionSchema

/// The SQL fragments that the plans of one model share.
///
/// In every statement the model's table, or the rows just written, go by the alias `t`.
struct ModelSQL {
  let schema: Schema
  let model: Model
  let dialect: Dialect

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
  func selectList(of message: MessageShape, written: [Int: String] = [:]) -> (sql: String, encoder: RowEncoder) {
    let outputs = outputs(of: message)
    let expressions = outputs.map { output -> String in
      let codec = codec(output.field)
      guard case .manyToMany(let relation) = model.fields[output.field].type else {
        return codec.selectExpression("t.\(column(output.field))")
      }
      return codec.selectExpression(written[output.field] ?? keys(of: relation))
    }
    let columns = outputs.map { RowEncoder.Column(shape: $0.shape, field: definition($0.field)) }
    // A message may have nothing to send (every field write-only); a row still needs a column.
    let sql = expressions.isEmpty ? "1" : expressions.joined(separator: ", ")
    return (sql, RowEncoder(columns: columns, dialect: dialect))
  }

  /// The keys that a row is related to, in their own order, as one value.
  private func keys(of relation: ManyToMany) -> String {
    let target = dialect.quote(relation.target)
    let rows =
      "SELECT j.\(target) FROM \(dialect.quote(relation.through)) AS j WHERE j.\(dialect.quote(relation.source)) = t.\(keyColumn) ORDER BY 1"
    return switch dialect {
    case .postgresql: "ARRAY(\(rows))"
    case .sqlite: "(SELECT json_group_array(\(target)) FROM (\(rows)))"
    }
  }

  /// `t."id" = $1 AND …`, taking one placeholder a lookup field.
  func lookup(in sql: inout SQLText) -> String {
    model.lookupFields.map { "t.\(column($0)) = \(sql.placeholder(codec($0).parameterType))" }.joined(
      separator: " AND ")
  }

  /// `t."a" DESC, …`: the terms, then what of the key they lack.
  ///
  /// NULLs order as PostgreSQL orders them: last ascending, first descending.
  func orderBy(_ terms: [OrderTerm]) -> String {
    let ordered = Set(terms.map(\.field))
    let all = terms + model.primaryKey.filter { !ordered.contains($0) }.map { OrderTerm(field: $0) }
    return all.map { term in
      let field = model.fields[term.field]
      var sql = "t.\(column(term.field))"
      if dialect == .sqlite, let collation = SQLiteCollation(of: field.type.scalar) {
        sql += " COLLATE \(collation.rawValue)"
      }
      if term.descending { sql += " DESC" }
      if dialect == .sqlite, field.isNullable { sql += term.descending ? " NULLS FIRST" : " NULLS LAST" }
      return sql
    }.joined(separator: ", ")
  }

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
