internal import CPillionPostgreSQL
internal import Glibc
package import PillionDatabase

/// A blocking connection for commands that run and exit. One thread at a time may use it.
package final class PostgreSQLAdminConnection: AdminConnection {
  private let connection: Connection
  /// Statements run in a read-only transaction each.
  private let wrapsReads: Bool

  /// Throws when the server cannot be reached or refuses the login. With `isReadOnly` the server refuses every write.
  package init(configuration: PostgreSQLConfiguration, isReadOnly: Bool = false) throws(DatabaseError) {
    connection = try Opening(configuration).open(.admin)
    // Behind a pooler a setting would stay with whoever has the session next.
    wrapsReads = isReadOnly && !configuration.hasSession
    if isReadOnly, !wrapsReads { _ = try run("SET default_transaction_read_only = on") }
  }

  package var dialect: Dialect { .postgresql }

  package func execute(_ statements: [String]) throws(DatabaseError) {
    _ = try run("BEGIN")
    do {
      for statement in statements { _ = try run(statement) }
      _ = try run("COMMIT")
    } catch {
      _ = try? run("ROLLBACK")
      throw error
    }
  }

  package func query(_ sql: String) throws(DatabaseError) -> [[String?]] {
    guard wrapsReads else { return try run(sql) }
    _ = try run("BEGIN READ ONLY")
    do {
      let rows = try run(sql)
      _ = try run("COMMIT")
      return rows
    } catch {
      _ = try? run("ROLLBACK")
      throw error
    }
  }

  /// Runs one statement and waits for its end, however long that takes.
  private func run(_ sql: String) throws(DatabaseError) -> [[String?]] {
    guard connection.send(sql) else { throw broken }
    while true {
      let state = connection.flush()
      if state == .done { break }
      guard state == .pending, wait(POLLIN | POLLOUT) else { throw broken }
    }
    var rows: [[String?]] = []
    var failure: DatabaseError?
    while true {
      while connection.isBusy {
        guard wait(POLLIN) else { throw broken }
      }
      guard let result = connection.nextResult() else { break }
      if result.status == PGRES_FATAL_ERROR {
        failure = failure ?? result.error(sql: sql)
      } else if result.status == PGRES_TUPLES_OK {
        for row in 0..<result.rows {
          rows.append((0..<result.columns).map { result.text(row: row, column: $0) })
        }
      }
    }
    if let failure { throw failure }
    return rows
  }

  private var broken: DatabaseError { DatabaseError(.pillion(.unavailable), connection.failure) }

  private func wait(_ events: Int32) -> Bool {
    var descriptor = pollfd(fd: connection.socket, events: Int16(events), revents: 0)
    while poll(&descriptor, 1, -1) < 0 {
      guard errno == EINTR else { return false }
    }
    return connection.consumeInput()
  }
}
