import CPillionHTTP2

/// What a peer may do besides calls that it lets finish, counted for each connection.
///
/// Two purses, filled by time and by honest work, so that a busy client is never short and one that only makes the
/// server work soon is:
///
/// - `lostCalls`: streams that end before the whole answer was sent: reset by the client (rapid reset, CVE-2023-44487),
///   reset by the server for what the client did to them (CVE-2025-8671), malformed, or refused. A call whose answer
///   went out whole puts one in.
/// - `controlFrames`: frames that carry no call and no message: SETTINGS, PING, PRIORITY, WINDOW_UPDATE, RST_STREAM,
///   empty DATA (CVE-2019-9512 to 9518). A call puts ten in, a DATA frame of ours four, for the windows
///   that it uses up.
///
/// CONTINUATION frames (CVE-2024-27316) have a number for each header block.
struct PeerAllowance {
  /// The default figures: `docs/transport.md` gives the reasons.
  struct Limits: Sendable {
    /// Calls that a client may lose at once.
    var lostCalls = 200
    /// The most that finished calls save up for.
    var savedLostCalls = 1000
    /// Lost calls a second.
    var lostCallRate: UInt64 = 50
    var controlFrames = 1000
    /// Control frames a second.
    var controlFrameRate: UInt64 = 100
    /// CONTINUATION frames of one header block; the list of 16 KiB fits a single frame.
    var continuations = 8
  }

  /// What may be spent: a token bucket that looks at the clock only when it is empty.
  private struct Purse {
    private var tokens: Int
    /// What time fills up to, and what work does.
    private let base: Int
    private let capacity: Int
    private let nanosecondsPerToken: UInt64
    private var filled: UInt64

    init(_ base: Int, capacity: Int, rate: UInt64, now: UInt64) {
      tokens = base
      self.base = base
      self.capacity = max(base, capacity)
      nanosecondsPerToken = 1_000_000_000 / max(1, rate)
      filled = now
    }

    mutating func earn(_ count: Int) {
      if tokens < capacity { tokens = min(capacity, tokens + count) }
    }

    /// Takes one; false when there is none.
    mutating func spend(now: UInt64) -> Bool {
      if tokens == 0 {
        let passed = now > filled ? now - filled : 0
        tokens = min(base, Int(clamping: passed / max(1, nanosecondsPerToken)))
        guard tokens > 0 else { return false }
        filled = now
      }
      tokens -= 1
      return true
    }
  }

  private var lostCalls: Purse
  private var controlFrames: Purse
  private let maxContinuations: Int
  private var continuations = 0

  init(_ limits: Limits, now: UInt64) {
    lostCalls = Purse(limits.lostCalls, capacity: limits.savedLostCalls, rate: limits.lostCallRate, now: now)
    controlFrames = Purse(
      limits.controlFrames, capacity: limits.controlFrames, rate: limits.controlFrameRate, now: now)
    maxContinuations = limits.continuations
  }

  /// A frame begins; false when it is one too many.
  mutating func frameBegan(_ frame: nghttp2_frame_hd, now: UInt64) -> Bool {
    switch UInt32(frame.type) {
    case NGHTTP2_HEADERS.rawValue:
      continuations = 0
      controlFrames.earn(10)
      return true
    case NGHTTP2_CONTINUATION.rawValue:
      continuations += 1
      return continuations <= maxContinuations
    case NGHTTP2_DATA.rawValue:
      let isEmpty = frame.length == 0 && frame.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) == 0
      // Padding may be all that a frame holds.
      let isPadded = frame.flags & UInt8(NGHTTP2_FLAG_PADDED.rawValue) != 0
      return !(isEmpty || isPadded) || controlFrames.spend(now: now)
    default:
      return controlFrames.spend(now: now)
    }
  }

  /// A DATA frame of ours went out, not cut to a few bytes by the client's window.
  mutating func dataSent() { controlFrames.earn(4) }

  /// A stream has ended with its whole answer.
  mutating func callAnswered() { lostCalls.earn(1) }

  /// A stream has ended without; false when it is one too many.
  mutating func callLost(now: UInt64) -> Bool { lostCalls.spend(now: now) }
}
