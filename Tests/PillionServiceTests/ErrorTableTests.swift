import PillionDatabase
import PillionService
import PillionTransport
import Testing

/// What clients are told for every code that the contract names.
@Suite struct ErrorTableTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var error: DatabaseError
    var code: StatusCode
    var reason: String
    var isRetryable = false

    var testDescription: String { "\(error)" }
  }

  private static func states(_ states: [String], _ code: StatusCode, _ reason: String, retry: Bool = false) -> [Case] {
    states.map {
      Case(error: DatabaseError(.sqlState($0), "said"), code: code, reason: reason, isRetryable: retry)
    }
  }

  private static func sqlite(
    _ codes: [Int32], _ code: StatusCode, _ reason: String, retry: Bool = false, _ message: String = "said"
  ) -> [Case] {
    codes.map {
      Case(error: DatabaseError(.sqlite($0), message), code: code, reason: reason, isRetryable: retry)
    }
  }

  private static func own(
    _ own: DatabaseError.Reason, _ code: StatusCode, _ reason: String, retry: Bool = false
  ) -> [Case] {
    [Case(error: DatabaseError(.pillion(own), "said"), code: code, reason: reason, isRetryable: retry)]
  }

  static let postgresql =
    states(["23505"], .alreadyExists, "UNIQUE_VIOLATION")
    + states(["23503", "23001"], .failedPrecondition, "FOREIGN_KEY_VIOLATION")
    + states(["23502"], .invalidArgument, "NOT_NULL")
    + states(["23514", "23P01", "23000"], .invalidArgument, "CHECK")
    + states(["22000", "22001", "22003", "22007", "22012", "22021", "22P02"], .invalidArgument, "INVALID_VALUE")
    + states(["40001", "40P01"], .aborted, "SERIALIZATION", retry: true)
    + states(["55P03"], .unavailable, "LOCKED", retry: true)
    + states(["57014", "25P03", "57P05"], .deadlineExceeded, "TIMEOUT")
    + states(["42501"], .permissionDenied, "PRIVILEGE")
    + states(["25006"], .failedPrecondition, "READ_ONLY")
    + states(
      ["08000", "08001", "08003", "08006", "08P01", "57P01", "57P02", "57P03", "28000", "28P01"], .unavailable,
      "DATABASE_UNAVAILABLE", retry: true)
    + states(["53000", "53100", "53200", "53300"], .resourceExhausted, "EXHAUSTED", retry: true)
    + states(["42P01", "42703", "42804", "42846"], .failedPrecondition, "SCHEMA_DRIFT")
    + states(["P0001"], .failedPrecondition, "RAISED")
    + states(["XX000", "XX001", "XX002"], .dataLoss, "CORRUPT")
    + states(["42601", "0A000", "25P02", "40002", "55006", "57000", "", "P0002", "99999"], .internal, "INTERNAL")

  static let sqlite =
    sqlite([2067, 1555, 2579], .alreadyExists, "UNIQUE_VIOLATION")
    + sqlite([787], .failedPrecondition, "FOREIGN_KEY_VIOLATION")
    + sqlite([1299], .invalidArgument, "NOT_NULL") + sqlite([275], .invalidArgument, "CHECK")
    + sqlite([3091, 20, 18], .invalidArgument, "INVALID_VALUE")
    + sqlite([517], .aborted, "SERIALIZATION", retry: true)
    // 261, 773, 262: extended codes of BUSY and LOCKED.
    + sqlite([5, 6, 261, 773, 262], .unavailable, "LOCKED", retry: true)
    + sqlite([9], .deadlineExceeded, "TIMEOUT") + sqlite([23, 279], .permissionDenied, "PRIVILEGE")
    // 264, 520, 1032: extended codes of READONLY.
    + sqlite([8, 264, 520, 1032], .failedPrecondition, "READ_ONLY")
    + sqlite([14, 270, 526], .unavailable, "DATABASE_UNAVAILABLE", retry: true)
    + sqlite([13, 7], .resourceExhausted, "EXHAUSTED", retry: true)
    + sqlite([17], .failedPrecondition, "SCHEMA_DRIFT")
    + sqlite([1], .failedPrecondition, "SCHEMA_DRIFT", "no such table: post")
    + sqlite([1], .failedPrecondition, "SCHEMA_DRIFT", "no such column: t.title")
    + sqlite([1], .failedPrecondition, "SCHEMA_DRIFT", "table post has no column named title")
    + sqlite([1811], .failedPrecondition, "RAISED") + sqlite([11, 267, 523, 26], .dataLoss, "CORRUPT")
    + sqlite([1], .internal, "INTERNAL", "near \"SELEC\": syntax error")
    // IOERR, MISUSE, a CONSTRAINT of another kind, and codes that do not exist.
    + sqlite([10, 266, 21, 19, 531, -1, 0, 99], .internal, "INTERNAL")

  static let pillion =
    own(.unavailable, .unavailable, "DATABASE_UNAVAILABLE", retry: true)
    + own(.outcomeUnknown, .unavailable, "OUTCOME_UNKNOWN") + own(.timeout, .deadlineExceeded, "TIMEOUT")
    + own(.cancelled, .cancelled, "CANCELLED") + own(.exhausted, .resourceExhausted, "EXHAUSTED", retry: true)
    + own(.unreadableValue, .dataLoss, "UNREADABLE_VALUE") + own(.schemaDrift, .failedPrecondition, "SCHEMA_DRIFT")
    + own(.internal, .internal, "INTERNAL")

  @Test(arguments: postgresql + sqlite + pillion)
  func rule(_ test: Case) {
    let rule = ErrorRule.rule(for: test.error)
    #expect(rule.reason == test.reason)
    #expect(rule.code == test.code)
    #expect(rule.isRetryable == test.isRetryable)
  }

  /// A reason stands in one row, and so does every code.
  @Test func rowsAreDistinct() {
    let table = ErrorRule.table
    func isDistinct<Value: Hashable>(_ values: [Value]) -> Bool { Set(values).count == values.count }
    #expect(isDistinct(table.map(\.reason)))
    #expect(isDistinct(table.flatMap(\.sqlStates)))
    #expect(isDistinct(table.flatMap(\.sqliteCodes)))
    #expect(isDistinct(table.flatMap(\.reasons)))
    #expect(table.allSatisfy { $0.code != .ok && $0.reason.allSatisfy { $0.isUppercase || $0 == "_" } })
  }
}
