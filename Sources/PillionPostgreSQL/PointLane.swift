internal import CPillionPostgreSQL
internal import PillionDatabase

/// Unary calls: many of them share few connections, in libpq's pipeline mode.
///
/// A thread of its own waits for the sockets and does the work. Two locks: `inbox` is held for a few instructions by
/// whoever brings something; `core` is held while there is work. Who finds the lane asleep and idle may do the sending
/// himself, if `core` is free: that saves a change of threads, which costs as much as the query.
/// Order of locks: `core`, then `inbox`. Mailboxes are called with neither held.
final class PointLane: ConnectorClient {
  private struct Inbox {
    var operations = Ring<Operation>()
    var connections: [Connection] = []
    var connectFailure: DatabaseError?
    /// The connector can open connections again, for others so far.
    var serverAnswers = false
    var cancelsSent: [CancelHandle] = []
    var hasCancellations = false
    /// Whether the lane will look into the inbox without being woken.
    var isAwake = true
    var isStopping = false
    /// Nobody looks into the inbox any more.
    var isClosed = false
    /// Operations that wait in the core.
    var waiting = 0
    /// Operations so far that there was no room for.
    var refusals = 0

    var isEmpty: Bool {
      operations.isEmpty && connections.isEmpty && connectFailure == nil && !serverAnswers && cancelsSent.isEmpty
        && !hasCancellations
    }
  }

  /// Operations under way up to which a sender does the sending himself. More than that, and batches pay.
  private static let directLimit = 1
  /// The most that a sender waits for the answer.
  private static let directMilliseconds: Int32 = 1

  private let configuration: PostgreSQLConfiguration
  private let poller: Poller
  private let connector: Connector
  private let canceller: Canceller
  private let core: Locked<PointLaneCore>
  private let inbox = Locked(Inbox())
  private let thread = Locked<LaneThread?>(nil)

  init(
    _ configuration: PostgreSQLConfiguration, connector: Connector, canceller: Canceller, availability: Availability,
    statements: StatementCounts
  ) throws(DatabaseError) {
    self.configuration = configuration
    self.connector = connector
    self.canceller = canceller
    poller = try Poller()
    core = Locked(PointLaneCore(configuration, poller, availability, statements))
  }

  /// Starts with one connection, or none, and asks for the others.
  func start(_ first: Connection?) throws(DatabaseError) {
    core.withLock { core in
      if let first { core.accept(first, at: MonotonicTime.now()) } else { core.startWithout(at: MonotonicTime.now()) }
      for _ in (first == nil ? 0 : 1)..<max(1, core.slots.count) { connector.request(.point, for: self) }
    }
    let worker = try LaneThread(name: "pg-point") { [self] in run() }
    thread.withLock { $0 = worker }
  }

  // MARK: From any thread

  func submit(_ operations: inout Ring<Operation>) {
    guard let mailbox = operations.first?.mailbox else { return }
    let (wakes, isClosed) = inbox.withLock { inbox in
      guard !inbox.isClosed else { return (false, true) }
      inbox.operations.take(
        from: &operations, atMost: configuration.queueLimit - inbox.operations.count - inbox.waiting)
      inbox.refusals &+= operations.count
      defer { inbox.isAwake = true }
      return (!inbox.isAwake, false)
    }
    if wakes, !sendDirectly(for: mailbox) { poller.wake() }
    refuse(
      &operations,
      isClosed
        ? DatabaseError(.pillion(.unavailable), "shutting down")
        : DatabaseError(.pillion(.exhausted), "too many calls wait for the database"))
  }

  var statistics: DriverStatistics.Lane {
    var lane = DriverStatistics.Lane(name: "point")
    core.withLock { core in
      lane.limit = core.slots.count
      lane.waits = core.waits
      for case let connection? in core.slots {
        lane.connections += 1
        if connection.load > 0 { lane.busy += 1 }
      }
    }
    inbox.withLock { inbox in
      lane.waiting = inbox.operations.count + inbox.waiting
      lane.refusals = inbox.refusals
    }
    return lane
  }

  func noteCancellation() { post { $0.hasCancellations = true } }
  func connected(_ connection: Connection) { post { $0.connections.append(connection) } }
  func connectFailed(_ error: DatabaseError) {
    post {
      $0.connectFailure = error
      $0.serverAnswers = false
    }
  }
  func serverAnswers() {
    post {
      $0.connectFailure = nil
      $0.serverAnswers = true
    }
  }

  /// Lets what runs finish, answers what waits, and ends the thread.
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

  private func refuse(_ operations: inout Ring<Operation>, _ error: @autoclosure () -> DatabaseError) {
    guard !operations.isEmpty else { return }
    let error = error()
    var refused: ContiguousArray<Job> = []
    while let operation = operations.removeFirst() {
      operation.outcome = .failed(error)
      refused.append(operation)
    }
    Self.deliver(refused)
  }

  /// Sends what waits on this thread, when the lane sleeps with nothing to do; false when it has to be woken.
  private func sendDirectly(for mailbox: any Mailbox) -> Bool {
    var finished: ContiguousArray<Job> = []
    var handover: PointLaneCore.Handover?
    let isDone = core.withLockIfAvailable { core in
      guard core.inFlight < Self.directLimit, core.queue.isEmpty, !core.isStopping else { return false }
      let now = MonotonicTime.now()
      // Sleeping as before from here on: who comes now has to wake the lane.
      takeInbox(&core, staysAwake: false, at: now)
      handover = core.handOver(at: now)
      finished = workDirectly(&core, at: now)
      return true
    }
    Self.deliver(finished)
    if let handover, !mailbox.whenIdle({ [self] in receiveDirectly(from: handover) }) {
      receiveDirectly(from: handover, waits: false)
    }
    return isDone ?? false
  }

  /// Waits for the answer to what this thread has sent, if that is all there is to wait for. That saves two changes of
  /// threads, which cost more than the query where calls come one at a time. But this thread does nothing else meanwhile,
  /// so it is done as long as it pays: the answer came soon, and nobody else did.
  private func receiveDirectly(from handover: PointLaneCore.Handover, waits: Bool = true) {
    let isAlone = waits && core.withLock { $0.isAlone(on: handover) }
    let staysAwake = isAlone && handover.operation.staysAwake
    let cameAwake = staysAwake && AwakeWait.untilReadable(handover.connection.socket)
    let hasInput = cameAwake || isAlone && handover.connection.waitForInput(milliseconds: Self.directMilliseconds)
    let finished = core.withLock { core in
      let now = MonotonicTime.now()
      let hasPaid = hasInput && core.isAlone(on: handover)
      core.directWaits.note(hasPaid: hasPaid)
      // On its mailbox's thread, the only one to look at it, even where it has been given up meanwhile.
      if hasPaid { handover.operation.cameAtOnce = cameAwake || !staysAwake }
      core.handBack(handover, at: now)
      return workDirectly(&core, at: now)
    }
    Self.deliver(finished)
  }

  /// Sends what waits, and sees to it that the lane's thread wakes in time for what is new.
  private func workDirectly(_ core: inout PointLaneCore, at now: UInt64) -> ContiguousArray<Job> {
    core.distribute(at: now)
    settle(&core)
    inbox.withLock { $0.waiting = core.queue.count }
    if core.nextTimer < core.wakesAt {
      core.wakesAt = core.nextTimer
      poller.wake()
    }
    return core.takeFinished()
  }

  // MARK: The lane's thread

  private func run() {
    let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 64)
    events.initialize(repeating: epoll_event())
    defer { events.deallocate() }
    var milliseconds: Int32 = 0
    var stopLimit: UInt64?
    while true {
      let count = poller.wait(events, milliseconds: milliseconds)
      var finished: ContiguousArray<Job> = []
      let isOver = core.withLock { core in
        let now = MonotonicTime.now()
        takeInbox(&core, staysAwake: true, at: now)
        for event in events.prefix(count) {
          if event.data.u64 == Poller.wakeToken {
            poller.acknowledge()
          } else {
            core.ready(slot: Int(truncatingIfNeeded: event.data.u64), at: now)
          }
        }
        if core.nextTimer <= now { core.expire(at: now) }
        core.distribute(at: now)
        settle(&core)
        let isOver = core.isStopping && advanceStop(&core, &stopLimit, at: now)
        finished = core.takeFinished()
        milliseconds = prepareSleep(&core, until: stopLimit, at: now)
        return isOver
      }
      Self.deliver(finished)
      if isOver { break }
    }
    // What came in between.
    var late = inbox.withLock { inbox in
      inbox.isClosed = true
      inbox.connections = []
      var late = Ring<Operation>()
      swap(&late, &inbox.operations)
      return late
    }
    refuse(&late, DatabaseError(.pillion(.unavailable), "shutting down"))
  }

  private func takeInbox(_ core: inout PointLaneCore, staysAwake: Bool, at now: UInt64) {
    let news = inbox.withLock { inbox -> Inbox? in
      inbox.isAwake = staysAwake
      // Both keep the room they have.
      swap(&core.arrivals, &inbox.operations)
      inbox.waiting = core.queue.count + core.arrivals.count
      if inbox.isStopping { core.isStopping = true }
      guard !inbox.isEmpty else { return nil }
      let news = inbox
      inbox.connections = []
      inbox.connectFailure = nil
      inbox.serverAnswers = false
      inbox.cancelsSent = []
      inbox.hasCancellations = false
      return news
    }
    if let news {
      if let failure = news.connectFailure { core.acceptFailure(failure) }
      if news.serverAnswers { core.serverAnswers(at: now) }
      for connection in news.connections { core.accept(connection, at: now) }
      for handle in news.cancelsSent { core.cancelSent(handle) }
      if news.hasCancellations { core.nextTimer = now }
    }
    while let operation = core.arrivals.removeFirst() { core.accept(operation, at: now) }
  }

  /// Passes on what the core wants of others.
  private func settle(_ core: inout PointLaneCore) {
    while core.wanted > 0 {
      core.wanted -= 1
      if !core.isStopping { connector.request(.point, for: self) }
    }
    guard !core.cancels.isEmpty else { return }
    for handle in core.cancels {
      canceller.request(handle) { [self] in post { $0.cancelsSent.append(handle) } }
    }
    core.cancels.removeAll(keepingCapacity: true)
  }

  /// Milliseconds to sleep: none when something has come meanwhile.
  private func prepareSleep(_ core: inout PointLaneCore, until stopLimit: UInt64?, at now: UInt64) -> Int32 {
    core.wakesAt = min(core.nextTimer, stopLimit ?? MonotonicTime.never)
    let mustStay = inbox.withLock { inbox in
      inbox.waiting = core.queue.count
      inbox.isAwake = !inbox.isEmpty || (inbox.isStopping && !core.isStopping)
      return inbox.isAwake
    }
    return mustStay ? 0 : MonotonicTime.milliseconds(from: now, to: core.wakesAt)
  }

  /// Whether all is answered. The queue is at once; what runs has until the grace is over.
  private func advanceStop(_ core: inout PointLaneCore, _ limit: inout UInt64?, at now: UInt64) -> Bool {
    for flight in core.queue.takeAll() {
      core.fail(flight, DatabaseError(.pillion(.unavailable), "shutting down"))
    }
    let end = limit ?? MonotonicTime.after(now, configuration.shutdownGrace.nanoseconds)
    limit = end
    guard core.isIdle && !core.hasUncommitted || now >= end else { return false }
    for case let connection? in core.slots {
      if connection.load > 0 { core.cancels.append(connection.connection.cancelHandle) }
      core.lose(connection, at: now)
    }
    settle(&core)
    return true
  }

  private static func deliver(_ finished: ContiguousArray<Job>) {
    guard !finished.isEmpty else { return }
    var outbox = Outbox()
    for job in finished { outbox.append(job) }
    outbox.flush()
  }
}

extension PointLaneCore {
  var hasUncommitted: Bool { slots.contains { $0?.uncommitted.isEmpty == false } }

  mutating func takeFinished() -> ContiguousArray<Job> {
    guard !finished.isEmpty else { return [] }
    var taken: ContiguousArray<Job> = []
    swap(&taken, &finished)
    return taken
  }
}
