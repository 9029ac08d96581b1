package import PillionSchema

extension SchemaDDL {
  /// `CREATE INDEX …` without a semicolon.
  package static func createIndex(
    on table: TableName, _ columns: [String], descending: [Bool] = [], isUnique: Bool = false, dialect: Dialect
  ) -> String {
    let terms = columns.enumerated().map { position, column in
      dialect.quote(column) + (descending.indices.contains(position) && descending[position] ? " DESC" : "")
    }
    // PostgreSQL cuts names at 63 bytes.
    let name = ([table.name] + columns + [isUnique ? "key" : "idx"]).joined(separator: "_")
    let kind = isUnique ? "UNIQUE INDEX" : "INDEX"
    return
      "CREATE \(kind) \(dialect.quote(String(name.unicodeScalars.prefix(60)))) ON \(dialect.quote(table)) (\(terms.joined(separator: ", ")))"
  }
}
