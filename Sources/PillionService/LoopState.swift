package import NIOCore
package import PillionDatabase
import PillionWire

/// What the calls of one event loop share: the way to the lanes and back, and memory that every request reuses.
///
/// `@unchecked Sendable`: `message`, `outgoing` and `driver` are touched only on `eventLoop`; the rest is immutable.
package final class LoopState: Mailbox, @unchecked Sendable {
  package let eventLoop: any EventLoop
  /// For tasks that are to run on the loop, between its other work.
  let executor: LoopExecutor
  var message = DecodedMessage()
  /// For `driver`, which gets them when the loop has read what its connections have sent.
  private var outgoing = Ring<Operation>()
  private var driver: (any Driver)?

  package init(eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
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
    outgoing.append(operation)
  }

  private func handOver() {
    driver.take()?.submit(&outgoing)
  }

  package func deliver(_ jobs: ContiguousArray<Job>) {
    eventLoop.execute {
      for job in jobs { job.arrive() }
    }
  }

  package func whenIdle(_ work: @escaping @Sendable () -> Void) -> Bool {
    eventLoop.execute(work)
    return true
  }
}

/// The states of a server's event loops.
package struct LoopStates: Sendable {
  private let states: [LoopState]

  package init(group: any EventLoopGroup) {
    var states: [LoopState] = []
    for loop in group.makeIterator() { states.append(LoopState(eventLoop: loop)) }
    self.states = states
  }

  package var count: Int { states.count }

  /// The state of the loop that runs the caller; a handful of loops, so a scan beats a table.
  func state(of eventLoop: any EventLoop) -> LoopState {
    states.first { $0.eventLoop === eventLoop } ?? LoopState(eventLoop: eventLoop)
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
