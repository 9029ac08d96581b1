/// A connection that one caller has to itself, with transactions of the caller's own. Every method waits; one thread at
/// a time uses it.
package protocol Session: AnyObject {
  var dialect: Dialect { get }

  /// Whether it may be used again; false: the connection is broken.
  var isUsable: Bool { get }

  /// `BEGIN`, `SAVEPOINT` and the like.
  func control(_ control: SessionControl, for job: Job) throws(DatabaseError)

  /// Takes on a caller's role until the transaction that is open ends; PostgreSQL only.
  func assume(_ caller: CallSession, for job: Job) throws(DatabaseError)

  /// Ends what `assume` began, for what follows in the transaction.
  func resign(_ caller: CallSession, for job: Job) throws(DatabaseError)

  /// Checks what a COMMIT would: constraints that are deferred.
  func checkDeferred(for job: Job) throws(DatabaseError)

  /// Runs the steps of an operation, inside the transaction that is open.
  func run(_ operation: Operation) -> Operation.Outcome

  /// Runs one statement; its rows, all of them.
  func rows(_ sql: String, _ values: [SessionValue], for job: Job) throws(DatabaseError) -> [[SessionValue]]

  /// The rows of a List, all of them, as messages, each behind its five-byte prefix.
  func read(_ stream: RowStream) throws(DatabaseError) -> [RowStream.Chunk]

  /// Runs one statement without parameters; its rows are ignored.
  func execute(_ sql: String, for job: Job) throws(DatabaseError)

  /// The rows of one statement without parameters, every value as the database writes it, NULL as nil.
  func texts(_ sql: String, for job: Job) throws(DatabaseError) -> [[String?]]
}

extension Session {
  package func resign(_ caller: CallSession, for job: Job) throws(DatabaseError) {
    guard dialect == .postgresql else { return }
    let role = "SELECT pg_catalog.set_config('role', 'none', true)"
    guard let setting = caller.setting else {
      _ = try rows(role, [], for: job)
      return
    }
    _ = try rows("\(role), pg_catalog.set_config($1, '', true)", [.text(setting)], for: job)
  }
}

/// What transactions are made of. Savepoints nest: each is known by its depth.
package enum SessionControl: Sendable, Hashable {
  case begin
  case commit
  case rollback
  case savepoint(Int)
  case release(Int)
  case rollbackTo(Int)

  package var sql: String {
    switch self {
    case .begin: "BEGIN"
    case .commit: "COMMIT"
    case .rollback: "ROLLBACK"
    case .savepoint(let depth): "SAVEPOINT pillion_\(depth)"
    case .release(let depth): "RELEASE SAVEPOINT pillion_\(depth)"
    case .rollbackTo(let depth): "ROLLBACK TO SAVEPOINT pillion_\(depth)"
    }
  }
}

/// A value that is bound to a placeholder, or found in a row.
package enum SessionValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int64)
  case real(Double)
  case text(String)
  case bytes([UInt8])
}
