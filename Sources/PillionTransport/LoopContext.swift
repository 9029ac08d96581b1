package import NIOCore

/// What the connections of one event loop share: the routes, the list of those with output to send, the wheel of
/// deadlines, and the buffer they write through.
///
/// Connections whose calls are answered from outside their own reads are flushed once, after the task that answered:
/// answers handed to many calls in one `eventLoop.execute` leave together.
///
/// `@unchecked Sendable`: everything but `eventLoop` and `index`, which never change, is touched only on `eventLoop`.
package final class LoopContext: @unchecked Sendable {
  package let eventLoop: any EventLoop
  /// Place of this loop among the server's.
  package let index: Int

  /// What deadlines are measured by.
  package let clock: ServerClock
  let configuration: TransportConfiguration
  let load: ServerLoad
  let callCount: CallCount
  let clockLimits: ConnectionClock.Limits
  /// The layers around every call; nil: none.
  let chain: InterceptorChain?
  let observer: (any CallObserver)?
  let connectionObserver: (any ConnectionObserver)?
  @exclusivity(unchecked) var router: Router
  let standardHeaders = StandardHeaders()
  /// What connections write their frames into, one after the other.
  @exclusivity(unchecked) var scratch: ByteBuffer
  @exclusivity(unchecked) var memory: LoopMemory
  let sessionMemory = SessionMemory()
  private(set) var isShuttingDown = false
  private var deflaters: [Compression: Deflater] = [:]

  private var connections: [Connection] = []
  private var dirty: [Connection] = []
  private var isFlushScheduled = false
  @exclusivity(unchecked) private var wheel = DeadlineWheel()
  private var timer: Scheduled<Void>?
  /// When it fires; `max`: there is none.
  private var timerTime = UInt64.max
  private var allClosed: EventLoopPromise<Void>?
  private var isWatching = false
  private let watchInterval: TimeAmount

  init(
    eventLoop: any EventLoop, index: Int, configuration: TransportConfiguration, router: Router, load: ServerLoad,
    clock: ServerClock = ServerClock(), interceptors: [any Interceptor] = [], observer: (any CallObserver)?,
    connectionObserver: (any ConnectionObserver)? = nil
  ) {
    self.clock = clock
    self.eventLoop = eventLoop
    self.index = index
    self.configuration = configuration
    self.router = router.copy()
    self.load = load
    self.callCount = load.makeCallCount()
    self.memory = LoopMemory(load.memory)
    self.clockLimits = ConnectionClock.Limits(configuration)
    self.watchInterval = configuration.watchInterval
    self.chain = interceptors.isEmpty ? nil : InterceptorChain(interceptors)
    self.observer = observer
    self.connectionObserver = connectionObserver
    self.scratch = ByteBufferAllocator().buffer(capacity: 64 << 10)
  }

  /// `CLOCK_MONOTONIC` in nanoseconds.
  package static func now() -> UInt64 { NIODeadline.now().uptimeNanoseconds }

  /// What compresses the loop's answers; nil when there is no memory for it.
  func deflater(_ compression: Compression) -> Deflater? {
    if let deflater = deflaters[compression] { return deflater }
    let deflater = Deflater(compression)
    deflaters[compression] = deflater
    return deflater
  }

  // MARK: Output

  /// Has `connection` flushed when the current task of the loop is over.
  func scheduleFlush(_ connection: Connection) {
    dirty.append(connection)
    if isFlushScheduled { return }
    isFlushScheduled = true
    eventLoop.execute { self.flushDirty() }
  }

  private func flushDirty() {
    isFlushScheduled = false
    var batch: [Connection] = []
    swap(&batch, &dirty)
    for connection in batch { connection.flush() }
    if dirty.isEmpty {
      batch.removeAll(keepingCapacity: true)
      swap(&batch, &dirty)
    }
  }

  // MARK: Deadlines

  /// `moment` is that of CLOCK_MONOTONIC.
  func addDeadline(of call: ServerCall, at moment: UInt64) {
    arm(at: wheel.insert(call, now: clock.time(at: moment)))
  }

  func removeDeadline(of call: ServerCall) {
    if call.wheelSlot >= 0 { wheel.remove(call) }
  }

  private func arm(at time: UInt64) {
    guard time < timerTime else { return }
    timer?.cancel()
    timer = eventLoop.scheduleTask(deadline: .uptimeNanoseconds(clock.moment(of: time))) { self.timerFired() }
    timerTime = time
  }

  private func timerFired() {
    timer = nil
    timerTime = .max
    for call in wheel.advance(to: clock.now()) { call.deadlinePassed() }
    if let next = wheel.nextTime { arm(at: next) }
  }

  /// The clock has been moved: what is due ends now.
  func clockMoved() {
    timer?.cancel()
    timerFired()
  }

  // MARK: Connections

  func add(_ connection: Connection) {
    connection.indexInLoop = connections.count
    connections.append(connection)
    watch()
    if isShuttingDown { connection.beginShutdown() }
  }

  /// Looks at the times of the connections as long as there are any.
  private func watch() {
    if isWatching { return }
    isWatching = true
    eventLoop.scheduleTask(in: watchInterval) {
      self.isWatching = false
      let now = Self.now()
      for connection in self.connections { connection.checkTimes(now: now) }
      if !self.connections.isEmpty { self.watch() }
    }
  }

  func remove(_ connection: Connection) {
    let index = connection.indexInLoop
    guard connections.indices.contains(index), connections[index] === connection else { return }
    connection.indexInLoop = -1
    assert(connection.heldBytes == 0, "what a connection made the server hold is counted to the end")
    let last = connections.removeLast()
    if last !== connection {
      last.indexInLoop = index
      connections[index] = last
    }
    if connections.isEmpty, let allClosed {
      self.allClosed = nil
      allClosed.succeed()
    }
  }

  /// Asks every connection to end, and makes those end that are left when `grace` is over.
  func beginShutdown(grace: TimeAmount, closed: EventLoopPromise<Void>) {
    if let allClosed {
      allClosed.futureResult.cascade(to: closed)
      return
    }
    isShuttingDown = true
    if connections.isEmpty { return closed.succeed() }
    allClosed = closed
    for connection in connections {
      connection.beginShutdown()
      connection.announceShutdown()
    }
    let task = eventLoop.scheduleTask(in: grace) {
      for connection in self.connections { connection.endShutdown() }
    }
    closed.futureResult.whenComplete { _ in task.cancel() }
  }
}
