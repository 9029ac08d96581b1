import Testing

@testable import PillionTransport

/// The times of a connection, with a clock of the test's own; in seconds.
@Suite struct ConnectionClockTests {
  private static let second: UInt64 = 1_000_000_000

  private static func clock(spread: Double = 0.5, _ adjust: (inout ConnectionClock.Limits) -> Void) -> ConnectionClock {
    var limits = ConnectionClock.Limits()
    adjust(&limits)
    return ConnectionClock(limits, now: second, spread: spread)
  }

  private static func due(_ clock: inout ConnectionClock, _ time: UInt64, hasCalls: Bool = false) -> ConnectionClock.Due
  {
    clock.due(now: time * second, hasCalls: hasCalls)
  }

  @Test func `without limits nothing is ever due`() {
    var clock = Self.clock { _ in }
    for time: UInt64 in [1, 100, 1_000_000] { #expect(Self.due(&clock, time) == .nothing) }
    clock.handshakeDone()
    for time: UInt64 in [1, 100, 1_000_000] { #expect(Self.due(&clock, time) == .nothing) }
  }

  @Test func `a handshake has its time, whatever bytes come`() {
    var clock = Self.clock { $0.handshake = 10 * Self.second }
    for time: UInt64 in 2...10 {
      clock.didRead(now: time * Self.second, completedFrame: false, owesRest: true)
      #expect(Self.due(&clock, time) == .nothing)
    }
    #expect(Self.due(&clock, 11) == .noHandshake)
  }

  @Test func `a frame that comes byte by byte has its time`() {
    var clock = Self.clock { $0.handshake = 10 * Self.second }
    clock.handshakeDone()
    clock.didRead(now: 20 * Self.second, completedFrame: true, owesRest: false)
    for time: UInt64 in 21...30 {
      clock.didRead(now: time * Self.second, completedFrame: false, owesRest: true)
      #expect(Self.due(&clock, time) == .nothing)
    }
    #expect(Self.due(&clock, 31) == .unfinishedFrame)
    clock.didRead(now: 31 * Self.second, completedFrame: true, owesRest: true)
    #expect(Self.due(&clock, 40) == .nothing, "the next has its own time")
    #expect(Self.due(&clock, 41) == .unfinishedFrame)
    clock.didRead(now: 32 * Self.second, completedFrame: true, owesRest: false)
    #expect(Self.due(&clock, 100) == .nothing)
  }

  @Test func `silence is answered with a ping, and silence after it with the end`() {
    var clock = Self.clock {
      $0.keepaliveInterval = 60 * Self.second
      $0.keepaliveTimeout = 20 * Self.second
    }
    clock.handshakeDone()
    #expect(Self.due(&clock, 60) == .nothing)
    #expect(Self.due(&clock, 61) == .ping)
    #expect(Self.due(&clock, 80) == .nothing, "one ping at a time")
    clock.didRead(now: 80 * Self.second, completedFrame: true, owesRest: false)
    #expect(Self.due(&clock, 139) == .nothing)
    #expect(Self.due(&clock, 140) == .ping)
    #expect(Self.due(&clock, 160) == .noAnswer)
  }

  @Test func `idle counts from the last call`() {
    var clock = Self.clock { $0.idle = 100 * Self.second }
    clock.handshakeDone()
    #expect(Self.due(&clock, 100) == .nothing)
    #expect(Self.due(&clock, 150, hasCalls: true) == .nothing)
    #expect(Self.due(&clock, 151) == .nothing)
    clock.callBegan()
    #expect(Self.due(&clock, 240) == .nothing, "a call came and went")
    #expect(Self.due(&clock, 339) == .nothing)
    #expect(Self.due(&clock, 340) == .idle)
    clock.endBegan()
    #expect(Self.due(&clock, 341) == .nothing)
  }

  @Test(arguments: [(0.0, 91), (0.5, 101), (0.999, 111)] as [(Double, UInt64)])
  func `age is spread by a tenth, and has a grace`(_ spread: Double, _ time: UInt64) {
    var clock = Self.clock(spread: spread) {
      $0.age = 100 * Self.second
      $0.ageGrace = 5 * Self.second
    }
    clock.handshakeDone()
    #expect(Self.due(&clock, time - 1, hasCalls: true) == .nothing)
    #expect(Self.due(&clock, time, hasCalls: true) == .age)
    clock.endBegan()
    #expect(Self.due(&clock, time + 4, hasCalls: true) == .nothing)
    #expect(Self.due(&clock, time + 5, hasCalls: true) == .ageGraceOver)
    #expect(Self.due(&clock, time + 6, hasCalls: true) == .nothing)
  }

  @Test func `two early pings are forgiven, and all that follow an answer`() {
    var clock = Self.clock { $0.minPingInterval = 10 * Self.second }
    var allowed = 0
    for time: UInt64 in [10, 20, 30, 31, 32] where clock.pingReceived(now: time * Self.second) { allowed += 1 }
    #expect(allowed == 5)
    clock.answerSent()
    for time: UInt64 in [33, 34, 35] where clock.pingReceived(now: time * Self.second) { allowed += 1 }
    #expect(allowed == 8)
    let isFourthAllowed = clock.pingReceived(now: 36 * Self.second)
    #expect(!isFourthAllowed)
  }
}
