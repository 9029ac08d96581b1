import PillionDatabase

/// What keeps the tests of a server apart.
public enum TestIsolation: Sendable, Hashable {
  /// Each test runs in a transaction that is undone at its end. The fastest, and all that most tests want.
  ///
  /// What calls, hooks and services do is what it always is, but one after the other: while one transaction is open, all
  /// others wait, and no two see different states. What PostgreSQL's sequences have given out stays given out.
  case rollback
  /// Each test's transactions are real, and several may be open at once; at its end all tables are emptied, and
  /// numbers begin at 1 again.
  case truncation
  /// The tests have no database: whatever asks it is UNAVAILABLE.
  case noDatabase
}
