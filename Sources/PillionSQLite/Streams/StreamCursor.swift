import CPillionSQLite
import PillionDatabase
import PillionWire

/// One open List: its connection, its running statement, and what has not yet been handed over.
///
/// Used by one stream thread at a time; between two stretches the scheduler's lock passes it on.
final class StreamCursor {
  /// What a stretch of work ended with.
  enum Pause {
    /// The client has enough for now.
    case parked
    /// There is more, but others may want the thread.
    case yielded
    case ended(RowStream.End)
  }

  /// Chunks of one stretch, after which other streams have their turn.
  private static let stretch = 4
  /// Nanoseconds after which a chunk goes out though it is not full.
  private static let flushTime: UInt64 = 50_000_000

  let stream: RowStream
  let connection: Connection
  /// Monotonic nanoseconds after which it is ended; `.max`: never.
  let expiry: UInt64
  /// When it was parked.
  var parkedSince: UInt64 = 0
  /// Set by the scheduler under its lock: why it must end.
  var verdict: DatabaseError?

  private var statement: PreparedStatement?
  private var isStarted = false
  /// Chunks read ahead of the client, where the statement must not wait for it.
  private var spool: [RowStream.Chunk] = []
  private let isSpooled: Bool

  init(_ stream: RowStream, on connection: Connection, configuration: SQLiteConfiguration, now: UInt64) {
    self.stream = stream
    self.connection = connection
    expiry = configuration.streamLifetime == 0 ? .max : MonotonicTime.after(now, configuration.streamLifetime)
    if case .memory = configuration.location { isSpooled = true } else { isSpooled = false }
  }

  /// Steps the statement until the stream is full or at its end; `deliver` posts the stream after each chunk.
  func advance(_ rows: RowBuffer, _ writer: inout WireWriter, deliver: () -> Void) -> Pause {
    if let verdict { return .ended(.failed(verdict)) }
    if let error = overdue(at: MonotonicTime.now()) { return .ended(.failed(error)) }
    connection.watch.begin(stream)
    defer { connection.watch.end() }
    do throws(DatabaseError) {
      if !isStarted { try start() }
      for _ in 0..<Self.stretch {
        guard let chunk = try nextChunk(rows, &writer) else { return .ended(.complete) }
        let hasRoom = stream.offer(chunk)
        deliver()
        if !hasRoom { return .parked }
      }
      return .yielded
    } catch {
      return .ended(.failed(connection.explained(error)))
    }
  }

  /// Why its time is over, if so.
  func overdue(at now: UInt64) -> DatabaseError? {
    if let verdict = Watch.verdict(on: stream, now: now) { return verdict.error }
    guard now >= expiry else { return nil }
    return DatabaseError(.pillion(.timeout), "the List was open longer than a snapshot may be held")
  }

  /// Lets go of the snapshot.
  func finish() {
    statement?.reset()
    statement = nil
  }

  private func start() throws(DatabaseError) {
    isStarted = true
    let prepared = try connection.prepared(stream.statement)
    statement = prepared
    // Copies: the statement outlives this call.
    try prepared.bind(stream.parameters.entries.indices, of: stream.parameters, bytes: nil)
  }

  private func nextChunk(_ rows: RowBuffer, _ writer: inout WireWriter) throws(DatabaseError) -> RowStream.Chunk? {
    guard isSpooled else { return try readChunk(rows, &writer) }
    if statement != nil { spool = try readAll(rows, &writer).reversed() }
    return spool.popLast()
  }

  /// All chunks that are left, read at once.
  func readAll(_ rows: RowBuffer, _ writer: inout WireWriter) throws(DatabaseError) -> [RowStream.Chunk] {
    if !isStarted { try start() }
    var chunks: [RowStream.Chunk] = []
    while let chunk = try readChunk(rows, &writer) { chunks.append(chunk) }
    return chunks
  }

  private func readChunk(_ rows: RowBuffer, _ writer: inout WireWriter) throws(DatabaseError) -> RowStream.Chunk? {
    guard let statement else { return nil }
    writer.removeAll()
    var count = 0
    let started = connection.watch.now
    while writer.count < RowStream.chunkBytes {
      guard try statement.step() else {
        finish()
        break
      }
      let cells = try rows.read(statement)
      if let cutter = stream.cutter, !cutter.admits(cells, .sqlite) { continue }
      try stream.encoder.encodeFramed(cells, into: &writer)
      count += 1
      // The progress handler keeps the time.
      if connection.watch.now &- started >= Self.flushTime { break }
    }
    return count == 0 ? nil : RowStream.Chunk(bytes: Array(writer.bytes), rows: count)
  }
}
