internal import CPillionPostgreSQL
internal import PillionDatabase

/// Lists: each has a connection to itself, read only as fast as its client takes the rows.
///
/// A thread of its own, so that a million rows do not hold up unary calls. Whoever has something for it puts it into
/// the locked inbox; all other state belongs to the thread.
final class StreamLane: ConnectorClient {
  private struct Inbox {
    var opens: ContiguousArray<RowStream> = []
    var resumes: ContiguousArray<RowStream> = []
    var connections: [Connection] = []
    var connectFailure: DatabaseError?
    var cancelsSent: [CancelHandle] = []
    var hasCancellations = false
    var isAwake = true
    var isStopping = false
    /// Nobody looks into the inbox any more.
    var isClosed = false
    /// Streams that wait for a connection.
    var waiting = 0
    /// What the thread's last turn has left, for whoever looks.
    var statistics = DriverStatistics.Lane(name: "stream")

    var isEmpty: Bool {
      opens.isEmpty && resumes.isEmpty && connections.isEmpty && connectFailure == nil && cancelsSent.isEmpty
        && !hasCancellations
    }
  }

  private let configuration: PostgreSQLConfiguration
  private let poller: Poller
  private let connector: Connector
  private let canceller: Canceller
  private let statements: StatementCounts
  private let inbox = Locked(Inbox())
  private let thread = Locked<LaneThread?>(nil)

  init(
    _ configuration: PostgreSQLConfiguration, connector: Connector, canceller: Canceller, statements: StatementCounts
  ) throws(DatabaseError) {
    self.configuration = configuration
    self.connector = connector
    self.canceller = canceller
    self.statements = statements
    poller = try Poller()
  }

  /// Starts, and asks for a first connection so that the first List need not wait for it.
  func start() throws(DatabaseError) {
    let worker = try LaneThread(name: "pg-stream") { [self] in run() }
    thread.withLock { $0 = worker }
  }

  // MARK: From any thread

  func open(_ stream: RowStream) {
    enum Verdict { case taken, full, closed }
    let verdict: Verdict = inbox.withLock { inbox in
      guard !inbox.isClosed else { return .closed }
      if inbox.opens.count + inbox.waiting < configuration.queueLimit { return .taken }
      inbox.statistics.refusals &+= 1
      return .full
    }
    switch verdict {
    case .taken: post { $0.opens.append(stream) }
    case .full: refuse(stream, DatabaseError(.pillion(.exhausted), "too many Lists wait for the database"))
    case .closed: refuse(stream, DatabaseError(.pillion(.unavailable), "shutting down"))
    }
  }

  var statistics: DriverStatistics.Lane {
    inbox.withLock { inbox in
      var lane = inbox.statistics
      lane.waiting = inbox.opens.count + inbox.waiting
      return lane
    }
  }

  func resume(_ stream: RowStream) { post { $0.resumes.append(stream) } }
  func noteCancellation() { post { $0.hasCancellations = true } }
  func connected(_ connection: Connection) { post { $0.connections.append(connection) } }
  func connectFailed(_ error: DatabaseError) { post { $0.connectFailure = error } }

  /// Lets what runs finish for a while, ends what waits, and ends the thread.
  func stop() {
    post { $0.isStopping = true }
    poller.wake()
    thread.withLock { $0.take() }?.join()
  }

  private func post(_ change: (inout Inbox) -> Void) {
    let wakes = inbox.withLock { inbox in
      change(&inbox)
      defer { inbox.isAwake = true }
      return !inbox.isAwake
    }
    if wakes { poller.wake() }
  }

  private func refuse(_ stream: RowStream, _ error: DatabaseError) {
    stream.end(.failed(error))
    var outbox = Outbox()
    outbox.append(stream)
    outbox.flush()
  }

  // MARK: The lane's thread

  private func run() {
    let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 64)
    events.initialize(repeating: epoll_event())
    defer { events.deallocate() }
    var core = StreamLaneCore(configuration, poller, statements)
    core.pending = 1
    core.wanted = 1
    var outbox = Outbox()
    var milliseconds: Int32 = 0
    var stopLimit: UInt64?
    while true {
      let count = poller.wait(events, milliseconds: milliseconds)
      let now = MonotonicTime.now()
      takeInbox(&core, at: now)
      let unfinished = core.unfinished
      core.unfinished.removeAll(keepingCapacity: true)
      for slot in unfinished { core.ready(slot: slot, at: now) }
      for event in events.prefix(count) {
        if event.data.u64 == Poller.wakeToken {
          poller.acknowledge()
        } else {
          core.ready(slot: Int(truncatingIfNeeded: event.data.u64), at: now)
        }
      }
      if core.nextTimer <= now { core.expire(at: now) }
      core.assign(at: now)
      settle(&core)
      let isOver = core.isStopping && advanceStop(&core, &stopLimit, at: now)
      for job in core.finished { outbox.append(job) }
      core.finished.removeAll(keepingCapacity: true)
      outbox.flush()
      if isOver { break }
      milliseconds = prepareSleep(core, until: stopLimit, at: now)
      if core.isFlowing {
        core.isFlowing = false
        MonotonicTime.sleep(nanoseconds: StreamLaneCore.gathering)
      }
    }
    let late = inbox.withLock { inbox in
      inbox.isClosed = true
      inbox.connections = []
      return inbox.opens
    }
    for stream in late { refuse(stream, DatabaseError(.pillion(.unavailable), "shutting down")) }
  }

  private func takeInbox(_ core: inout StreamLaneCore, at now: UInt64) {
    let news = inbox.withLock { inbox -> Inbox? in
      inbox.isAwake = true
      inbox.waiting = core.queue.count + inbox.opens.count
      if inbox.isStopping { core.isStopping = true }
      guard !inbox.isEmpty else { return nil }
      let news = inbox
      inbox.opens = []
      inbox.resumes = []
      inbox.connections = []
      inbox.connectFailure = nil
      inbox.cancelsSent = []
      inbox.hasCancellations = false
      return news
    }
    guard let news else { return }
    if let failure = news.connectFailure { core.acceptFailure(failure, at: now) }
    for connection in news.connections { core.accept(connection, at: now) }
    for handle in news.cancelsSent { core.cancelSent(handle, at: now) }
    for stream in news.opens { core.accept(stream, at: now) }
    for stream in news.resumes { core.resume(stream, at: now) }
    if news.hasCancellations { core.nextTimer = now }
  }

  /// Passes on what the core wants of others.
  private func settle(_ core: inout StreamLaneCore) {
    while core.wanted > 0 {
      core.wanted -= 1
      if !core.isStopping { connector.request(.stream, for: self) }
    }
    for handle in core.cancels {
      canceller.request(handle) { [self] in post { $0.cancelsSent.append(handle) } }
    }
    core.cancels.removeAll(keepingCapacity: true)
  }

  private func prepareSleep(_ core: borrowing StreamLaneCore, until stopLimit: UInt64?, at now: UInt64) -> Int32 {
    let waiting = core.queue.count
    let isStopping = core.isStopping
    let waits = core.waits
    var (connections, busy) = (0, 0)
    for case let connection? in core.slots {
      connections += 1
      if !connection.isIdle { busy += 1 }
    }
    let limit = core.slots.count
    let mustStay = inbox.withLock { inbox in
      inbox.waiting = waiting
      inbox.statistics.connections = connections
      inbox.statistics.busy = busy
      inbox.statistics.limit = limit
      inbox.statistics.waits = waits
      inbox.isAwake = !inbox.isEmpty || (inbox.isStopping && !isStopping)
      return inbox.isAwake
    }
    if mustStay || !core.unfinished.isEmpty { return 0 }
    return MonotonicTime.milliseconds(from: now, to: min(core.nextTimer, stopLimit ?? MonotonicTime.never))
  }

  /// Whether all streams have ended. The queue does at once; what runs has until the grace is over.
  private func advanceStop(_ core: inout StreamLaneCore, _ limit: inout UInt64?, at now: UInt64) -> Bool {
    let error = DatabaseError(.pillion(.unavailable), "shutting down")
    while let waiting = core.queue.removeFirst() { core.end(waiting.stream, .failed(error)) }
    let end = limit ?? MonotonicTime.after(now, configuration.shutdownGrace.nanoseconds)
    limit = end
    guard now >= end || core.slots.allSatisfy({ $0?.stream == nil }) else { return false }
    for case let connection? in core.slots {
      if connection.stream != nil { core.cancels.append(connection.connection.cancelHandle) }
      connection.failure = error
      core.lose(connection, at: now)
    }
    settle(&core)
    return true
  }
}
