package import PillionDatabase
package import PillionSchema

/// What the definitions say of the tables, and the live database says otherwise.
///
/// Every column is selected as a plan selects it, from no rows: PostgreSQL refuses a cast that does not exist when it
/// reads the statement. What can be read all the same is compared with the catalog. Nothing is ever written.
///
/// What makes calls fail is an error; what may, for some rows or at some size, is a warning.
package struct SchemaComparison {
  let schema: Schema
  let connection: any AdminConnection

  package init(schema: Schema, connection: any AdminConnection) {
    self.schema = schema
    self.connection = connection
  }

  /// Of all models, in the order of the definitions.
  package var findings: [CheckFinding] { schema.models.flatMap(findings) }

  /// Whether the model's table and all its columns are there; throws when the database does not answer.
  func isReadable(_ model: Model) throws(DatabaseError) -> Bool {
    let columns = model.fields.compactMap { field -> String? in
      field.hasColumn ? select(field.column, as: field) : nil
    }
    if let refusal = try refusal(of: columns.isEmpty ? ["1"] : columns, from: model.table) { return !refusal.isDrift }
    if let live = try LiveTable.read(model.table, connection) {
      for field in model.fields where isMissing(field, live) { return false }
    }
    for case .manyToMany(let relation) in model.fields.map(\.type) {
      let list = keys(of: relation, in: model)
      if let refusal = try refusal(of: list, from: relation.through), refusal.isDrift { return false }
    }
    return true
  }

  private func findings(of model: Model) -> [CheckFinding] {
    let live = (try? LiveTable.read(model.table, connection)) ?? nil
    if let reason = said(of: ["1"], from: model.table) {
      guard live == nil else {
        return [
          CheckFinding(
            .unreadable, at: model.location, "table '\(model.table)' of \(model.fullName) cannot be read; \(reason)")
        ]
      }
      let create = SchemaDDL(schema: schema, dialect: connection.dialect).tables.first { $0.name == model.table }?
        .create
      return [
        CheckFinding(
          .missingTable, at: model.location,
          "table '\(model.table)' of \(model.fullName) cannot be read; \(reason)",
          fix: "create it, for instance by `pillion schema --apply`" + (create.map { ":\n\($0);" } ?? ""))
      ]
    }
    // One question for all columns; only where that is refused, one for each.
    let columns = model.fields.compactMap { field -> String? in
      field.hasColumn ? select(field.column, as: field) : nil
    }
    let isWhole = columns.isEmpty || said(of: columns, from: model.table) == nil
    let fields = model.fields.indices.flatMap { index -> [CheckFinding] in
      let field = model.fields[index]
      if case .manyToMany(let relation) = field.type { return findings(of: relation, in: model, at: field.location) }
      if case .reverse(let relation) = field.type { return findings(of: relation, in: model, at: field.location) }
      guard field.hasColumn else { return [] }
      if let live, isMissing(field, live) {
        return [unreadable(index, of: model, live, "the database's catalog has none")]
      }
      if !isWhole, let reason = said(of: [select(field.column, as: field)], from: model.table) {
        return [unreadable(index, of: model, live, reason)]
      }
      return live.map { findings(of: index, in: model, $0) } ?? []
    }
    return fields + (live.map { indexFindings(of: model, $0) } ?? [])
  }

  /// PostgreSQL takes `t.count` for `count(t)` where there is no such column, so there only the catalog tells.
  private func isMissing(_ field: Field, _ live: LiveTable) -> Bool {
    guard field.hasColumn else { return false }
    return connection.dialect == .postgresql && live.column(field.column) == nil
  }

  /// A column that cannot be selected: it is missing, or nothing of the field's type can be read from it.
  private func unreadable(_ index: Int, of model: Model, _ live: LiveTable?, _ reason: String) -> CheckFinding {
    let field = model.fields[index]
    guard let live else { return CheckFinding(.unreadable, at: field.location, reason) }
    if let column = live.column(field.column) {
      return CheckFinding(
        .typeMismatch, at: field.location,
        "column '\(column.name)' is \(column.type), which is not read as \(field.type.scalar.rawValue); \(reason)",
        fix: "change the field's 'type', or the column's")
    }
    let add = SchemaDDL.addColumn(index, of: model, schema: schema, dialect: connection.dialect)
    let near = Suggestion.of(field.column, among: live.columns.map(\.name), listing: false)
    return CheckFinding(
      .missingColumn, at: field.location,
      "table '\(model.table)' has no column '\(field.column)'; \(reason)",
      fix: "\(add);" + (near.map { " or, if it is called otherwise, 'column: …': \($0)" } ?? ""))
  }

  /// The columns of a join table, as keys of the two models.
  private func findings(of relation: ManyToMany, in model: Model, at location: SourceLocation) -> [CheckFinding] {
    let live = (try? LiveTable.read(relation.through, connection)) ?? nil
    if let reason = said(of: keys(of: relation, in: model), from: relation.through) {
      let create = SchemaDDL(schema: schema, dialect: connection.dialect).tables.first { $0.name == relation.through }
      return [
        CheckFinding(
          live == nil ? .missingTable : .missingColumn, at: location, reason,
          fix: live == nil ? create.map { "\($0.create);" } : "set 'source' and 'target' to the join table's columns")
      ]
    }
    guard let live, !live.isView, !live.hasIndex(on: [relation.source]) else { return [] }
    return [
      CheckFinding(
        .missingIndex, .warning, at: location,
        "join table '\(relation.through)' has no index that begins with '\(relation.source)': every row is searched",
        fix: index([relation.source, relation.target], on: relation.through))
    ]
  }

  /// The foreign key that a reverse relation looks its rows up by; what else is wrong with it is found in its own model.
  private func findings(of relation: ReverseRelation, in model: Model, at location: SourceLocation) -> [CheckFinding] {
    let other = schema.models[relation.model]
    let column = other.fields[relation.field].column
    guard let live = try? LiveTable.read(other.table, connection), !live.isView, live.column(column) != nil,
      !live.hasIndex(on: [column])
    else { return [] }
    return [
      CheckFinding(
        .missingIndex, .warning, at: location,
        "table '\(other.table)' has no index that begins with '\(column)': it is searched for each row of '\(model.table)'",
        fix: index([column], on: other.table))
    ]
  }

  private func keys(of relation: ManyToMany, in model: Model) -> [String] {
    let source = model.primaryKey.first.map { select(relation.source, as: model.fields[$0]) }
    let target = select(relation.target, as: schema.models[relation.model].fields[relation.field])
    return [source, target].compactMap(\.self)
  }

  private func select(_ column: String, as field: Field) -> String {
    // t."c" cannot be taken for a string literal by SQLite, as a bare "c" can.
    let column = "t.\(connection.dialect.quote(column))"
    return FieldCodec(field: field, dialect: connection.dialect).selectExpression(column)
  }

  /// What the database says against a select list, nil if nothing; no row is read. Throws when it does not answer.
  private func refusal(of list: [String], from table: TableName) throws(DatabaseError) -> DatabaseError? {
    do throws(DatabaseError) {
      let table = connection.dialect.quote(table)
      _ = try connection.query("SELECT \(list.joined(separator: ", ")) FROM \(table) AS t LIMIT 0")
      return nil
    } catch {
      if error.isUnreachable { throw error }
      return error
    }
  }

  private func said(of list: [String], from table: TableName) -> String? {
    do throws(DatabaseError) {
      return try refusal(of: list, from: table).map { "the database says: \($0.message)" }
    } catch {
      return "the database says: \(error.message)"
    }
  }
}
