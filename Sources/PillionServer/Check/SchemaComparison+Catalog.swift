import PillionDatabase
import PillionSchema

/// What the catalog knows of columns that can be read.
extension SchemaComparison {
  /// Type, NULL and uniqueness of one column.
  func findings(of index: Int, in model: Model, _ live: LiveTable) -> [CheckFinding] {
    let field = model.fields[index]
    guard let column = live.column(field.column) else { return [] }
    var findings = [typeFinding(field, column)].compactMap(\.self)
    guard !live.isView else { return findings }
    if let finding = nullFinding(index, in: model, column) { findings.append(finding) }
    let isKey = model.primaryKey == [index]
    if field.isUnique, !isKey, !live.isUnique([field.column]) {
      findings.append(missingUnique([field.column], of: model, at: field.location, "'\(field.name)' is unique"))
    }
    return findings
  }

  /// Keys and orders of a table.
  func indexFindings(of model: Model, _ live: LiveTable) -> [CheckFinding] {
    guard !live.isView else { return [] }
    var findings: [CheckFinding] = []
    let key = model.primaryKey.map { model.fields[$0].column }
    if !key.isEmpty, !live.isUnique(key) {
      findings.append(missingUnique(key, of: model, at: model.location, "the model's primary key is"))
    }
    // An order by a column of another table has no index of this one.
    guard model.ordering.allSatisfy({ $0.path.relations.isEmpty }) else { return findings }
    let order = model.ordering.map { model.fields[$0.path.field] }
    guard let first = order.first, !live.isUnique([first.column]), !live.hasIndex(on: order.map(\.column)) else {
      return findings
    }
    let terms = model.ordering.map { ($0.descending ? "-" : "") + model.fields[$0.path.field].name }
    findings.append(
      CheckFinding(
        .missingIndex, .warning, at: model.location,
        "no index of '\(model.table)' has the order [\(terms.joined(separator: ", "))]: each List sorts the table",
        fix: self.index(
          model.ordering.map { model.fields[$0.path.field].column }, descending: model.ordering.map(\.descending),
          on: model.table)))
    return findings
  }

  /// `CREATE INDEX …`
  func index(
    _ columns: [String], descending: [Bool] = [], isUnique: Bool = false, on table: TableName
  ) -> String {
    SchemaDDL.createIndex(
      on: table, columns, descending: descending, isUnique: isUnique, dialect: connection.dialect) + ";"
  }

  private func missingUnique(
    _ columns: [String], of model: Model, at location: SourceLocation, _ claim: String
  ) -> CheckFinding {
    CheckFinding(
      .missingUnique, .warning, at: location,
      "\(claim), but '\(model.table)' has no unique index on (\(columns.joined(separator: ", "))): "
        + "rows may be there twice, and each lookup searches the table",
      fix: index(columns, isUnique: true, on: model.table))
  }

  private func nullFinding(_ index: Int, in model: Model, _ column: LiveTable.Column) -> CheckFinding? {
    let field = model.fields[index]
    guard column.isNullable != field.isNullable, !field.type.isRepeated, !model.primaryKey.contains(index) else {
      return nil
    }
    let dialect = connection.dialect
    let alter = "ALTER TABLE \(dialect.quote(model.table)) ALTER COLUMN \(dialect.quote(column.name))"
    if column.isNullable {
      return CheckFinding(
        .nullMismatch, .warning, at: field.location,
        "column '\(column.name)' may be NULL, '\(field.name)' may not: a row with NULL cannot be read",
        fix: dialect == .postgresql ? "null: true, or \(alter) SET NOT NULL;" : "null: true")
    }
    return CheckFinding(
      .nullMismatch, .warning, at: field.location,
      "'\(field.name)' may be null, column '\(column.name)' is NOT NULL: writing null fails",
      fix: dialect == .postgresql ? "leave 'null' out, or \(alter) DROP NOT NULL;" : "leave 'null' out")
  }

  private func typeFinding(_ field: Field, _ column: LiveTable.Column) -> CheckFinding? {
    switch connection.dialect {
    case .sqlite: sqliteTypeFinding(field, column)
    case .postgresql: postgreSQLTypeFinding(field, column)
    }
  }

  /// SQLite's columns take every value; only the declared type says what will be there (datatype3.html, section 3).
  private func sqliteTypeFinding(_ field: Field, _ column: LiveTable.Column) -> CheckFinding? {
    let declared = column.type.uppercased()
    let fix = "change the field's 'type', or the column's"
    if declared == "BLOB", ![.bytes, .uuid, .json].contains(field.type.scalar), !field.type.isRepeated {
      return CheckFinding(
        .typeMismatch, at: field.location,
        "column '\(field.column)' is declared BLOB, and no \(field.type.scalar.rawValue) can be read from a blob",
        fix: fix)
    }
    let isText = !declared.contains("INT") && ["CHAR", "CLOB", "TEXT"].contains { declared.contains($0) }
    let numbers: [ScalarType] = [.int32, .int64, .uint32, .uint64, .float, .double]
    guard isText, numbers.contains(field.type.scalar), !field.type.isRepeated else { return nil }
    return CheckFinding(
      .typeMismatch, at: field.location,
      "column '\(field.column)' is declared \(column.type), so SQLite makes text of every number in it", fix: fix)
  }

  /// What can be cast may still fail for a row, or lose something.
  private func postgreSQLTypeFinding(_ field: Field, _ column: LiveTable.Column) -> CheckFinding? {
    guard let expected = Self.postgreSQLTypes(field.type.scalar) else { return nil }
    var type = column.type
    if field.type.isRepeated, type.hasSuffix("[]") { type = String(type.dropLast(2)) }
    if let bracket = type.firstIndex(of: "(") {
      // timestamp(3) with time zone
      let end = type.firstIndex(of: ")").map { type.index(after: $0) } ?? type.endIndex
      type = String(type[..<bracket] + type[end...])
    }
    guard !type.isEmpty, !expected.contains(type) else { return nil }
    return CheckFinding(
      .typeMismatch, .warning, at: field.location,
      "column '\(column.name)' is \(column.type), which holds values that are no \(field.type.scalar.rawValue)",
      fix: "change the field's 'type', or the column's")
  }

  /// Types all of whose values the scalar can hold; nil: every type.
  private static func postgreSQLTypes(_ scalar: ScalarType) -> [String]? {
    switch scalar {
    case .string: nil
    case .bool: ["boolean"]
    case .int32: ["smallint", "integer"]
    case .int64, .uint32: ["smallint", "integer", "bigint", "oid"]
    case .uint64: ["smallint", "integer", "bigint", "oid", "numeric"]
    case .float: ["real", "smallint"]
    case .double: ["real", "double precision", "smallint", "integer"]
    case .bytes: ["bytea"]
    case .timestamp: ["timestamp with time zone", "timestamp without time zone", "date"]
    case .date: ["date"]
    case .time: ["time without time zone"]
    case .duration: ["interval"]
    case .decimal: ["numeric", "smallint", "integer", "bigint", "money"]
    case .uuid: ["uuid"]
    case .json: ["json", "jsonb"]
    }
  }
}
