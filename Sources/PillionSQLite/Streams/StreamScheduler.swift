import PillionDatabase

/// Which List is where: waiting for a connection, ready for a thread, on a thread, or parked until its client has taken
/// something. Transitions only; the threads of `StreamLane` do what they say.
final class StreamScheduler: Sendable {
  /// What a thread shall do next.
  enum Work {
    /// Begin on a connection, or on a new one.
    case start(RowStream, Connection?)
    case advance(StreamCursor)
    /// It never got a connection.
    case refuse(RowStream, DatabaseError)
  }

  fileprivate struct State {
    /// In order of arrival.
    var waiting: [RowStream] = []
    var refused: [(RowStream, DatabaseError)] = []
    var ready: [StreamCursor] = []
    var parked: [ObjectIdentifier: StreamCursor] = [:]
    /// On a thread; true: resumed since it got there, so that it must not park.
    var running: [ObjectIdentifier: Bool] = [:]
    var idle: [Connection] = []
    /// Connections that are open or being opened.
    var connections = 0
    var nextSweep: UInt64 = 0
    var isClosed = false
    /// Streams that came when no connection was free, and when there was no room.
    var waits = 0
    var refusals = 0
  }

  /// Nanoseconds between two looks for waiting and parked streams whose time is over.
  private static let sweepTime: UInt64 = 100_000_000
  /// A parked stream that has not moved for so long may be ended when the log is full.
  private static let idleTime: UInt64 = 1_000_000_000

  private let monitor = Monitor(State())
  private let connectionLimit: Int
  private let queueLimit: Int

  init(_ configuration: SQLiteConfiguration) {
    connectionLimit = max(configuration.streamConnections, 1)
    queueLimit = configuration.queueLimit
  }

  // MARK: Any thread

  /// Takes the stream, or says why not.
  func open(_ stream: RowStream) -> DatabaseError.Reason? {
    let refusal: DatabaseError.Reason? = monitor.withLock { state in
      if state.isClosed { return .unavailable }
      if state.waiting.count >= queueLimit {
        state.refusals &+= 1
        return .exhausted
      }
      if state.idle.isEmpty, state.connections >= connectionLimit { state.waits &+= 1 }
      state.waiting.append(stream)
      return nil
    }
    monitor.wakeOne()
    return refusal
  }

  var statistics: DriverStatistics.Lane {
    monitor.withLock { state in
      var lane = DriverStatistics.Lane(name: "stream")
      lane.connections = state.connections
      lane.limit = connectionLimit
      lane.busy = state.connections - state.idle.count
      lane.waiting = state.waiting.count
      lane.waits = state.waits
      lane.refusals = state.refusals
      return lane
    }
  }

  /// The client has taken something.
  func resume(_ stream: RowStream) { wake(stream) }

  /// The stream has been marked cancelled.
  func cancel(_ stream: RowStream) {
    monitor.withLock { state in
      guard let index = state.waiting.firstIndex(where: { $0 === stream }) else { return }
      state.waiting.remove(at: index)
      state.refused.append((stream, Self.reason(stream)))
    }
    wake(stream)
  }

  private func wake(_ stream: RowStream) {
    let id = ObjectIdentifier(stream)
    monitor.withLock { state in
      if let cursor = state.parked.removeValue(forKey: id) {
        state.ready.append(cursor)
      } else if state.running[id] != nil {
        state.running[id] = true
      }
    }
    monitor.wakeOne()
  }

  /// The write-ahead log has grown over its limit: ends the Lists whose clients take nothing, as their snapshots hold it.
  func endIdle() {
    let now = MonotonicTime.now()
    let error = DatabaseError(
      .pillion(.exhausted), "the List's snapshot kept the write-ahead log over its limit while its client took nothing")
    monitor.withLock { $0.endParked(error) { now &- $0.parkedSince >= Self.idleTime } }
    monitor.wakeAll()
  }

  /// Takes no further streams and ends those that are waiting or parked.
  func close() {
    let error = Watch.Verdict.shutdown.error
    monitor.withLock { state in
      state.isClosed = true
      state.refused.append(contentsOf: state.waiting.map { ($0, error) })
      state.waiting.removeAll()
      state.endParked(error) { _ in true }
    }
    monitor.wakeAll()
  }

  // MARK: Stream threads

  /// Sleeps until there is work; nil when the scheduler has been closed and nothing is left.
  func next() -> Work? {
    var hasMore = false
    let work: Work?? = monitor.wait { (state, until) -> Work?? in
      state.sweep(every: Self.sweepTime)
      if let (stream, error) = state.refused.popLast() { return .some(.refuse(stream, error)) }
      if !state.waiting.isEmpty, !state.idle.isEmpty || state.connections < connectionLimit {
        let stream = state.waiting.removeFirst()
        let connection = state.idle.popLast()
        if connection == nil { state.connections += 1 }
        state.running[ObjectIdentifier(stream)] = false
        hasMore = state.hasWork
        return .some(.start(stream, connection))
      }
      if !state.ready.isEmpty {
        let cursor = state.ready.removeFirst()
        state.running[ObjectIdentifier(cursor.stream)] = false
        hasMore = state.hasWork
        return .some(.advance(cursor))
      }
      if state.isClosed { return .some(nil) }
      if !state.waiting.isEmpty || !state.parked.isEmpty { until = state.nextSweep }
      return nil
    }
    if hasMore { monitor.wakeOne() }
    return work ?? nil
  }

  /// The stream on the calling thread waits for its client.
  func park(_ cursor: StreamCursor) {
    let id = ObjectIdentifier(cursor.stream)
    monitor.withLock { state in
      let isResumed = state.running.removeValue(forKey: id) ?? false
      if state.isClosed { cursor.verdict = Watch.Verdict.shutdown.error }
      if isResumed || state.isClosed || cursor.stream.isCancelled {
        state.ready.append(cursor)
      } else {
        cursor.parkedSince = MonotonicTime.now()
        state.parked[id] = cursor
      }
    }
  }

  /// The stream on the calling thread could go on; others first.
  func yield(_ cursor: StreamCursor) {
    monitor.withLock { state in
      state.running[ObjectIdentifier(cursor.stream)] = nil
      if state.isClosed { cursor.verdict = Watch.Verdict.shutdown.error }
      state.ready.append(cursor)
    }
  }

  /// The stream on the calling thread is over; its connection, if it is still good, is free for the next one.
  func end(_ stream: RowStream, _ connection: Connection?) {
    monitor.withLock { state in
      state.running[ObjectIdentifier(stream)] = nil
      if let connection { state.idle.append(connection) } else { state.connections -= 1 }
    }
    monitor.wakeOne()
  }

  /// Closes the connections that are left when all threads have ended.
  func closeConnections() { monitor.withLock { $0.idle.removeAll() } }

  fileprivate static func reason(_ stream: RowStream) -> DatabaseError {
    (Watch.verdict(on: stream, now: MonotonicTime.now()) ?? .cancelled).error
  }
}

extension StreamScheduler.State {
  fileprivate var hasWork: Bool { !ready.isEmpty || !waiting.isEmpty || !refused.isEmpty }

  fileprivate mutating func endParked(_ error: DatabaseError, where isMeant: (StreamCursor) -> Bool) {
    for (id, cursor) in parked where isMeant(cursor) {
      parked[id] = nil
      cursor.verdict = error
      ready.append(cursor)
    }
  }

  /// Takes out the streams whose deadline, or whose time of life, is over.
  fileprivate mutating func sweep(every time: UInt64) {
    guard !waiting.isEmpty || !parked.isEmpty else { return }
    let now = MonotonicTime.now()
    guard now >= nextSweep else { return }
    nextSweep = now &+ time
    waiting.removeAll { stream in
      guard let verdict = Watch.verdict(on: stream, now: now) else { return false }
      refused.append((stream, verdict.error))
      return true
    }
    for (id, cursor) in parked {
      guard let error = cursor.overdue(at: now) else { continue }
      parked[id] = nil
      cursor.verdict = error
      ready.append(cursor)
    }
  }
}
