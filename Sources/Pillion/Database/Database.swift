import PillionDatabase

/// The database, for hooks and services: SQL with bound values, and transactions.
///
/// Statements run on connections of their own, `database.pool.sessions` of them, and wait for one where all are in use;
/// they stop when the call ends. In a hook around a write they run inside that write's transaction. Errors of the
/// database that are thrown on become the status that [errors.md] gives them.
///
/// SQLite has one writer at a time: as long as a transaction is open, all other writes wait.
public struct Database: Sendable {
  private enum Source: Sendable {
    case pool(SessionPool, deadline: UInt64)
    case lease(SessionLease)
  }

  private let source: Source

  init(_ pool: SessionPool, deadline: UInt64) { source = .pool(pool, deadline: deadline) }

  init(_ lease: SessionLease) { source = .lease(lease) }

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
  public func transaction<Result: Sendable>(
    _ body: (_ database: Database) async throws -> Result
  ) async throws -> Result {
    try await withLease { lease in
      try await lease.transaction { try await body(Database(lease)) }
    }
  }

  private func withLease<Result: Sendable>(_ body: (SessionLease) async throws -> Result) async throws -> Result {
    switch source {
    case .lease(let lease): try await body(lease)
    case .pool(let pool, let deadline): try await pool.withSession(deadline: deadline, body)
    }
  }
}
