/// The times of a connection: what is due is asked for a few times a second, so that nothing is armed or cancelled as
/// calls come and go. A value: it is told what happens and says what to do. Times are in nanoseconds; a limit of 0 is
/// none.
struct ConnectionClock {
  struct Limits: Sendable {
    var handshake: UInt64 = 0
    var idle: UInt64 = 0
    var keepaliveInterval: UInt64 = 0
    var keepaliveTimeout: UInt64 = 0
    var minPingInterval: UInt64 = 0
    var age: UInt64 = 0
    var ageGrace: UInt64 = 0
  }

  enum Due: Equatable {
    case nothing
    /// The client took too long to say that it speaks HTTP/2.
    case noHandshake
    /// A frame or header block has been coming for too long.
    case unfinishedFrame
    case ping
    /// The client answers no ping.
    case noAnswer
    case idle
    case age
    /// The calls of a connection that has reached its age have had their time.
    case ageGraceOver
  }

  private let limits: Limits
  private let opened: UInt64
  private var handshakeIsOver = false
  private var lastRead: UInt64
  /// Since when the client has owed the rest of a frame or header block; 0: it owes none.
  private var partialSince: UInt64 = 0
  /// 0: there were calls when it was last looked.
  private var idleSince: UInt64
  private var pinged: UInt64 = 0
  private let retirement: UInt64
  private var retired: UInt64 = 0
  private var isEnding = false

  // The client's own pings.
  private var lastPing: UInt64 = 0
  private var pingStrikes = 0
  private static let maxPingStrikes = 2

  /// - Parameter spread: from 0 up to 1; spreads the age by a tenth either way, so that connections that began together
  ///   do not end together.
  init(_ limits: Limits, now: UInt64, spread: Double) {
    self.limits = limits
    opened = now
    lastRead = now
    idleSince = now
    retirement = limits.age == 0 ? .max : now &+ limits.age / 10 * 9 &+ UInt64(Double(limits.age / 5) * spread)
  }

  // MARK: What happens

  /// Bytes have come.
  ///
  /// - Parameters:
  ///   - completedFrame: with them at least one frame, or the header block that it began, came whole.
  ///   - owesRest: they end inside another.
  mutating func didRead(now: UInt64, completedFrame: Bool, owesRest: Bool) {
    lastRead = now
    pinged = 0
    if !owesRest {
      partialSince = 0
    } else if completedFrame || partialSince == 0 {
      partialSince = now
    }
  }

  /// The client's preface and SETTINGS are there.
  mutating func handshakeDone() { handshakeIsOver = true }

  mutating func callBegan() { idleSince = 0 }

  /// The client has pinged; false when it does so too often. Two pings may come early, as in every gRPC server.
  mutating func pingReceived(now: UInt64) -> Bool {
    defer { lastPing = now }
    guard limits.minPingInterval > 0, lastPing > 0, now &- lastPing < limits.minPingInterval else { return true }
    pingStrikes += 1
    return pingStrikes <= Self.maxPingStrikes
  }

  /// Part of an answer was sent: clients ping when they receive, to measure the path.
  mutating func answerSent() {
    pingStrikes = 0
    lastPing = 0
  }

  /// The connection is on its way to its end.
  mutating func endBegan() { isEnding = true }

  // MARK: What is due

  /// - Parameter hasCalls: whether calls are open now.
  mutating func due(now: UInt64, hasCalls: Bool) -> Due {
    func isOver(_ limit: UInt64, since: UInt64) -> Bool { limit > 0 && now > since && now - since >= limit }
    if !handshakeIsOver { return isOver(limits.handshake, since: opened) ? .noHandshake : .nothing }
    if partialSince > 0, isOver(limits.handshake, since: partialSince) { return .unfinishedFrame }
    if retired > 0, isOver(limits.ageGrace, since: retired) {
      retired = 0
      return .ageGraceOver
    }
    if pinged > 0 {
      if isOver(limits.keepaliveTimeout, since: pinged) { return .noAnswer }
    } else if isOver(limits.keepaliveInterval, since: lastRead) {
      pinged = now
      return .ping
    }
    if hasCalls { idleSince = 0 } else if idleSince == 0 { idleSince = now }
    if isEnding { return .nothing }
    if now >= retirement {
      retired = now
      return .age
    }
    if idleSince > 0, isOver(limits.idle, since: idleSince) { return .idle }
    return .nothing
  }
}
