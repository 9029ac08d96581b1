package import NIOCore
package import PillionDatabase
import PillionWire

/// What the calls of one event loop share: the way to the lanes and back, and memory that every request reuses.
///
/// `@unchecked Sendable`: what changes is touched only on `eventLoop`; the rest is immutable.
package final class LoopState: Mailbox, @unchecked Sendable {
  package let eventLoop: any EventLoop
  /// For tasks that are to run on the loop, between its other work.
  let executor: LoopExecutor
  var message = DecodedMessage()
  /// For `driver`, which gets them when the loop has read what its connections have sent.
  private var outgoing = Ring<Operation>()
  private var driver: (any Driver)?
  /// Whether the loop may wait without sleeping.
  private let staysAwake: Bool
  /// Whether it has waited so for the call that comes next.
  private var isAwake = false
  /// One that does not pay costs less than a call does.
  private var awakeWaits = AdaptiveWait(longestPause: 64)

  /// - Parameter staysAwake: whether the loop may wait for input without sleeping (`attend`).
  package init(eventLoop: any EventLoop, staysAwake: Bool) {
    self.eventLoop = eventLoop
    self.staysAwake = staysAwake
    executor = LoopExecutor(eventLoop: eventLoop)
  }

  /// Hands an operation to its driver, together with those that come in the same turn of the loop: they share the lock of
  /// the lane's queue and the wake of its thread, and on PostgreSQL a statement. On `eventLoop`.
  func submit(_ operation: Operation, to driver: any Driver) {
    if outgoing.isEmpty { eventLoop.execute { self.handOver() } }
    if self.driver !== driver {
      handOver()
      self.driver = driver
    }
    if isAwake {
      operation.staysAwake = true
      isAwake = false
    }
    outgoing.append(operation)
  }

  /// Waits without sleeping for the next call of the client that `operation` has answered. On `eventLoop`, once the answer
  /// is on its way.
  ///
  /// Putting a thread to sleep and waking it takes longer than a small query. Where one client calls again as soon as it
  /// has its answer, and nobody else wants anything, the loop therefore stays awake, for the client's next call as for the
  /// database's answer to it; as long as it pays: both came within `AwakeWait.nanoseconds`.
  ///
  /// - Parameter socket: the client's; nil where somebody else waits for the loop. Asked once the answer has been sent.
  func attend(after operation: Operation, _ socket: @escaping @Sendable () -> Int32?) {
    guard staysAwake else { return }
    guard operation.cameAtOnce else {
      if operation.staysAwake { awakeWaits.note(hasPaid: false) }
      return
    }
    guard awakeWaits.permits() else { return }
    // Behind the task that sends the answer.
    eventLoop.execute {
      self.isAwake = socket().map(AwakeWait.untilReadable) ?? false
      self.awakeWaits.note(hasPaid: self.isAwake)
    }
  }

  private func handOver() {
    driver.take()?.submit(&outgoing)
  }

  package func deliver(_ jobs: ContiguousArray<Job>) {
    eventLoop.execute {
      for job in jobs { job.arrive() }
    }
  }

  package var isOwnThread: Bool { eventLoop.inEventLoop }

  package func whenIdle(_ work: @escaping @Sendable () -> Void) -> Bool {
    eventLoop.execute(work)
    return true
  }
}

/// The states of a server's event loops.
package struct LoopStates: Sendable {
  private let states: [LoopState]

  package init(group: any EventLoopGroup, staysAwake: Bool) {
    var states: [LoopState] = []
    for loop in group.makeIterator() { states.append(LoopState(eventLoop: loop, staysAwake: staysAwake)) }
    self.states = states
  }

  package var count: Int { states.count }

  /// The state of the loop that runs the caller; a handful of loops, so a scan beats a table.
  func state(of eventLoop: any EventLoop) -> LoopState {
    states.first { $0.eventLoop === eventLoop } ?? LoopState(eventLoop: eventLoop, staysAwake: false)
  }
}

/// Runs tasks on an event loop: what answers them there resumes them without a change of threads.
final class LoopExecutor: TaskExecutor {
  private let eventLoop: any EventLoop

  init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
