import PillionDatabase
import PillionSchema

/// Reads PostgreSQL's catalogs in a handful of statements, whatever the number of tables (version 12 and later).
struct PostgreSQLCatalog {
  let connection: any AdminConnection

  /// Tables and views that belong to people: no system schemas, no temporary tables, nothing of an extension, and of a
  /// partitioned table only the whole.
  private static let included = """
    WITH included AS (SELECT c.oid, c.relname, c.relkind, n.nspname FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition \
    AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
    AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
    AND d.objid = c.oid AND d.deptype = 'e'))
    """

  /// Reads in one transaction: a session behind a pooler is somebody else's the next moment, and keeps no settings.
  func read() throws(DatabaseError) -> Catalog {
    _ = try connection.query("BEGIN READ ONLY")
    let catalog = try readInTransaction()
    _ = try connection.query("COMMIT")
    return catalog
  }

  private func readInTransaction() throws(DatabaseError) -> Catalog {
    // Values in DEFAULT and CHECK are written as the session has it.
    let settings = [
      ("timezone", "UTC"), ("datestyle", "ISO, YMD"), ("intervalstyle", "iso_8601"), ("bytea_output", "hex"),
    ]
    let calls = settings.map { "pg_catalog.set_config('\($0.0)', '\($0.1)', true)" }
    _ = try connection.query("SELECT \(calls.joined(separator: ", "))")
    let name = try connection.query("SELECT pg_catalog.current_database()").first?.first ?? nil
    var catalog = Catalog(dialect: .postgresql, name: name ?? "")
    let types = try PostgreSQLTypeTable(connection)
    var tables = try readTables(&catalog)
    try readColumns(&tables, types)
    try readIndexes(&tables)
    try readConstraints(&tables)
    catalog.tables = tables.values.map(\.table).filter { !$0.columns.isEmpty }.sorted { one, other in
      let (left, right) = (one.name, other.name)
      if left.schema != right.schema {
        return (left.schema ?? "").utf8.lexicographicallyPrecedes((right.schema ?? "").utf8)
      }
      return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
    return catalog
  }

  /// A table on its way; columns by their numbers.
  private struct Builder {
    var table: CatalogTable
    var columns: [String: String] = [:]
  }

  private func query(_ sql: String) throws(DatabaseError) -> [[String?]] {
    try connection.query("\(Self.included) \(sql)")
  }

  private func readTables(_ catalog: inout Catalog) throws(DatabaseError) -> [String: Builder] {
    var tables: [String: Builder] = [:]
    let rows = try query(
      """
      SELECT i.oid, i.nspname, i.relname, i.relkind, pg_catalog.pg_table_is_visible(i.oid), \
      pg_catalog.obj_description(i.oid, 'pg_class') FROM included i
      """)
    for row in rows {
      guard let oid = row[0], let schema = row[1], let name = row[2] else { continue }
      guard !schema.contains(".") else {
        catalog.notes.append("table '\(schema).\(name)' is left out: a definition cannot name a schema with a dot")
        continue
      }
      // Definitions part a name at its first dot.
      let isPlain = row[4] == "t" && !name.contains(".")
      let kind: CatalogTable.Kind =
        switch row[3] {
        case "v", "m": .view
        case "f": .virtual
        default: .table
        }
      var table = CatalogTable(name: TableName(schema: isPlain ? nil : schema, name: name), schema: schema, kind: kind)
      table.comment = row[5]
      tables[oid] = Builder(table: table)
    }
    return tables
  }

  private func readColumns(_ tables: inout [String: Builder], _ types: PostgreSQLTypeTable) throws(DatabaseError) {
    let rows = try query(
      """
      SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attndims, a.attnotnull, a.attidentity, \
      a.attgenerated, pg_catalog.pg_get_expr(d.adbin, d.adrelid), pg_catalog.col_description(a.attrelid, a.attnum), \
      pg_catalog.format_type(a.atttypid, a.atttypmod) FROM included i \
      JOIN pg_catalog.pg_attribute a ON a.attrelid = i.oid AND a.attnum > 0 AND NOT a.attisdropped \
      LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
      ORDER BY a.attrelid, a.attnum
      """)
    for row in rows {
      guard let table = row[0], let number = row[1], let name = row[2], let type = row[3] else { continue }
      let resolved = types.resolve(
        type, modifier: row[4].flatMap { Int($0) } ?? -1, dimensions: row[5].flatMap { Int($0) } ?? 0,
        text: row[11] ?? "")
      var column = CatalogColumn(
        name: name, type: resolved.type, isNullable: row[6] == "f" && !resolved.isNotNull,
        defaultValue: row[9] ?? resolved.defaultValue)
      column.comment = row[10]
      if row[8]?.isEmpty == false {
        column.generation = .computed
        column.defaultValue = nil
      } else if row[7]?.isEmpty == false {
        column.generation = .counted
      } else if let value = column.defaultValue, case .call("nextval", _)? = SQLExpression(value, .postgresql) {
        column.generation = .counted
        column.defaultValue = nil
      }
      tables[table]?.columns[number] = name
      tables[table]?.table.columns.append(column)
    }
  }

  private func readIndexes(_ tables: inout [String: Builder]) throws(DatabaseError) {
    let rows = try query(
      """
      SELECT x.indrelid, x.indisprimary, x.indnkeyatts, x.indkey FROM included i \
      JOIN pg_catalog.pg_index x ON x.indrelid = i.oid JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid \
      WHERE x.indisunique AND x.indpred IS NULL AND x.indexprs IS NULL ORDER BY x.indrelid, c.relname COLLATE "C"
      """)
    for row in rows {
      guard let table = row[0], let builder = tables[table] else { continue }
      let numbers = (row[3] ?? "").split(separator: " ").prefix(row[2].flatMap { Int($0) } ?? 0)
      let columns = numbers.compactMap { builder.columns[String($0)] }
      guard columns.count == numbers.count, !columns.isEmpty else { continue }
      if row[1] == "t" {
        tables[table]?.table.primaryKey = columns
      } else {
        tables[table]?.table.uniques.append(columns)
      }
    }
  }

  private func readConstraints(_ tables: inout [String: Builder]) throws(DatabaseError) {
    let rows = try query(
      """
      SELECT k.conrelid, k.contype, pg_catalog.array_to_string(k.conkey, ' '), k.confrelid, \
      pg_catalog.array_to_string(k.confkey, ' '), k.confdeltype, pg_catalog.pg_get_expr(k.conbin, k.conrelid) \
      FROM included i JOIN pg_catalog.pg_constraint k ON k.conrelid = i.oid \
      WHERE k.contype IN ('f', 'c') ORDER BY k.conrelid, k.conname COLLATE "C"
      """)
    for row in rows {
      guard let table = row[0], let builder = tables[table] else { continue }
      if row[1] == "c" {
        if let check = row[6] { tables[table]?.table.checks.append(check) }
        continue
      }
      guard let target = row[3].flatMap({ tables[$0] }) else { continue }
      let numbers = (row[2] ?? "").split(separator: " ")
      let others = (row[4] ?? "").split(separator: " ")
      let action: OnDelete =
        switch row[5] {
        case "c": .cascade
        case "r": .restrict
        case "n": .setNull
        case "d": .setDefault
        default: .noAction
        }
      tables[table]?.table.foreignKeys.append(
        CatalogForeignKey(
          columns: numbers.compactMap { builder.columns[String($0)] }, table: target.table.name,
          targets: others.compactMap { target.columns[String($0)] }, onDelete: action))
    }
  }
}
