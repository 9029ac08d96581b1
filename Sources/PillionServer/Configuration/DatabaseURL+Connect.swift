package import PillionDatabase
import PillionPostgreSQL
import PillionSQLite
import PillionService

extension DatabaseURL {
  package var dialect: Dialect {
    switch self {
    case .sqlite: .sqlite
    case .postgresql: .postgresql
    }
  }

  /// A blocking connection, for commands that run and exit. With `isReadOnly` the database refuses every write, and a
  /// missing SQLite file is not made.
  ///
  /// - Parameter hasSession: false behind a pooler of transactions, as `database.prepare: off` says.
  package func connect(isReadOnly: Bool, hasSession: Bool = true) throws(DatabaseError) -> any AdminConnection {
    switch self {
    case .sqlite(let path):
      guard var sqlite = SQLiteConfiguration(url: "sqlite:\(path)") else { throw Self.noPath(path) }
      sqlite.isReadOnly = isReadOnly
      sqlite.mustExist = isReadOnly
      return try SQLiteAdminConnection(configuration: sqlite)
    case .postgresql(let conninfo):
      var postgreSQL = PostgreSQLConfiguration(connectionString: conninfo)
      postgreSQL.hasSession = hasSession
      return try PostgreSQLAdminConnection(configuration: postgreSQL, isReadOnly: isReadOnly)
    }
  }

  static func noPath(_ path: String) -> DatabaseError {
    DatabaseError(.pillion(.unavailable), "'\(path)' is not a path")
  }
}

extension DatabaseError {
  /// Whether the database lacks a table or column, or has it in another type: SCHEMA_DRIFT of the error table.
  var isDrift: Bool { ErrorRule.rule(for: self).reason == "SCHEMA_DRIFT" }

  /// Whether there was no database to ask, rather than one that refused.
  package var isUnreachable: Bool {
    switch code {
    case .pillion(.unavailable): true
    case .sqlState(let state): ["08", "28", "3D", "57P"].contains { state.hasPrefix($0) }
    // CANTOPEN, NOTADB, IOERR, CORRUPT, AUTH, PERM
    case .sqlite(let code): [14, 26, 10, 11, 23, 3].contains(code & 0xff)
    case .pillion: false
    }
  }
}
