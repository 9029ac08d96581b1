import PillionDatabase
import PillionTransport

extension ServerCall {
  /// When the database must be done: at the call's deadline. Monotonic nanoseconds; 0: never.
  package var databaseDeadline: UInt64 { deadline == 0 ? 0 : clock.moment(of: deadline) }

  /// When the database must be done: at the call's deadline, or after the service's `statement_timeout` if that comes
  /// first. Monotonic nanoseconds; 0: never.
  func databaseDeadline(timeout milliseconds: Int?) -> UInt64 {
    guard let milliseconds else { return databaseDeadline }
    let own = MonotonicTime.after(MonotonicTime.now(), UInt64(milliseconds) &* 1_000_000)
    let deadline = databaseDeadline
    return deadline == 0 ? own : min(own, deadline)
  }
}
