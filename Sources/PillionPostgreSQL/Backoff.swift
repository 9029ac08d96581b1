internal import PillionDatabase

/// How long to wait after a failed attempt.
struct Backoff {
  /// 50 ms, doubling.
  static let first: UInt64 = 50_000_000
  /// While the server is away, so that service resumes soon after it is back.
  static let cap: UInt64 = 500_000_000
  /// While it refuses the login, which a person has to mend and which fills its log.
  static let refusedCap: UInt64 = 32_000_000_000

  private(set) var failures: UInt64 = 0

  mutating func succeed() { failures = 0 }

  /// Nanoseconds until the next attempt, up to a fifth more or less by chance.
  mutating func fail(_ error: DatabaseError) -> UInt64 {
    failures &+= 1
    let span = min(Self.first << min(failures &- 1, 16), Self.isRefusal(error) ? Self.refusedCap : Self.cap)
    return span / 5 &* 4 &+ UInt64.random(in: 0...span / 5 &* 2)
  }

  /// Whether trying again soon would only hammer: wrong login (class 28), no such database (3D).
  static func isRefusal(_ error: DatabaseError) -> Bool {
    guard case .sqlState(let state) = error.code else { return false }
    return state.hasPrefix("28") || state.hasPrefix("3D")
  }
}
