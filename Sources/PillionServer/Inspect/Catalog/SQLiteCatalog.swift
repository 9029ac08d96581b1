import PillionDatabase
import PillionSchema

/// Reads SQLite's catalogs by its table-valued pragmas (https://sqlite.org/pragma.html#pragfunc).
///
/// Names are compared as SQLite compares them, ASCII letters in either case, and kept as the tables write them.
struct SQLiteCatalog {
  let connection: any AdminConnection

  func read() throws(DatabaseError) -> Catalog {
    let path = try connection.query("SELECT file FROM pragma_database_list WHERE name = 'main'").first?.first ?? nil
    let file = path?.split(separator: "/").last ?? ""
    var catalog = Catalog(dialect: .sqlite, name: String(file.lastIndex(of: ".").map { file[..<$0] } ?? file))
    var builders: [String: Builder] = [:]
    let listed = try connection.query(
      """
      SELECT l.name, l.type, l.wr, m.sql FROM pragma_table_list AS l LEFT JOIN sqlite_schema AS m \
      ON m.name = l.name AND m.type IN ('table', 'view') \
      WHERE l.schema = 'main' AND l.type IN ('table', 'view', 'virtual') AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
      ORDER BY l.name
      """)
    for row in listed {
      guard let name = row[0], let kind = row[1] else { continue }
      builders[name.asciiLowercased] = Builder(
        table: CatalogTable(name: Self.tableName(name), schema: "main", kind: Self.kind(kind)), plainName: name,
        hasRowID: row[2] != "1", sql: row[3] ?? "")
    }
    try readColumns(&builders, &catalog)
    try readIndexes(&builders)
    try readForeignKeys(&builders)
    for key in builders.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      guard var builder = builders[key], !builder.table.columns.isEmpty else { continue }
      finishKey(&builder)
      builder.table.checks = builder.table.kind == .table ? CreateTable.checks(in: builder.sql) : []
      sample(&builder)
      catalog.tables.append(builder.table)
    }
    return catalog
  }

  /// A table on its way.
  private struct Builder {
    var table: CatalogTable
    /// The name without what `tableName` puts before it.
    var plainName: String
    var hasRowID: Bool
    /// `CREATE …`
    var sql: String
    /// Columns of the key, each with its place in it.
    var key: [(place: Int, column: String)] = []
  }

  /// Definitions part a table's name at the first dot.
  private static func tableName(_ name: String) -> TableName {
    TableName(schema: name.contains(".") ? "main" : nil, name: name)
  }

  private static func kind(_ text: String) -> CatalogTable.Kind {
    switch text {
    case "view": .view
    case "virtual": .virtual
    default: .table
    }
  }

  // MARK: Columns

  /// Of all tables in one statement; views and virtual tables one by one, for each may be broken.
  private func readColumns(_ builders: inout [String: Builder], _ catalog: inout Catalog) throws(DatabaseError) {
    let columns = "x.name, x.type, x.\"notnull\", x.dflt_value, x.pk, x.hidden"
    let rows = try connection.query(
      "SELECT m.name, \(columns) FROM sqlite_schema AS m, pragma_table_xinfo(m.name, 'main') AS x WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL %' ORDER BY m.name, x.cid"
    )
    for row in rows { add(row, to: &builders) }
    for (key, builder) in builders.sorted(by: { $0.key < $1.key }) where builder.table.kind != .table {
      let name = SQLText.literal(builder.plainName)
      do throws(DatabaseError) {
        let rows = try connection.query(
          "SELECT \(name), \(columns) FROM pragma_table_xinfo(\(name), 'main') AS x ORDER BY x.cid")
        for row in rows { add(row, to: &builders) }
      } catch {
        builders[key] = nil
        let what = builder.table.kind == .view ? "view" : "virtual table"
        catalog.notes.append("\(what) '\(builder.plainName)' is left out; the database says: \(error.message)")
      }
    }
  }

  private func add(_ row: [String?], to builders: inout [String: Builder]) {
    guard row.count == 7, let table = row[0]?.asciiLowercased, let name = row[1] else { return }
    // 1: a hidden column of a virtual table; 2 and 3: generated, virtual or stored.
    guard row[6] != "1" else { return }
    var column = CatalogColumn(
      name: name, type: DeclaredType(row[2] ?? "").type, isNullable: row[3] == "0", defaultValue: row[4])
    if row[6] == "2" || row[6] == "3" { column.generation = .computed }
    builders[table]?.table.columns.append(column)
    if let position = row[5].flatMap({ Int($0) }), position > 0 {
      builders[table]?.key.append((position, name))
    }
  }

  /// Orders the key's columns; a single INTEGER is another name of the rowid (https://sqlite.org/lang_createtable.html).
  private func finishKey(_ builder: inout Builder) {
    builder.table.primaryKey = builder.key.sorted { $0.place < $1.place }.map(\.column)
    for name in builder.table.primaryKey {
      guard let index = builder.table.columns.firstIndex(where: { $0.name == name }) else { continue }
      builder.table.columns[index].isNullable = false
      let isInteger = builder.table.columns[index].type.text.asciiLowercased == "integer"
      if builder.key.count == 1, builder.hasRowID, isInteger { builder.table.columns[index].generation = .counted }
    }
  }

  // MARK: Constraints

  private func readIndexes(_ builders: inout [String: Builder]) throws(DatabaseError) {
    let rows = try connection.query(
      """
      SELECT m.name, l.name, i.name FROM sqlite_schema AS m, pragma_index_list(m.name, 'main') AS l, \
      pragma_index_info(l.name, 'main') AS i WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL %' \
      AND l."unique" = 1 AND l.partial = 0 AND l.origin <> 'pk' ORDER BY m.name, l.seq, i.seqno
      """)
    for group in Self.groups(rows, by: 2) {
      // A column without a name is an expression.
      let columns = group.compactMap { $0[2] }
      guard columns.count == group.count, let table = group.first?[0] else { continue }
      builders[table.asciiLowercased]?.table.uniques.append(columns)
    }
  }

  private func readForeignKeys(_ builders: inout [String: Builder]) throws(DatabaseError) {
    let rows = try connection.query(
      """
      SELECT m.name, f.id, f."table", f."from", f."to", f.on_delete FROM sqlite_schema AS m, \
      pragma_foreign_key_list(m.name, 'main') AS f WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL %' \
      ORDER BY m.name, f.id DESC, f.seq
      """)
    for group in Self.groups(rows, by: 2) {
      guard let first = group.first, let table = first[0], let target = first[2]?.asciiLowercased else { continue }
      let known = builders[target]?.table
      let names = group.compactMap { $0[4] }.map { name in
        known?.columns.first { $0.name.asciiLowercased == name.asciiLowercased }?.name ?? name
      }
      builders[table.asciiLowercased]?.table.foreignKeys.append(
        CatalogForeignKey(
          columns: group.compactMap { $0[3] }, table: known?.name ?? TableName(name: first[2] ?? ""), targets: names,
          onDelete: Self.action(first[5])))
    }
  }

  private static func action(_ text: String?) -> OnDelete {
    switch text {
    case "CASCADE": .cascade
    case "RESTRICT": .restrict
    case "SET NULL": .setNull
    case "SET DEFAULT": .setDefault
    default: .noAction
    }
  }

  /// Neighbouring rows whose first values are equal.
  private static func groups(_ rows: [[String?]], by count: Int) -> [[[String?]]] {
    var groups: [[[String?]]] = []
    for row in rows {
      if let last = groups.last?.first, last.prefix(count) == row.prefix(count) {
        groups[groups.count - 1].append(row)
      } else {
        groups.append([row])
      }
    }
    return groups
  }

  // MARK: Values

  /// Looks at the first rows where the declared types leave open what is stored. What cannot be read is no sample.
  private func sample(_ builder: inout Builder) {
    let open = builder.table.columns.indices.filter { SQLiteTypes.needsSample(builder.table.columns[$0].type) }
    guard !open.isEmpty else { return }
    let quoted = open.map { "t." + Dialect.sqlite.quote(builder.table.columns[$0].name) }
    let list = quoted.map { column in
      "typeof(\(column)), CASE typeof(\(column)) WHEN 'blob' THEN hex(substr(\(column), 1, \(ColumnSample.width))) ELSE substr(\(column), 1, \(ColumnSample.width)) END"
    }
    let table = Dialect.sqlite.quote(TableName(schema: "main", name: builder.plainName))
    let rows = try? connection.query(
      "SELECT \(list.joined(separator: ", ")) FROM \(table) AS t LIMIT \(ColumnSample.rows)")
    for (place, column) in open.enumerated() {
      let values = (rows ?? []).compactMap { row -> ColumnSample.Value? in
        guard row.count > place * 2 + 1, let kind = row[place * 2].flatMap(ColumnSample.Kind.init) else { return nil }
        return ColumnSample.Value(kind, row[place * 2 + 1] ?? "")
      }
      builder.table.columns[column].sample = ColumnSample(values)
    }
  }
}

extension String {
  /// ASCII letters only, as SQL compares names.
  var asciiLowercased: String {
    String(decoding: utf8.map { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 }, as: UTF8.self)
  }
}
