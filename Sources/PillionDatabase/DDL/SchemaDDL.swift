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
        tables.append(ModelDDL(schema: schema, model: model, dialect: dialect).joinTable(relation, of: field))
      }
    }
    self.tables = tables
  }

  /// The tables that `existing` lacks.
  package func missing(in existing: Set<TableName>) -> [Table] {
    let known = Set(existing.map { Self.key($0, dialect) })
    return tables.filter { !known.contains(Self.key($0.name, dialect)) }
  }

  /// Names of one table are the same: SQLite does not look at the case of ASCII letters, and its own schema is `main`.
  private static func key(_ name: TableName, _ dialect: Dialect) -> TableName {
    guard dialect == .sqlite else { return name }
    func folded(_ text: String) -> String {
      String(decoding: text.utf8.map { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
    let schema = name.schema.map(folded)
    return TableName(schema: schema == "main" ? nil : schema, name: folded(name.name))
  }

  /// Statements for the tables that `existing` lacks, in an order that works.
  package func statements(existing: Set<TableName> = []) -> [String] {
    let missing = missing(in: existing)
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
