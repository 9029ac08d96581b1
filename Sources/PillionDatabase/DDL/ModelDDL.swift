import PillionSchema

/// The tables of one model.
struct ModelDDL {
  let schema: Schema
  let model: Model
  let dialect: Dialect

  var table: SchemaDDL.Table {
    var lines = model.fields.indices.compactMap(column)
    if model.primaryKey.count > 1 || (model.primaryKey.count == 1 && !declaresKeyInline) {
      lines.append(
        "PRIMARY KEY (\(model.primaryKey.map { dialect.quote(model.fields[$0].column) }.joined(separator: ", ")))")
    }
    var constraints: [String] = []
    for field in model.fields {
      guard case .foreignKey(let key) = field.type else { continue }
      let clause = foreignKey(column: field.column, to: key.model, field: key.field, onDelete: key.onDelete)
      if dialect == .sqlite {
        lines.append(clause)
      } else {
        constraints.append("ALTER TABLE \(dialect.quote(model.table)) ADD \(clause)")
      }
    }
    return SchemaDDL.Table(
      name: model.table, create: create(model.table, lines), constraints: constraints, comments: comments)
  }

  /// A table that holds pairs of keys, each pair once, gone with either row. Its comment is the doc of `field`.
  func joinTable(_ relation: ManyToMany, of field: Field) -> SchemaDDL.Table {
    let target = schema.models[relation.model]
    var lines: [String] = []
    if let key = model.primaryKey.first { lines.append(join(relation.source, to: model.fields[key])) }
    lines.append(join(relation.target, to: target.fields[relation.field]))
    lines.append("PRIMARY KEY (\(dialect.quote(relation.source)), \(dialect.quote(relation.target)))")
    var constraints: [String] = []
    let keys = [
      foreignKey(column: relation.source, to: model.index, field: model.primaryKey.first ?? 0, onDelete: .cascade),
      foreignKey(column: relation.target, to: target.index, field: relation.field, onDelete: .cascade),
    ]
    if dialect == .sqlite {
      lines += keys
    } else {
      constraints = keys.map { "ALTER TABLE \(dialect.quote(relation.through)) ADD \($0)" }
    }
    return SchemaDDL.Table(
      name: relation.through, create: create(relation.through, lines), constraints: constraints,
      comments: comment(on: "TABLE \(dialect.quote(relation.through))", field.doc))
  }

  /// A join column holds values as the key does.
  private func join(_ column: String, to key: Field) -> String {
    let field = Field(
      name: column, type: .scalar(key.type.scalar), isReadOnly: false, storage: key.storage, location: key.location)
    return line(field) + " NOT NULL" + checks(field)
  }

  private func create(_ table: TableName, _ lines: [String]) -> String {
    "CREATE TABLE \(dialect.quote(table)) (\n  \(lines.joined(separator: ",\n  "))\n)"
  }

  private func foreignKey(column: String, to target: Int, field: Int, onDelete: OnDelete) -> String {
    let target = schema.models[target]
    let action =
      switch onDelete {
      case .cascade: " ON DELETE CASCADE"
      case .restrict: " ON DELETE RESTRICT"
      case .setNull: " ON DELETE SET NULL"
      case .setDefault: " ON DELETE SET DEFAULT"
      case .noAction: ""
      }
    return
      "FOREIGN KEY (\(dialect.quote(column))) REFERENCES \(dialect.quote(target.table)) (\(dialect.quote(target.fields[field].column)))\(action)"
  }

  /// SQLite makes only `INTEGER PRIMARY KEY` in the column's own line an alias of the rowid.
  private var declaresKeyInline: Bool { model.primaryKey.first.map(model.isGenerated) ?? false }

  // MARK: Columns

  private func column(_ index: Int) -> String? {
    let field = model.fields[index]
    if !field.hasColumn { return nil }
    if model.isGenerated(index) { return generatedKey(field) }
    var line = line(field)
    if !field.isNullable { line += " NOT NULL" }
    if let value = ColumnDefault(field: field, dialect: dialect).sql { line += " DEFAULT \(value)" }
    if field.isUnique && model.primaryKey != [index] { line += " UNIQUE" }
    return line + checks(field)
  }

  private func line(_ field: Field) -> String { "\(dialect.quote(field.column)) \(dialect.columnType(of: field))" }

  private func checks(_ field: Field, isRowID: Bool = false) -> String {
    ColumnChecks(field: field, dialect: dialect, isRowID: isRowID).conditions.map { " CHECK (\($0))" }.joined()
  }

  /// Neither database adds a column that is NOT NULL and has no default to rows that are there.
  func addedColumn(_ index: Int) -> String {
    let field = model.fields[index]
    let line = line(field)
    if field.isNullable { return line }
    let value = ColumnDefault(field: field, dialect: dialect).constant ?? zero(of: field)
    return value.map { "\(line) NOT NULL DEFAULT \($0)" } ?? line
  }

  private func zero(of field: Field) -> String? {
    if field.type.isRepeated { return dialect == .postgresql ? "'{}'" : "'[]'" }
    guard case .scalar(let scalar) = field.type, field.choices.isEmpty, !field.isUnique else { return nil }
    switch scalar {
    case .string: return "''"
    case .bool: return dialect == .postgresql ? "false" : "0"
    case .int32, .int64, .uint32, .uint64, .float, .double, .decimal: return "0"
    case .bytes, .timestamp, .date, .time, .duration, .uuid, .json: return nil
    }
  }

  private func generatedKey(_ field: Field) -> String {
    switch (dialect, field.type.scalar) {
    case (.postgresql, .uuid): line(field) + " PRIMARY KEY DEFAULT gen_random_uuid()"
    case (.postgresql, _): line(field) + " GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY" + checks(field)
    case (.sqlite, .uuid): line(field) + sqliteUUIDKey(field)
    case (.sqlite, _):
      "\(dialect.quote(field.column)) INTEGER PRIMARY KEY AUTOINCREMENT" + checks(field, isRowID: true)
    }
  }

  /// A random UUID, version 4, in the form that the field is stored in.
  private func sqliteUUIDKey(_ field: Field) -> String {
    if field.storage == .blob { return " NOT NULL PRIMARY KEY DEFAULT (randomblob(16))" }
    let dash = field.storage == .hex ? "''" : "'-'"
    return
      " NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(4))) || \(dash) || lower(hex(randomblob(2))) || \(dash) || '4' || substr(lower(hex(randomblob(2))), 2) || \(dash) || substr('89ab', 1 + (random() & 3), 1) || substr(lower(hex(randomblob(2))), 2) || \(dash) || lower(hex(randomblob(6))))"
  }

  // MARK: Comments

  private var comments: [String] {
    let table = dialect.quote(model.table)
    return comment(on: "TABLE \(table)", model.doc)
      + model.fields.flatMap { field -> [String] in
        if !field.hasColumn { return [] }
        return comment(on: "COLUMN \(table).\(dialect.quote(field.column))", field.doc)
      }
  }

  private func comment(on what: String, _ doc: String?) -> [String] {
    guard dialect == .postgresql, let doc else { return [] }
    return ["COMMENT ON \(what) IS \(SQLText.literal(doc))"]
  }
}
