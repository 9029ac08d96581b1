package import PillionSchema

/// The SQL that creates what the definitions need.
package struct SchemaDDL {
  /// One table with what must run after it exists.
  package struct Table {
    package var name: TableName
    /// `CREATE TABLE …`
    package var create: String
    /// Foreign keys to tables that come later; PostgreSQL only.
    package var constraints: [String]
    /// `COMMENT ON …`; PostgreSQL only.
    package var comments: [String]
  }

  package let dialect: Dialect
  /// Models' tables in definition order, then the join tables that are no model's.
  package let tables: [Table]

  package init(schema: Schema, dialect: Dialect) {
    self.dialect = dialect
    var tables: [Table] = []
    var known: Set<TableName> = []
    for model in schema.models where known.insert(model.table).inserted {
      tables.append(ModelDDL(schema: schema, model: model, dialect: dialect).table)
    }
    for model in schema.models {
      for field in model.fields {
        guard case .manyToMany(let relation) = field.type, known.insert(relation.through).inserted else { continue }
        tables.append(ModelDDL(schema: schema, model: model, dialect: dialect).joinTable(relation))
      }
    }
    self.tables = tables
  }

  /// Statements for the tables that `existing` lacks, in an order that works.
  package func statements(existing: Set<TableName> = []) -> [String] {
    let missing = tables.filter { !existing.contains($0.name) }
    var schemas: [String] = []
    if dialect == .postgresql {
      for name in missing.compactMap(\.name.schema) where !schemas.contains(name) { schemas.append(name) }
    }
    return schemas.map { "CREATE SCHEMA IF NOT EXISTS \(dialect.quote($0))" } + missing.map(\.create)
      + missing.flatMap(\.constraints) + missing.flatMap(\.comments)
  }

  /// `ALTER TABLE … ADD COLUMN …` for a field's column, in a form that a table with rows takes: rows that are there get
  /// the default, else the type's zero, else NULL.
  package static func addColumn(_ field: Int, of model: Model, schema: Schema, dialect: Dialect) -> String {
    let column = ModelDDL(schema: schema, model: model, dialect: dialect).addedColumn(field)
    return "ALTER TABLE \(dialect.quote(model.table)) ADD COLUMN \(column)"
  }

  /// The tables and views that a database has; a table without a schema is one on PostgreSQL's search path.
  package static func existingTables(_ connection: any AdminConnection) throws(DatabaseError) -> Set<TableName> {
    let query =
      switch connection.dialect {
      case .sqlite: "SELECT NULL, name FROM sqlite_master WHERE type IN ('table', 'view')"
      case .postgresql:
        """
        SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') UNION ALL \
        SELECT NULL, c.relname FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') \
        AND pg_catalog.pg_table_is_visible(c.oid)
        """
      }
    let rows = try connection.query(query)
    return Set(
      rows.compactMap { row in row.last.flatMap { $0 }.map { TableName(schema: row.first.flatMap { $0 }, name: $0) } })
  }
}

/// The tables of one model.
private struct ModelDDL {
  let schema: Schema
  let model: Model
  let dialect: Dialect

  var table: SchemaDDL.Table {
    let columns = model.fields.indices.compactMap(column)
    var lines = columns
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

  /// A table that holds pairs of keys, each pair once, gone with either row.
  func joinTable(_ relation: ManyToMany) -> SchemaDDL.Table {
    let target = schema.models[relation.model]
    let sourceType = model.primaryKey.first.map { model.fields[$0].type.scalar } ?? .int64
    var lines = [
      "\(dialect.quote(relation.source)) \(dialect.columnType(sourceType)) NOT NULL",
      "\(dialect.quote(relation.target)) \(dialect.columnType(relation.type)) NOT NULL",
      "PRIMARY KEY (\(dialect.quote(relation.source)), \(dialect.quote(relation.target)))",
    ]
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
      name: relation.through, create: create(relation.through, lines), constraints: constraints, comments: [])
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

  private func column(_ index: Int) -> String? {
    let field = model.fields[index]
    if !field.type.hasColumn { return nil }
    var line = "\(dialect.quote(field.column)) \(type(of: field))"
    if model.isGenerated(index) { return line + generatedKey(field) }
    if !field.isNullable { line += " NOT NULL" }
    if let value = field.defaultValue.flatMap({ literal($0, field: field) }) { line += " DEFAULT \(value)" }
    if field.isUnique && model.primaryKey != [index] { line += " UNIQUE" }
    if !field.choices.isEmpty, !field.type.isRepeated {
      let choices = field.choices.map { choice in
        switch choice {
        case .int(let value): "\(value)"
        case .text(let value): SQLText.literal(value)
        }
      }
      line += " CHECK (\(dialect.quote(field.column)) IN (\(choices.joined(separator: ", "))))"
    }
    return line
  }

  /// Neither database adds a column that is NOT NULL and has no default to rows that are there.
  func addedColumn(_ index: Int) -> String {
    let field = model.fields[index]
    let line = "\(dialect.quote(field.column)) \(type(of: field))"
    if field.isNullable { return line }
    let value = field.defaultValue.flatMap { literal($0, field: field) } ?? zero(of: field)
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

  private func type(of field: Field) -> String {
    let scalar = field.type.scalar
    switch (dialect, field.type) {
    case (.sqlite, .array): return "TEXT"
    case (.postgresql, .array): return dialect.columnType(scalar) + "[]"
    case (.postgresql, _):
      if scalar == .string, let length = field.maximumLength { return "varchar(\(length))" }
      return dialect.columnType(scalar)
    case (.sqlite, _):
      switch field.storage {
      case .integer: return "INTEGER"
      case .real: return "REAL"
      case .blob: return "BLOB"
      case .text, .hex, .django: return "TEXT"
      case nil: return dialect.columnType(scalar)
      }
    }
  }

  private func generatedKey(_ field: Field) -> String {
    switch (dialect, field.type.scalar) {
    case (.postgresql, .uuid): " PRIMARY KEY DEFAULT gen_random_uuid()"
    case (.postgresql, _): " GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
    case (.sqlite, .uuid): sqliteUUIDKey(field)
    case (.sqlite, _): " PRIMARY KEY AUTOINCREMENT"
    }
  }

  /// A random UUID, version 4, in the form that the field is stored in.
  private func sqliteUUIDKey(_ field: Field) -> String {
    if field.storage == .blob { return " NOT NULL PRIMARY KEY DEFAULT (randomblob(16))" }
    let dash = field.storage == .hex ? "''" : "'-'"
    return
      " NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(4))) || \(dash) || lower(hex(randomblob(2))) || \(dash) || '4' || substr(lower(hex(randomblob(2))), 2) || \(dash) || substr('89ab', 1 + (random() & 3), 1) || substr(lower(hex(randomblob(2))), 2) || \(dash) || lower(hex(randomblob(6))))"
  }

  /// A default as SQL; nil where Pillion alone applies it: bytes, `now`, what SQLite stores in another form, and what a
  /// database cannot hold.
  private func literal(_ value: DefaultValue, field: Field) -> String? {
    switch value {
    case .null, .now, .bytes: nil
    case .bool(let value): dialect == .postgresql ? "\(value)" : value ? "1" : "0"
    case .int(let value): "\(value)"
    case .uint(let value): dialect == .postgresql || value <= UInt64(Int64.max) ? "\(value)" : nil
    case .text(let value) where value.unicodeScalars.contains("\0"): nil
    case .double(let value): value.isFinite ? "\(value)" : dialect == .postgresql ? "'\(value)'" : nil
    case .text(let value):
      dialect == .sqlite && (field.storage != nil || field.type.scalar == .timestamp) ? nil : SQLText.literal(value)
    case .list(let items): items.isEmpty ? (dialect == .postgresql ? "'{}'" : "'[]'") : nil
    }
  }

  private var comments: [String] {
    guard dialect == .postgresql else { return [] }
    let table = model.doc.map { ["COMMENT ON TABLE \(dialect.quote(model.table)) IS \(SQLText.literal($0))"] } ?? []
    return table
      + model.fields.compactMap { field in
        if !field.type.hasColumn { return nil }
        return field.doc.map {
          "COMMENT ON COLUMN \(dialect.quote(model.table)).\(dialect.quote(field.column)) IS \(SQLText.literal($0))"
        }
      }
  }
}
