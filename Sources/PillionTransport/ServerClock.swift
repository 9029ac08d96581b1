import Glibc
import Synchronization

/// The time that a server's calls go by, in deadlines, tokens and rates: the system's, which tests move forward.
///
/// Connections go by the system's clock alone: nobody tests a token to see them time out.
package final class ServerClock: Sendable {
  /// Nanoseconds that it is ahead of CLOCK_MONOTONIC. It stays so when a test has ended: like that clock it never goes
  /// back, and what deadlines and rates have been reckoned from it stays right.
  private let lead = Atomic<UInt64>(0)
  /// Nanoseconds that the date is ahead of CLOCK_REALTIME.
  private let wallLead = Atomic<UInt64>(0)

  package init() {}

  /// Nanoseconds; those of CLOCK_MONOTONIC, unless a test has moved it.
  package func now() -> UInt64 { time(at: LoopContext.now()) }

  /// The time at a moment of CLOCK_MONOTONIC.
  package func time(at moment: UInt64) -> UInt64 { moment &+ lead.load(ordering: .relaxed) }

  /// The moment of CLOCK_MONOTONIC at which it will be `time`; 0, which means never, stays 0.
  package func moment(of time: UInt64) -> UInt64 {
    let lead = lead.load(ordering: .relaxed)
    if lead == 0 || time == 0 { return time }
    return time > lead ? time - lead : 1
  }

  /// Since 1970 (CLOCK_REALTIME).
  package func wallTime() -> (seconds: Int64, nanoseconds: Int32) {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let lead = wallLead.load(ordering: .relaxed)
    if lead == 0 { return (Int64(time.tv_sec), Int32(truncatingIfNeeded: time.tv_nsec)) }
    let nanoseconds = UInt64(clamping: time.tv_nsec) &+ lead % 1_000_000_000
    let seconds = Int64(time.tv_sec) &+ Int64(clamping: lead / 1_000_000_000 &+ nanoseconds / 1_000_000_000)
    return (seconds, Int32(truncatingIfNeeded: nanoseconds % 1_000_000_000))
  }

  /// Unix seconds, as tokens have them.
  package func unixTime() -> Double {
    let (seconds, nanoseconds) = wallTime()
    return Double(seconds) + Double(nanoseconds) / 1e9
  }

  /// To be called through `TransportServer`, which ends what is due then.
  func advance(by nanoseconds: UInt64) {
    lead.store(Self.sum(lead.load(ordering: .relaxed), nanoseconds), ordering: .relaxed)
    wallLead.store(Self.sum(wallLead.load(ordering: .relaxed), nanoseconds), ordering: .relaxed)
  }

  /// At most 146 years, so that what is added to a time still fits.
  private static func sum(_ lead: UInt64, _ more: UInt64) -> UInt64 {
    let limit = UInt64(Int64.max) / 2
    return lead + min(more, limit - lead)
  }

  /// It is today again.
  func reset() { wallLead.store(0, ordering: .relaxed) }
}
