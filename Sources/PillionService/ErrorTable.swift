package import PillionDatabase
package import PillionTransport

/// A row of the error table: what a database says, and what a client is told.
package struct ErrorRule: Sendable {
  /// `reason` of `google.rpc.ErrorInfo`.
  package var reason: String
  package var code: StatusCode
  /// Whether `google.rpc.RetryInfo` invites another try.
  package var isRetryable = false
  /// What a client reads; empty: nothing but the request id.
  package var message: String
  /// SQLSTATEs, or their first characters.
  package var sqlStates: [String] = []
  /// SQLite result codes: extended ones, or primary ones for all their kind.
  package var sqliteCodes: [Int32] = []
  /// What SQLite's message says, where the code alone says nothing.
  package var sqliteMessages: [String] = []
  package var reasons: [DatabaseError.Reason] = []

  /// The whole table; the first row that fits is the answer. `docs/errors.md` prints it.
  ///
  /// Codes: PostgreSQL's manual, appendix A; SQLite's `rescode.html`.
  package static let table: [ErrorRule] = [
    ErrorRule(
      reason: "UNIQUE_VIOLATION", code: .alreadyExists, message: "A row with this key or unique value exists already.",
      sqlStates: ["23505"], sqliteCodes: [2067, 1555, 2579]),
    ErrorRule(
      reason: "FOREIGN_KEY_VIOLATION", code: .failedPrecondition,
      message: "A row that this one refers to is missing, or other rows still refer to this one.",
      sqlStates: ["23503", "23001"], sqliteCodes: [787]),
    ErrorRule(
      reason: "NOT_NULL", code: .invalidArgument, message: "A value that is required is missing.",
      sqlStates: ["23502"], sqliteCodes: [1299]),
    ErrorRule(
      reason: "CHECK", code: .invalidArgument, message: "A value breaks a rule of the database.",
      sqlStates: ["23514", "23P01", "23000"], sqliteCodes: [275]),
    ErrorRule(
      reason: "INVALID_VALUE", code: .invalidArgument, message: "The database cannot hold a value of the request.",
      sqlStates: ["22"], sqliteCodes: [3091, 20, 18]),
    ErrorRule(
      reason: "SERIALIZATION", code: .aborted, isRetryable: true,
      message: "The call met another one that changed the same rows; try again.",
      sqlStates: ["40001", "40P01"], sqliteCodes: [517]),
    ErrorRule(
      reason: "LOCKED", code: .unavailable, isRetryable: true, message: "The rows are locked; try again.",
      sqlStates: ["55P03"], sqliteCodes: [5, 6]),
    ErrorRule(
      reason: "TIMEOUT", code: .deadlineExceeded, message: "The database did not answer in time.",
      sqlStates: ["57014", "25P03", "57P05"], sqliteCodes: [9], reasons: [.timeout]),
    ErrorRule(reason: "CANCELLED", code: .cancelled, message: "The client left.", reasons: [.cancelled]),
    ErrorRule(
      reason: "PRIVILEGE", code: .permissionDenied, message: "The database does not permit this.",
      sqlStates: ["42501"], sqliteCodes: [23]),
    ErrorRule(
      reason: "READ_ONLY", code: .failedPrecondition, message: "The database is read-only.",
      sqlStates: ["25006"], sqliteCodes: [8]),
    ErrorRule(
      reason: "OUTCOME_UNKNOWN", code: .unavailable,
      message: "The connection to the database broke before it confirmed the write: it may or may not have been made.",
      reasons: [.outcomeUnknown]),
    ErrorRule(
      reason: "DATABASE_UNAVAILABLE", code: .unavailable, isRetryable: true,
      message: "The database cannot be reached; try again.",
      sqlStates: ["08", "57P", "28"], sqliteCodes: [14], reasons: [.unavailable]),
    ErrorRule(
      reason: "EXHAUSTED", code: .resourceExhausted, isRetryable: true,
      message: "The database or its queue is full; try again later.",
      sqlStates: ["53"], sqliteCodes: [13, 7], reasons: [.exhausted]),
    ErrorRule(
      reason: "SCHEMA_DRIFT", code: .failedPrecondition,
      message: "The database's tables are not those that this service was made for.",
      sqlStates: ["42P01", "42703", "42804", "42883", "42846", "42809"], sqliteCodes: [17],
      sqliteMessages: ["no such", "has no column"], reasons: [.schemaDrift]),
    // Their own words are meant for whoever wrote: `message` is replaced by the database's.
    ErrorRule(
      reason: "RAISED", code: .failedPrecondition, message: "A trigger refused this.",
      sqlStates: ["P0001"], sqliteCodes: [1811]),
    ErrorRule(
      reason: "UNREADABLE_VALUE", code: .dataLoss, message: "A stored value does not fit the model.",
      reasons: [.unreadableValue]),
    ErrorRule(reason: "CORRUPT", code: .dataLoss, message: "", sqlStates: ["XX"], sqliteCodes: [11, 26]),
  ]

  package static let `internal` = ErrorRule(reason: "INTERNAL", code: .internal, message: "")

  /// The row for an error.
  package static func rule(for error: DatabaseError) -> ErrorRule {
    switch error.code {
    case .pillion(let reason): table.first { $0.reasons.contains(reason) } ?? .internal
    case .sqlState(let state): table.first { $0.sqlStates.contains { state.hasPrefix($0) } } ?? .internal
    case .sqlite(let code):
      table.first { $0.sqliteCodes.contains(code) }
        ?? table.first { $0.sqliteCodes.contains(code & 0xff) }
        ?? (code & 0xff == 1
          ? table.first { $0.sqliteMessages.contains { error.message.contains($0) } } : nil) ?? .internal
    }
  }
}
