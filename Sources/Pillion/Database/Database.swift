import PillionDatabase
import PillionService
import PillionTransport

/// The database, for hooks and services: queries over the models, SQL with bound values, and transactions.
///
/// SQL runs on connections of its own, `database.pool.sessions` of them, and waits for one where all are in use; what is
/// asked of a model goes through the lanes, as the calls of clients do. In a transaction, and in a hook around a write,
/// all of it runs inside of it. Statements stop when the call ends. Errors of the database that are thrown on become the
/// status that [errors.md] gives them.
///
/// SQLite has one writer at a time: as long as a transaction is open, all other writes wait.
public struct Database: Sendable {
  private let access: DatabaseAccess
  let clock: ServerClock
  private let deadline: UInt64
  /// Nil outside of a transaction.
  private let lease: SessionLease?

  init(_ access: DatabaseAccess, clock: ServerClock, deadline: UInt64) {
    self.init(access, clock: clock, deadline: deadline, lease: nil)
  }

  private init(_ access: DatabaseAccess, clock: ServerClock, deadline: UInt64, lease: SessionLease?) {
    self.access = access
    self.clock = clock
    self.deadline = deadline
    self.lease = lease
  }

  /// The same, inside the transaction that is open on a session.
  func inside(_ lease: SessionLease) -> Database { Database(access, clock: clock, deadline: deadline, lease: lease) }

  /// Runs one statement; its rows, all of them, each a value for each column.
  ///
  ///     let posts = try await context.database.query("SELECT id FROM blog_post WHERE author_id = $1", 7)
  ///
  /// - Parameters:
  ///   - sql: placeholders are `$1`, `$2` and so on, on SQLite too. Text of a client's must never become a part of it.
  ///   - values: of the placeholders, in their order.
  @discardableResult
  public func query(_ sql: String, _ values: SQLValue...) async throws -> [[SQLValue]] {
    try await query(sql, values: values)
  }

  /// The same, for values that are already a list.
  @discardableResult
  public func query(_ sql: String, values: [SQLValue]) async throws -> [[SQLValue]] {
    try await withLease { lease in
      try await lease.rows(sql, values.map(\.sessionValue)).map { $0.map { SQLValue($0) } }
    }
  }

  /// Runs `body` in a transaction, or, inside one, behind a savepoint: kept when it returns, undone when it throws.
  @discardableResult
  public func transaction<Result: Sendable>(
    _ body: (_ database: Database) async throws -> Result
  ) async throws -> Result {
    try await withLease { lease in
      try await lease.transaction { try await body(inside(lease)) }
    }
  }

  private func withLease<Result: Sendable>(_ body: (SessionLease) async throws -> Result) async throws -> Result {
    if let lease { return try await body(lease) }
    return try await access.sessions.withSession(deadline: deadline, body)
  }
}

// MARK: Models

extension Database {
  var records: Records { access.records }

  func run(_ bound: BoundOperation) async throws -> Operation.Outcome {
    guard let lease else { return await access.records.driver.run(bound, deadline: deadline) }
    return try await lease.run(Operation(bound, mailbox: NoMailbox(), deadline: lease.deadline))
  }

  /// What a write answers; one that fails leaves nothing behind.
  func write(_ bound: BoundOperation, of view: RecordView) async throws -> [UInt8] {
    guard let lease else { return try view.message(of: await run(bound)) }
    return try await lease.transaction { try view.message(of: await run(bound)) }
  }

  func cursor(_ query: ListQuery, of rows: RecordRows) throws -> RowCursor {
    guard let lease else {
      return RowCursor(access.records.driver.rows(try rows.list(query), deadline: deadline))
    }
    return RowCursor(query, of: rows, on: lease)
  }
}
