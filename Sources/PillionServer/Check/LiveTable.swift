import PillionDatabase
import PillionSchema

/// What a database's catalog says of one table or view.
struct LiveTable {
  struct Column {
    var name: String
    /// As PostgreSQL writes it: `character varying(100)`, nothing for a domain and an array of one; SQLite: as declared, which may be nothing.
    var type: String
    var isNullable: Bool
  }

  var columns: [Column]
  /// Columns of each unique index or key, whole tables only.
  var uniques: [[String]] = []
  /// Columns of each index, in its order; unique ones and keys too.
  var indexes: [[String]] = []
  /// A view has no constraints and no indexes of its own.
  var isView = false

  private let dialect: Dialect

  /// Nil: the catalog knows no such table.
  static func read(_ table: TableName, _ connection: any AdminConnection) throws(DatabaseError) -> LiveTable? {
    switch connection.dialect {
    case .sqlite: try readSQLite(table, connection)
    case .postgresql: try readPostgreSQL(table, connection)
    }
  }

  /// The column called so; SQLite does not look at case.
  func column(_ name: String) -> Column? { columns.first { isSame($0.name, name) } }

  /// Whether exactly these columns, in any order, are unique together.
  func isUnique(_ names: [String]) -> Bool {
    uniques.contains { unique in
      unique.count == names.count && names.allSatisfy { name in unique.contains { isSame($0, name) } }
    }
  }

  /// Whether an index begins with these columns.
  func hasIndex(on names: [String]) -> Bool {
    indexes.contains { $0.count >= names.count && zip($0, names).allSatisfy(isSame) }
  }

  private func isSame(_ one: String, _ other: String) -> Bool {
    dialect == .sqlite ? one.lowercased() == other.lowercased() : one == other
  }

  private mutating func addIndexes(_ rows: [[String?]]) {
    var order: [String] = []
    var found: [String: (isUnique: Bool, columns: [String?])] = [:]
    for row in rows where row.count == 3 {
      let id = row[0] ?? ""
      if found[id] == nil { order.append(id) }
      found[id, default: (row[1] == "1" || row[1] == "t", [])].columns.append(row[2])
    }
    for index in order.compactMap({ found[$0] }) {
      // An expression has no name: what stands before it can still be searched.
      indexes.append(index.columns.prefix { $0 != nil }.compactMap(\.self))
      if index.isUnique, index.columns.allSatisfy({ $0 != nil }) {
        uniques.append(index.columns.compactMap(\.self))
      }
    }
  }

  // MARK: - SQLite

  private static func readSQLite(
    _ table: TableName, _ connection: any AdminConnection
  ) throws(DatabaseError) -> LiveTable? {
    let arguments = ([table.name] + [table.schema].compactMap(\.self)).map(SQLText.literal).joined(separator: ", ")
    let schema = table.schema.map { ", \(SQLText.literal($0))" } ?? ""
    let rows = try connection.query("SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(\(arguments))")
    guard !rows.isEmpty else { return nil }
    let keys = rows.filter { $0.count == 4 && $0[3] != "0" }
    // The one column that makes a rowid a key is never NULL, whatever is declared.
    let rowid = keys.count == 1 && keys[0][1]?.uppercased() == "INTEGER" ? keys[0][0] : nil
    var live = LiveTable(
      columns: rows.filter { $0.count == 4 }.map { row in
        Column(name: row[0] ?? "", type: row[1] ?? "", isNullable: row[2] == "0" && row[0] != rowid)
      }, dialect: .sqlite)
    if let rowid {
      live.uniques.append([rowid])
      live.indexes.append([rowid])
    }
    live.addIndexes(
      try connection.query(
        "SELECT l.seq, l.\"unique\", i.name FROM pragma_index_list(\(arguments)) AS l, "
          + "pragma_index_info(l.name\(schema)) AS i WHERE l.partial = 0 ORDER BY l.seq, i.seqno"))
    let master = table.schema.map { "\(connection.dialect.quote($0))." } ?? ""
    let kind = try connection.query(
      "SELECT type FROM \(master)sqlite_schema WHERE type = 'view' AND lower(name) = lower(\(SQLText.literal(table.name)))"
    )
    live.isView = !kind.isEmpty
    return live
  }

  // MARK: - PostgreSQL

  private static func readPostgreSQL(
    _ table: TableName, _ connection: any AdminConnection
  ) throws(DatabaseError) -> LiveTable? {
    let oid = "to_regclass(\(SQLText.literal(connection.dialect.quote(table))))"
    let rows = try connection.query(
      "SELECT a.attname, CASE WHEN 'd' IN (t.typtype, e.typtype) THEN '' ELSE format_type(a.atttypid, a.atttypmod) END, "
        + "NOT a.attnotnull AND NOT EXISTS (WITH RECURSIVE d AS (SELECT t.typnotnull, t.typbasetype UNION ALL "
        + "SELECT b.typnotnull, b.typbasetype FROM d JOIN pg_type b ON b.oid = d.typbasetype) "
        + "SELECT FROM d WHERE d.typnotnull), c.relkind FROM pg_attribute a "
        + "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid "
        + "LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' "
        + "WHERE a.attrelid = \(oid) AND NOT a.attisdropped ORDER BY a.attnum")
    guard !rows.isEmpty else { return nil }
    // With system columns, which a field may show too.
    var live = LiveTable(
      columns: rows.filter { $0.count == 4 }.map { row in
        Column(name: row[0] ?? "", type: row[1] ?? "", isNullable: row[2] == "t")
      }, isView: rows.contains { $0.last == "v" || $0.last == "m" || $0.last == "f" }, dialect: .postgresql)
    live.addIndexes(
      try connection.query(
        "SELECT i.indexrelid, i.indisunique, a.attname FROM pg_index i "
          + "CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k(attnum, position) "
          + "LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum "
          + "WHERE i.indrelid = \(oid) AND i.indisvalid AND i.indpred IS NULL AND k.position <= i.indnkeyatts "
          + "ORDER BY i.indexrelid, k.position"))
    return live
  }
}
