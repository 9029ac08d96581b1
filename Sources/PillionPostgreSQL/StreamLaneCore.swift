internal import PillionDatabase
internal import PillionWire

/// The state of one of the lanes for Lists: which run on which connection. Only the lane's thread touches it.
struct StreamLaneCore: ~Copyable {
  typealias Waiting = StreamQueue.Waiting

  /// Rows that make no full chunk wait this long for more.
  static let lull: UInt64 = 20_000_000
  /// An abandoned statement that runs on for this long costs its connection.
  static let drainLimit: UInt64 = 5_000_000_000
  /// How long the lane leaves the rows of a long List to gather. While it waits for them, PostgreSQL has to wake it for each
  /// 8 KiB, which costs both of them more than the rows.
  static let gathering: UInt64 = 100_000
  /// Chunks that one connection may make before the others have their turn.
  static let turn = 2

  let configuration: PostgreSQLConfiguration
  let poller: Poller
  let statements: StatementCounts
  /// Place of the lane among those for Lists.
  let index: Int
  /// Those of all lanes that wait.
  let queue: StreamQueue
  var slots: ContiguousArray<StreamConnection?>
  /// Streams with news, for their mailboxes.
  var finished: ContiguousArray<Job> = []
  /// Connections to ask the connector for, and those that it has been asked for.
  var wanted = 0
  var pending = 0
  var cancels: ContiguousArray<CancelHandle> = []
  var cells = CellBuffer()
  var binder = ParameterBinder()
  var nextTimer = MonotonicTime.never
  var connectError: DatabaseError?
  var isStopping = false
  /// Whether a List that goes on has been read to the last byte that had come.
  var isFlowing = false
  /// Slots that stopped at the end of their turn.
  var unfinished: ContiguousArray<Int> = []

  init(
    _ configuration: PostgreSQLConfiguration, _ poller: Poller, _ statements: StatementCounts, index: Int,
    queue: StreamQueue, connections: Int
  ) {
    self.configuration = configuration
    self.poller = poller
    self.statements = statements
    self.index = index
    self.queue = queue
    slots = ContiguousArray(repeating: nil, count: connections)
  }

  // MARK: Arrivals

  /// A List waits that this lane looks after.
  mutating func accept(_ waiting: Waiting) { nextTimer = min(nextTimer, due(waiting)) }

  mutating func accept(_ connection: Connection, at now: UInt64) {
    pending -= 1
    connectError = nil
    guard let slot = slots.firstIndex(where: { $0 == nil }), !isStopping else { return }
    let stream = StreamConnection(
      connection, slot: slot, statementLimit: configuration.statementLimit, counts: statements)
    stream.endOfLife = configuration.endOfLife(from: now)
    slots[slot] = stream
    becomeIdle(stream, at: now)
    watch(stream, true)
  }

  mutating func acceptFailure(_ error: DatabaseError, at now: UInt64) {
    connectError = error
    nextTimer = now
  }

  mutating func resume(_ stream: RowStream, at now: UInt64) {
    for case let connection? in slots where connection.stream === stream && connection.isParked {
      connection.isParked = false
      connection.since = now
      watch(connection, true)
      pump(connection, at: now)
    }
  }

  mutating func cancelSent(_ handle: CancelHandle, at now: UInt64) {
    for case let connection? in slots where connection.connection.cancelHandle === handle {
      connection.isCancelling = false
      if case .idle = connection.state { becomeIdle(connection, at: now) }
    }
  }

  // MARK: Who runs where

  /// Whether one connection always stays open, so that the next List need not wait for it: the first lane's does.
  var keepsConnection: Bool { index == 0 }

  /// Starts what waits on idle connections, and asks for more connections while the bound allows it.
  mutating func assign(at now: UInt64) {
    while true {
      guard let connection = slots.lazy.compactMap({ $0 }).first(where: { $0.isIdle }) else {
        queue.noteDelay(of: index)
        break
      }
      guard let waiting = queue.takeFirst(for: index) else { return }
      if let error = abandonment(of: waiting.stream, at: now) {
        end(waiting.stream, .failed(error))
      } else {
        waiting.stream.noteStarted()
        start(waiting, on: connection, at: now)
      }
    }
    let vacant = slots.reduce(0) { $1 == nil ? $0 + 1 : $0 }
    guard vacant > pending else { return }
    let (count, adopted) = queue.adopt(upTo: vacant, for: index)
    for waiting in adopted { accept(waiting) }
    let more = min(vacant, count) - pending
    guard more > 0 else { return }
    pending += more
    wanted += more
  }

  func abandonment(of stream: RowStream, at now: UInt64) -> DatabaseError? {
    guard stream.isCancelled || (stream.deadline != 0 && stream.deadline <= now) else { return nil }
    return PointLaneCore.abandonment(of: stream, at: now)
  }

  mutating func end(_ stream: RowStream, _ end: RowStream.End) {
    queue.ended(on: index)
    stream.noteEnded()
    stream.end(end)
    finished.append(stream)
  }

  mutating func becomeIdle(_ connection: StreamConnection, at now: UInt64) {
    connection.state = .idle
    connection.since = now
    if now >= connection.endOfLife { return replace(connection) }
    nextTimer = min(
      nextTimer, connection.endOfLife, MonotonicTime.after(now, configuration.idleTimeout.nanoseconds))
  }

  func watch(_ connection: StreamConnection, _ isWatched: Bool) {
    guard isWatched != connection.isWatched else { return }
    connection.isWatched = isWatched
    if isWatched {
      poller.add(connection.connection.socket, token: UInt64(connection.slot))
      connection.wantsOutput = false
    } else {
      poller.remove(connection.connection.socket)
    }
  }

  // MARK: Time

  /// When a List that waits has waited for too long.
  private func due(_ waiting: Waiting) -> UInt64 { min(waitLimit(waiting.arrival), waiting.stream.due) }

  private func waitLimit(_ arrival: UInt64) -> UInt64 {
    let wait = connectError == nil ? configuration.streamAcquireTimeout : configuration.acquireTimeout
    return MonotonicTime.after(arrival, wait.nanoseconds)
  }

  /// Ends what was cancelled, is out of time, has waited for too long, or is idle for too long.
  mutating func expire(at now: UInt64) {
    nextTimer = MonotonicTime.never
    var next = MonotonicTime.never
    let over = queue.take(for: index) { waiting in
      // A lane that cannot connect knows nothing of the others.
      let due = waiting.lane == index ? due(waiting) : waiting.stream.due
      if waiting.stream.isCancelled || due <= now { return true }
      next = min(next, due)
      return false
    }
    for waiting in over { end(waiting.stream, .failed(abandonment(of: waiting.stream, at: now) ?? waitError)) }
    nextTimer = next
    for case let connection? in slots { expire(connection, at: now) }
  }

  private var waitError: DatabaseError {
    guard let connectError else {
      return DatabaseError(.pillion(.exhausted), "no streaming connection became free in time")
    }
    return DatabaseError(.pillion(.unavailable), "no connection to the database: \(connectError.description)")
  }

  private mutating func expire(_ connection: StreamConnection, at now: UInt64) {
    switch connection.state {
    case .idle:
      let limit = MonotonicTime.after(connection.since, configuration.idleTimeout.nanoseconds)
      if now >= connection.endOfLife {
        replace(connection)
      } else if now < limit {
        nextTimer = min(nextTimer, limit, connection.endOfLife)
      } else if !keepsConnection || slots.contains(where: { $0 != nil && $0 !== connection }) {
        close(connection)
      }
    case .draining:
      let limit = MonotonicTime.after(connection.since, Self.drainLimit)
      if now < limit { nextTimer = min(nextTimer, limit) } else { close(connection) }
    case .deallocating, .preparing, .assuming, .running, .syncing:
      guard let stream = connection.stream else { return }
      if let error = abandonment(of: stream, at: now) { return abandon(connection, error, at: now) }
      if stream.deadline != 0 { nextTimer = min(nextTimer, stream.deadline) }
      if connection.isParked {
        let limit = MonotonicTime.after(connection.since, configuration.stallTimeout.nanoseconds)
        guard now < limit else {
          return abandon(connection, DatabaseError(.pillion(.timeout), "the client took no rows for too long"), at: now)
        }
        nextTimer = min(nextTimer, limit)
      } else if connection.rows > 0 {
        let limit = MonotonicTime.after(connection.since, Self.lull)
        if now < limit { nextTimer = min(nextTimer, limit) } else { offer(connection, at: now) }
      }
    }
  }

  /// Gives up a connection that is too old and on which no stream runs; the one that always stays gets a successor, which
  /// the next List finds open.
  private mutating func replace(_ connection: StreamConnection) {
    guard !connection.isCancelling else { return }
    close(connection)
    guard keepsConnection, !isStopping, slots.allSatisfy({ $0 == nil }), pending == 0 else { return }
    pending += 1
    wanted += 1
  }

  /// Gives up a connection on which no stream runs.
  mutating func close(_ connection: StreamConnection) {
    watch(connection, false)
    slots[connection.slot] = nil
  }
}

extension Job {
  /// Its deadline; `never`: it has none.
  fileprivate var due: UInt64 { deadline == 0 ? MonotonicTime.never : deadline }
}
