import Synchronization

/// A rate, and how far ahead of it a caller may be.
package struct RateLimit: Sendable {
  /// Nanoseconds of a call's share.
  let interval: UInt64
  /// Nanoseconds that a caller may be ahead.
  let tolerance: UInt64

  /// - Parameters:
  ///   - rate: calls a second, more than 0.
  ///   - burst: calls at once, 1 or more.
  package init(rate: Double, burst: Int) {
    interval = max(1, UInt64((1e9 / rate).rounded()))
    tolerance = interval.multipliedReportingOverflow(by: UInt64(max(1, burst) - 1)).partialValue
  }
}

/// What one caller has used: a token bucket as one number, the time up to which its calls have spent their shares
/// (ITU-T I.371's generic cell rate algorithm, which decides as a bucket that is filled all the time does).
final class CallerAllowance: Sendable {
  private let spentUntil = Atomic<UInt64>(0)

  /// Counts a call; nil: it may go on, else the nanoseconds after which it could.
  func take(at now: UInt64, _ limit: RateLimit) -> UInt64? {
    var spent = spentUntil.load(ordering: .relaxed)
    while true {
      let start = max(spent, now)
      if start - now > limit.tolerance { return start - now - limit.tolerance }
      let (exchanged, original) = spentUntil.compareExchange(
        expected: spent, desired: start + limit.interval, ordering: .relaxed)
      if exchanged { return nil }
      spent = original
    }
  }

  /// Whether nothing would be lost if it were forgotten.
  func isWhole(at now: UInt64) -> Bool { spentUntil.load(ordering: .relaxed) <= now }
}

/// The allowances of all callers, in parts, so that two loops seldom wait for one lock.
///
/// It holds 64 × 1,024 callers at most: beyond that those go who have not called for a while, and if there are none,
/// any. Their connections may still use what is no longer in the table.
final class RateLimitTable: Sendable {
  private static let partCount = 64
  private static let partSize = 1024

  /// How long a part that is full waits between two looks for those that may go.
  private static let sweepInterval: UInt64 = 1_000_000_000

  private struct Callers {
    var allowances: [String: CallerAllowance] = [:]
    var sweptAt: UInt64 = 0
  }

  private final class Part: Sendable {
    let callers = Mutex(Callers())
  }

  private let parts = (0..<partCount).map { _ in Part() }

  func allowance(of caller: String, now: UInt64) -> CallerAllowance {
    parts[Int(truncatingIfNeeded: UInt(bitPattern: caller.hashValue) % UInt(Self.partCount))].callers.withLock {
      callers in
      if let allowance = callers.allowances[caller] { return allowance }
      if callers.allowances.count >= Self.partSize {
        if now >= callers.sweptAt + Self.sweepInterval {
          callers.sweptAt = now
          callers.allowances = callers.allowances.filter { !$0.value.isWhole(at: now) }
        }
        if callers.allowances.count >= Self.partSize, let any = callers.allowances.first {
          callers.allowances[any.key] = nil
        }
      }
      let allowance = CallerAllowance()
      callers.allowances[caller] = allowance
      return allowance
    }
  }

  var count: Int { parts.reduce(0) { $0 + $1.callers.withLock { $0.allowances.count } } }
}
