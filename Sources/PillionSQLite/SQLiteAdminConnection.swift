import CPillionSQLite
package import PillionDatabase

/// A blocking connection for commands that run and exit. For one thread.
package final class SQLiteAdminConnection: AdminConnection {
  private let connection: Connection

  package var dialect: Dialect { .sqlite }

  /// Opens the database; creates its file, unless `configuration.mustExist` or `isReadOnly` says otherwise.
  package init(configuration: SQLiteConfiguration) throws(DatabaseError) {
    let watch = Watch(status: LaneStatus(), configuration: configuration, stopsAtShutdown: false)
    connection = try Connection(
      configuration, role: configuration.isReadOnly ? .reader : .writer, watch: watch,
      mayCreate: !configuration.mustExist)
  }

  package func execute(_ statements: [String]) throws(DatabaseError) {
    try connection.run(Connection.Control.beginImmediate)
    do throws(DatabaseError) {
      for statement in statements { try connection.execute(statement) }
      try connection.run(Connection.Control.commit)
    } catch {
      if connection.isInTransaction { try connection.run(Connection.Control.rollback) }
      throw error
    }
  }

  package func query(_ sql: String) throws(DatabaseError) -> [[String?]] {
    do throws(DatabaseError) {
      return try connection.texts(sql)
    } catch {
      guard connection.mendsTrust(after: error) else { throw error }
      return try connection.texts(sql)
    }
  }
}

extension Connection {
  /// The rows of one statement, every value as text, NULL as nil.
  func texts(_ sql: String) throws(DatabaseError) -> [[String?]] {
    let statement = try PreparedStatement(sql, on: handle)
    var rows: [[String?]] = []
    while try statement.step() {
      rows.append((0..<sqlite3_data_count(statement.handle)).map { Self.text(statement, $0) })
    }
    return rows
  }

  private static func text(_ statement: PreparedStatement, _ index: Int32) -> String? {
    guard let text = sqlite3_column_text(statement.handle, index) else { return nil }
    let count = Int(sqlite3_column_bytes(statement.handle, index))
    return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
  }
}
