internal import CPillionPostgreSQL
internal import PillionDatabase
internal import PillionWire

extension StreamLaneCore {
  // MARK: Sending

  mutating func start(_ waiting: Waiting, on connection: StreamConnection, at now: UInt64) {
    connection.stream = waiting.stream
    waiting.stream.lane = index
    accept(waiting)
    connection.writer.removeAll()
    connection.rows = 0
    waiting.stream.cutter?.restart()
    connection.hasOffered = false
    connection.hasRestarted = waiting.wasLost
    connection.failure = nil
    connection.since = now
    begin(connection, at: now)
  }

  /// Sends the stream's statement, or what has to come before it.
  private mutating func begin(_ connection: StreamConnection, at now: UInt64) {
    guard let stream = connection.stream else { return }
    let id = stream.statement.id
    if isNamed(stream), connection.statements.ready(id) == nil {
      let preparation = connection.statements.prepare(id)
      return prepare(connection, deallocating: preparation.deallocates, at: now)
    }
    if let session = stream.session { return begin(connection, for: session, prepares: false, at: now) }
    do {
      guard try execute(stream, on: connection), connection.connection.setSingleRowMode() else {
        return lose(connection, at: now)
      }
      connection.state = .running
      flush(connection, at: now)
    } catch {
      finish(connection, .failed(error))
      becomeIdle(connection, at: now)
    }
  }

  /// Whether the stream's statement is prepared and goes by a name.
  func isNamed(_ stream: RowStream) -> Bool { configuration.hasSession && stream.comment == nil }

  private mutating func prepare(_ connection: StreamConnection, deallocating names: [String], at now: UInt64) {
    guard let stream = connection.stream else { return }
    let isSent: Bool
    if let name = names.first {
      connection.state = .deallocating(names: Array(names.dropFirst()))
      isSent = connection.connection.deallocate(name)
    } else if let session = stream.session {
      return begin(connection, for: session, prepares: true, at: now)
    } else {
      connection.state = .preparing
      isSent = connection.connection.prepare(stream.statement)
    }
    guard isSent else { return lose(connection, at: now) }
    flush(connection, at: now)
  }

  mutating func flush(_ connection: StreamConnection, at now: UInt64) {
    let state = connection.connection.flush()
    guard state != .failed else { return lose(connection, at: now) }
    let wantsOutput = state == .pending
    if wantsOutput != connection.wantsOutput {
      connection.wantsOutput = wantsOutput
      poller.change(connection.connection.socket, token: UInt64(connection.slot), wantsOutput: wantsOutput)
    }
  }

  // MARK: Receiving

  mutating func ready(slot: Int, at now: UInt64) {
    guard slots.indices.contains(slot), let connection = slots[slot] else { return }
    pump(connection, at: now)
    if slots[slot] === connection, connection.wantsOutput { flush(connection, at: now) }
  }

  /// Turns what has come into chunks, until nothing is left, the stream is full, or it is the others' turn.
  mutating func pump(_ connection: StreamConnection, at now: UInt64) {
    var chunks = 0
    while !connection.isParked {
      if connection.connection.isBusy || isResting(connection) {
        guard connection.connection.consumeInput(), !connection.connection.isBroken else {
          return lose(connection, at: now)
        }
        if connection.connection.isBusy {
          if connection.hasOffered { isFlowing = true }
          return rest(connection, at: now)
        }
        // An idle session: a notice, or the server's farewell.
        if isResting(connection) { return }
      }
      switch next(of: connection) {
      case .nothing: continue
      case .end where connection.isPipelined: endPipelinedStage(connection, at: now)
      case .end: endStage(connection, at: now)
      case .chunk:
        offer(connection, at: now)
        chunks += 1
      case .failed(let error): abandon(connection, error, at: now)
      case .result(let result):
        let isSync = result.status == PGRES_PIPELINE_SYNC
        guard take(result, of: connection) else { return lose(connection, at: now) }
        if isSync { endPipeline(connection, at: now) }
      }
      guard slots[connection.slot] === connection else { return }
      if chunks >= Self.turn {
        if !connection.isParked { unfinished.append(connection.slot) }
        return
      }
    }
  }

  private enum Next: ~Copyable {
    /// libpq has no whole result.
    case nothing
    /// The stage's results have ended.
    case end
    /// The rows make a chunk.
    case chunk
    /// A row cannot be encoded.
    case failed(DatabaseError)
    /// Something that is not a row.
    case result(QueryResult)
  }

  /// Encodes rows, or skips those of an abandoned statement, until something else comes.
  private mutating func next(of connection: StreamConnection) -> Next {
    // In pipeline mode a statement may inherit the single-row mode of the one before: what sets the role has a row, too.
    guard let stream = connection.stream, !connection.isAssuming else {
      while !connection.connection.isBusy {
        guard let result = connection.connection.nextResult() else { return .end }
        if result.status != PGRES_SINGLE_TUPLE { return .result(result) }
      }
      return .nothing
    }
    return Self.encode(
      connection.connection, stream.encoder, stream.cutter, into: &connection.writer, count: &connection.rows,
      by: &cells)
  }

  /// The loop that a large List spends its time in: takes its parts once, and counts no references a row.
  private static func encode(
    _ connection: Connection, _ encoder: RowEncoder, _ cutter: PageCutter?, into writer: inout WireWriter,
    count: inout Int, by cells: inout CellBuffer
  ) -> Next {
    while !connection.isBusy {
      guard let result = connection.nextResult() else { return .end }
      guard result.status == PGRES_SINGLE_TUPLE else { return .result(result) }
      do throws(DatabaseError) {
        let row = result.load(row: 0, into: &cells)
        if let cutter, !cutter.admits(row, .postgresql) { continue }
        try encoder.encodeFramed(row, into: &writer)
      } catch {
        return .failed(error)
      }
      count &+= 1
      if writer.count >= RowStream.chunkBytes { return .chunk }
    }
    return .nothing
  }

  private func isResting(_ connection: StreamConnection) -> Bool {
    if case .idle = connection.state { true } else { false }
  }

  /// The server has nothing ready: rows that wait for a full chunk go soon.
  private mutating func rest(_ connection: StreamConnection, at now: UInt64) {
    guard connection.rows > 0 else { return }
    let limit = MonotonicTime.after(connection.since, Self.lull)
    if now >= limit { offer(connection, at: now) } else { nextTimer = min(nextTimer, limit) }
  }

  /// Takes a result that is no row; false when the connection cannot be used any more.
  private mutating func take(_ result: consuming QueryResult, of connection: StreamConnection) -> Bool {
    switch result.status {
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
      // Rows may be missing although libpq says that all is well.
      if case .running = connection.state { return result.isComplete }
      return true
    case PGRES_PIPELINE_SYNC, PGRES_PIPELINE_ABORTED: return connection.isPipelined
    case PGRES_FATAL_ERROR:
      let error = result.error(sql: connection.stream?.statement.sql)
      if result.isFatal { connection.farewell = error }
      if result.isFatal || result.sqlState == nil { return false }
      if connection.failure == nil {
        if case .assuming = connection.state {
          connection.failure = CallSession.failure(error)
        } else {
          connection.failure = error
        }
      }
      return true
    default:
      connection.failure = DatabaseError(.pillion(.internal), "a statement that does not return rows")
      return false
    }
  }

  /// A stage has had all its results.
  private mutating func endStage(_ connection: StreamConnection, at now: UInt64) {
    let failure = connection.failure
    connection.failure = nil
    switch connection.state {
    case .idle, .assuming, .syncing: return
    case .draining: becomeIdle(connection, at: now)
    case .deallocating(let names):
      // A name that does not exist is as good as one given up.
      prepare(connection, deallocating: names, at: now)
    case .preparing, .running:
      if let failure {
        fail(connection, failure, at: now)
      } else if case .preparing = connection.state {
        begin(connection, at: now)
      } else {
        offer(connection, at: now)
        finish(connection, .complete)
        becomeIdle(connection, at: now)
      }
    }
  }

  /// The statement failed: tries once more with a new plan where that may help and no row has gone out.
  mutating func fail(_ connection: StreamConnection, _ error: DatabaseError, at now: UInt64) {
    guard let stream = connection.stream, case .sqlState(let state) = error.code else {
      finish(connection, .failed(error))
      return becomeIdle(connection, at: now)
    }
    if case .preparing = connection.state { connection.statements.forget(stream.statement.id) }
    switch state {
    case "42P05", "0A000": connection.statements.markStale(stream.statement.id)
    case "26000": connection.statements.forget(stream.statement.id)
    default:
      offer(connection, at: now)
      finish(connection, .failed(error))
      return becomeIdle(connection, at: now)
    }
    guard !connection.hasRestarted, !connection.hasOffered, connection.rows == 0 else {
      finish(connection, .failed(error))
      return becomeIdle(connection, at: now)
    }
    connection.hasRestarted = true
    begin(connection, at: now)
  }

  // MARK: Passing on

  /// Hands over the rows that have been encoded; parks the connection when the stream is full.
  mutating func offer(_ connection: StreamConnection, at now: UInt64) {
    guard let stream = connection.stream, let chunk = connection.takeChunk() else { return }
    connection.hasOffered = true
    connection.since = now
    if !stream.offer(chunk) {
      connection.isParked = true
      watch(connection, false)
      nextTimer = min(nextTimer, MonotonicTime.after(now, configuration.stallTimeout.nanoseconds))
    }
    finished.append(stream)
  }

  /// The stream's last news. The connection is its own again.
  mutating func finish(_ connection: StreamConnection, _ end: RowStream.End) {
    guard let stream = connection.stream else { return }
    connection.stream = nil
    connection.rows = 0
    connection.writer.removeAll()
    if connection.isParked {
      connection.isParked = false
      watch(connection, true)
    }
    self.end(stream, end)
  }

  /// Ends a stream whose statement still runs, and has the server stop it.
  mutating func abandon(_ connection: StreamConnection, _ error: DatabaseError, at now: UInt64) {
    switch connection.state {
    case .idle, .draining: return
    case .deallocating, .preparing, .assuming:
      if let stream = connection.stream { connection.statements.markStale(stream.statement.id) }
    case .running, .syncing:
      offer(connection, at: now)
    }
    finish(connection, .failed(error))
    connection.state = .draining
    connection.since = now
    connection.isCancelling = true
    cancels.append(connection.connection.cancelHandle)
    nextTimer = min(nextTimer, MonotonicTime.after(now, Self.drainLimit))
    // What has been read already makes no socket readable.
    unfinished.append(connection.slot)
  }

  /// The connection broke. A stream without rows so far starts again elsewhere, once.
  mutating func lose(_ connection: StreamConnection, at now: UInt64) {
    guard slots[connection.slot] === connection else { return }
    close(connection)
    guard let stream = connection.stream else { return }
    connection.stream = nil
    guard connection.hasOffered || connection.hasRestarted || isStopping else {
      let waiting = Waiting(stream: stream, arrival: now, wasLost: true)
      accept(waiting)
      return queue.prepend(waiting, for: index)
    }
    let reason = connection.failure ?? connection.farewell
    end(stream, .failed(reason ?? DatabaseError(.pillion(.unavailable), "the connection broke")))
  }
}
