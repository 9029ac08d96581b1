internal import PillionDatabase
internal import PillionWire

/// A connection for Lists: one statement at a time, its rows one by one.
final class StreamConnection {
  enum State {
    case idle
    /// Gives up names that its cache has no room for, or that are stale; then prepares.
    case deallocating(names: [String])
    case preparing
    /// Takes on the caller's role: what follows has been sent behind it, and all of it is one transaction.
    case assuming
    case running
    /// Waits for the end of that transaction, which is the end of the role.
    case syncing
    /// The stream has ended; what the server still sends is thrown away.
    case draining
  }

  let connection: Connection
  let slot: Int
  var statements: StatementCache
  var state = State.idle
  var stream: RowStream?
  /// Encoded rows that make no chunk yet.
  var writer = WireWriter()
  var rows = 0
  /// Whether rows have been offered: the statement cannot start again.
  var hasOffered = false
  var hasRestarted = false
  var isParked = false
  /// Stages that have been sent and whose results are still to come; the last is `syncing`. Empty without a role.
  var coming: [State] = []
  /// Whether the connection is in pipeline mode, for a stream with a role of its own.
  var isPipelined = false
  /// Whether epoll watches the socket.
  var isWatched = false
  var wantsOutput = false
  /// Whether a cancel request is under way.
  var isCancelling = false
  /// When it is old enough to be closed.
  var endOfLife = MonotonicTime.never
  /// When the state last changed, or rows were last offered.
  var since: UInt64 = 0
  var farewell: DatabaseError?
  /// A stage's error, kept until its results have ended.
  var failure: DatabaseError?

  init(_ connection: Connection, slot: Int, statementLimit: Int, counts: StatementCounts) {
    self.connection = connection
    self.slot = slot
    statements = StatementCache(limit: statementLimit, counts: counts)
  }

  var isAssuming: Bool { if case .assuming = state { true } else { false } }

  var isIdle: Bool { if case .idle = state { !isCancelling } else { false } }

  /// Takes what has been encoded.
  func takeChunk() -> RowStream.Chunk? {
    guard rows > 0 else { return nil }
    let chunk = RowStream.Chunk(bytes: [UInt8](writer.bytes), rows: rows)
    writer.removeAll()
    rows = 0
    return chunk
  }
}
