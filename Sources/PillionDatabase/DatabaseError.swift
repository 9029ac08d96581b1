/// What a database said no with.
package struct DatabaseError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  package enum Code: Sendable, Hashable {
    /// PostgreSQL's five characters.
    case sqlState(String)
    /// SQLite's extended result code.
    case sqlite(Int32)
    /// What Pillion itself found.
    case pillion(Reason)
  }

  package enum Reason: String, Sendable, Hashable {
    /// No connection could be had, or it broke before the answer came.
    case unavailable
    /// The connection broke after COMMIT was sent: nobody knows whether the write is there.
    case outcomeUnknown
    /// The operation's deadline came while it waited or ran.
    case timeout
    /// Its client left.
    case cancelled
    /// No room in the queue, or no streaming connection in time.
    case exhausted
    /// A column holds what its declared type cannot be read from.
    case unreadableValue
    /// The table has not the columns that the model says.
    case schemaDrift
    /// A defect of Pillion's own.
    case `internal`
  }

  package var code: Code
  /// The database's own words. Never sent to a client unless `errors.verbosity` is `detailed`.
  package var message: String
  /// PostgreSQL's DETAIL and HINT.
  package var detail: String?
  package var table: String?
  package var column: String?
  package var constraint: String?
  /// The statement that failed; only for `debugDescription`.
  package var sql: String?

  package init(
    _ code: Code, _ message: String, detail: String? = nil, table: String? = nil, column: String? = nil,
    constraint: String? = nil, sql: String? = nil
  ) {
    self.code = code
    self.message = message
    self.detail = detail
    self.table = table
    self.column = column
    self.constraint = constraint
    self.sql = sql
  }

  /// Code and message, without SQL and without values that the database put into DETAIL.
  package var description: String {
    switch code {
    case .sqlState(let state): "SQLSTATE \(state): \(message)"
    case .sqlite(let code): "SQLite \(code): \(message)"
    case .pillion(let reason): "\(reason.rawValue): \(message)"
    }
  }

  package var debugDescription: String {
    ([description] + [detail, table, column, constraint, sql].compactMap { $0 }).joined(separator: "; ")
  }
}
