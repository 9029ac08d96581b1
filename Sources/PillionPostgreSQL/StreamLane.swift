internal import CPillionPostgreSQL
internal import PillionDatabase

/// A thread for Lists: each has a connection to itself, read only as fast as its client takes the rows.
///
/// Whoever has something for it puts it into the locked inbox; all other state belongs to the thread.
final class StreamLane: ConnectorClient {
  private struct Inbox {
    /// Lists in the queue that the lane is to look after.
    var arrivals: [StreamQueue.Waiting] = []
    var resumes: ContiguousArray<RowStream> = []
    var opened: [Connection] = []
    var connectFailure: DatabaseError?
    var cancelsSent: [CancelHandle] = []
    var hasCancellations = false
    var isAwake = true
    var isStopping = false
    /// Connections that the thread's last turn has left open, and those of them that work.
    var connections = 0
    var busy = 0

    var isEmpty: Bool {
      arrivals.isEmpty && resumes.isEmpty && opened.isEmpty && connectFailure == nil
        && cancelsSent.isEmpty && !hasCancellations
    }
  }

  private let configuration: PostgreSQLConfiguration
  private let poller: Poller
  private let connector: Connector
  private let canceller: Canceller
  private let statements: StatementCounts
  private let index: Int
  private let queue: StreamQueue
  private let limit: Int
  private let inbox = Locked(Inbox())
  private let thread = Locked<LaneThread?>(nil)

  /// - Parameters:
  ///   - poller: what wakes the lane.
  ///   - index: place among the lanes.
  ///   - connections: how many it may have open.
  init(
    _ configuration: PostgreSQLConfiguration, connector: Connector, canceller: Canceller, statements: StatementCounts,
    poller: Poller, index: Int, queue: StreamQueue, connections: Int
  ) {
    self.index = index
    self.queue = queue
    limit = connections
    self.configuration = configuration
    self.connector = connector
    self.canceller = canceller
    self.statements = statements
    self.poller = poller
  }

  func start() throws(DatabaseError) {
    let worker = try LaneThread(name: "pg-stream") { [self] in run() }
    thread.withLock { $0 = worker }
  }

  // MARK: From any thread

  /// A List waits that the lane is to look after.
  func look(after waiting: StreamQueue.Waiting) { post { $0.arrivals.append(waiting) } }

  /// Connections that are open, and those of them that work.
  var connections: (open: Int, busy: Int, limit: Int) { inbox.withLock { ($0.connections, $0.busy, limit) } }

  func resume(_ stream: RowStream) { post { $0.resumes.append(stream) } }
  func noteCancellation() { post { $0.hasCancellations = true } }
  func connected(_ connection: Connection) { post { $0.opened.append(connection) } }
  func connectFailed(_ error: DatabaseError) { post { $0.connectFailure = error } }
  /// A List waits for a connection in any case.
  func serverAnswers() {}

  /// Has what waits end, and what runs finish for a while.
  func beginStop() {
    post { $0.isStopping = true }
    poller.wake()
  }

  /// Ends the thread once it has.
  func join() { thread.withLock { $0.take() }?.join() }

  private func post(_ change: (inout Inbox) -> Void) {
    let wakes = inbox.withLock { inbox in
      change(&inbox)
      defer { inbox.isAwake = true }
      return !inbox.isAwake
    }
    if wakes { poller.wake() }
  }

  // MARK: The lane's thread

  private func run() {
    let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 64)
    events.initialize(repeating: epoll_event())
    defer { events.deallocate() }
    var core = StreamLaneCore(
      configuration, poller, statements, index: index, queue: queue, connections: limit)
    if core.keepsConnection {
      core.pending = 1
      core.wanted = 1
    }
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
  }

  private func takeInbox(_ core: inout StreamLaneCore, at now: UInt64) {
    let news = inbox.withLock { inbox -> Inbox? in
      inbox.isAwake = true
      if inbox.isStopping { core.isStopping = true }
      guard !inbox.isEmpty else { return nil }
      let news = inbox
      inbox.arrivals = []
      inbox.resumes = []
      inbox.opened = []
      inbox.connectFailure = nil
      inbox.cancelsSent = []
      inbox.hasCancellations = false
      return news
    }
    guard let news else { return }
    if let failure = news.connectFailure { core.acceptFailure(failure, at: now) }
    for connection in news.opened { core.accept(connection, at: now) }
    for handle in news.cancelsSent { core.cancelSent(handle, at: now) }
    for waiting in news.arrivals { core.accept(waiting) }
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
    let isStopping = core.isStopping
    var (connections, busy) = (0, 0)
    for case let connection? in core.slots {
      connections += 1
      if !connection.isIdle { busy += 1 }
    }
    let hasWork = queue.noteTurn(of: index, idle: connections - busy, room: limit - connections - core.pending)
    let mustStay = inbox.withLock { inbox in
      inbox.connections = connections
      inbox.busy = busy
      inbox.isAwake = !inbox.isEmpty || (inbox.isStopping && !isStopping)
      return inbox.isAwake
    }
    if mustStay || hasWork || !core.unfinished.isEmpty { return 0 }
    return MonotonicTime.milliseconds(from: now, to: min(core.nextTimer, stopLimit ?? MonotonicTime.never))
  }

  /// Whether all streams have ended. The queue does at once; what runs has until the grace is over.
  private func advanceStop(_ core: inout StreamLaneCore, _ limit: inout UInt64?, at now: UInt64) -> Bool {
    let error = DatabaseError(.pillion(.unavailable), "shutting down")
    while let waiting = queue.takeFirst(for: index) { core.end(waiting.stream, .failed(error)) }
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
