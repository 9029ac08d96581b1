import CPillionSQLite
import PillionDatabase

extension Connection {
  /// Makes the orders known that plans ask for (https://sqlite.org/c3ref/create_collation.html).
  func registerCollations() throws(DatabaseError) {
    for collation in SQLiteCollation.allCases {
      let code: Int32
      switch collation {
      case .decimal:
        code = sqlite3_create_collation_v2(
          handle, collation.rawValue, SQLITE_UTF8, nil,
          { SQLiteCollation.decimal.compare(bytes($2, $1), bytes($4, $3)) }, nil)
      case .duration:
        code = sqlite3_create_collation_v2(
          handle, collation.rawValue, SQLITE_UTF8, nil,
          { SQLiteCollation.duration.compare(bytes($2, $1), bytes($4, $3)) }, nil)
      }
      guard code == SQLITE_OK else { throw SQLiteError.last(code, on: handle) }
    }
  }
}

private func bytes(_ start: UnsafeRawPointer?, _ count: Int32) -> UnsafeRawBufferPointer {
  UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(count))
}
