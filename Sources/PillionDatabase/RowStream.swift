/// The rows of one List on their way from a lane to an event loop, at most two chunks at a time.
///
/// The lane calls `offer` and `end`; the event loop calls `take`. A full stream parks its lane's statement until the
/// loop takes something and tells the driver to `resume`.
///
/// `@unchecked Sendable`: as `Job`; what lane and loop both touch, the chunks between them, is behind a lock.
open class RowStream: Job, @unchecked Sendable {
  package struct Chunk: Sendable {
    /// Whole response messages, each with its five-byte gRPC prefix.
    package var bytes: [UInt8]
    package var rows: Int

    package init(bytes: [UInt8], rows: Int) {
      self.bytes = bytes
      self.rows = rows
    }
  }

  package enum End: Sendable {
    case complete
    case failed(DatabaseError)
  }

  /// What the event loop gets.
  package struct Delivery: Sendable {
    package var chunks: [Chunk]
    /// Set once, with or after the last chunk.
    package var end: End?
    /// Whether the lane waits for `Driver.resume`.
    package var needsResume: Bool
  }

  /// A chunk is closed when it has this many bytes or more; one row may be larger.
  package static let chunkBytes = 64 << 10
  /// Chunks that may wait for the event loop.
  package static let window = 2

  package let statement: Statement
  package let parameters: Parameters
  package let encoder: RowEncoder
  /// Ends a page; nil when all rows are wanted.
  package let cutter: PageCutter?

  /// Place of the lane that works on it among its driver's; set by the lane before the first news.
  package final var lane = 0

  private struct State {
    var chunks: [Chunk] = []
    var end: End?
    var isParked = false
    var hasOffered = false
  }
  private let state = Locked(State())

  package init(
    statement: Statement, parameters: Parameters, encoder: RowEncoder, cutter: PageCutter? = nil,
    mailbox: any Mailbox, deadline: UInt64 = 0, session: CallSession? = nil
  ) {
    self.statement = statement
    self.parameters = parameters
    self.encoder = encoder
    self.cutter = cutter
    super.init(mailbox: mailbox, deadline: deadline, session: session)
  }

  /// Lane: hands over a chunk; false when the lane must park until `resume`. The lane then posts the stream to its
  /// mailbox.
  package final func offer(_ chunk: Chunk) -> Bool {
    state.withLock { state in
      state.chunks.append(chunk)
      state.hasOffered = true
      state.isParked = state.chunks.count >= Self.window
      return !state.isParked
    }
  }

  /// Lane: nothing follows. The lane then posts the stream to its mailbox, for the last time.
  package final func end(_ end: End) {
    state.withLock { $0.end = end }
  }

  /// As long as nobody has seen a row of it.
  override package final func turnsToFallback() -> Bool {
    guard let fallback, !isCancelled else { return false }
    let turns = state.withLock { state in
      guard case .failed(let error)? = state.end, error.mayBeTheCopys, !state.hasOffered else { return false }
      state.end = nil
      return true
    }
    guard turns else { return false }
    self.fallback = nil
    fallback.open(self)
    return true
  }

  /// Event loop: everything that waits.
  package final func take() -> Delivery {
    state.withLock { state in
      let delivery = Delivery(chunks: state.chunks, end: state.end, needsResume: state.isParked && state.end == nil)
      state.chunks = []
      state.isParked = false
      return delivery
    }
  }
}
