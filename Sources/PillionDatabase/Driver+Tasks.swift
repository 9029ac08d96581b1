import Synchronization

extension Driver {
  /// Runs an operation for a task, which waits for its outcome; the task's cancellation stops it.
  ///
  /// - Parameters:
  ///   - deadline: monotonic nanoseconds; 0: none.
  ///   - mailbox: of the event loop that runs the task; nil: it runs elsewhere.
  package nonisolated(nonsending) func run(
    _ bound: BoundOperation, deadline: UInt64, session: CallSession? = nil, mailbox: (any Mailbox)? = nil
  ) async -> Operation.Outcome {
    let operation = AwaitedOperation(
      bound, mailbox: mailbox ?? TaskMailbox.shared, deadline: deadline, session: session)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        operation.continuation = continuation
        submit(operation)
        // A cancellation from before has found nothing to cancel.
        if Task.isCancelled { cancel(operation) }
      }
    } onCancel: {
      cancel(operation)
    }
  }

  /// The rows of a List for a task that takes them as it goes.
  ///
  /// - Parameter deadline: monotonic nanoseconds; 0: none.
  package func rows(_ list: BoundList, deadline: UInt64) -> AwaitedRows {
    AwaitedRows(list, driver: self, deadline: deadline)
  }
}

/// Hands news on where it arises, on a lane's thread: for jobs whose `arrive()` does no more than wake a task.
private final class TaskMailbox: Mailbox {
  static let shared = TaskMailbox()

  func deliver(_ jobs: ContiguousArray<Job>) {
    for job in jobs { job.arrive() }
  }
}

/// `@unchecked Sendable`: as `Job`; `continuation` is set before the operation is submitted.
private final class AwaitedOperation: Operation, @unchecked Sendable {
  var continuation: CheckedContinuation<Outcome, Never>?

  override public func arrive() { continuation?.resume(returning: outcome) }
}

/// The rows of a List in the hands of one task at a time. What it has not asked for waits in the database, as with a
/// client that reads slowly; when nobody holds it any more, the statement is stopped.
package final class AwaitedRows: Sendable {
  private let driver: any Driver
  private let stream: Stream
  private let state = Mutex(State.fresh)

  private enum State {
    case fresh
    case open
    case over
  }

  fileprivate init(_ list: BoundList, driver: any Driver, deadline: UInt64) {
    self.driver = driver
    stream = Stream(list, deadline: deadline)
  }

  deinit {
    if state.withLock({ $0 == .open }) { driver.cancel(stream) }
  }

  /// Messages, each behind its five-byte prefix; nil: there are no more.
  package func next() async throws(DatabaseError) -> [UInt8]? {
    let before = state.withLock { state in
      defer { if state == .fresh { state = .open } }
      return state
    }
    switch before {
    case .over: return nil
    case .fresh: driver.open(stream)
    case .open: break
    }
    while true {
      let delivery = stream.take()
      if delivery.needsResume { driver.resume(stream) }
      if let end = delivery.end {
        state.withLock { $0 = .over }
        if case .failed(let error) = end { throw error }
      }
      if !delivery.chunks.isEmpty { return Array(delivery.chunks.map(\.bytes).joined()) }
      if delivery.end != nil { return nil }
      await news()
    }
  }

  private func news() async {
    await withTaskCancellationHandler {
      await stream.news()
    } onCancel: {
      driver.cancel(stream)
    }
  }

  /// `@unchecked Sendable`: as `RowStream`.
  private final class Stream: RowStream, @unchecked Sendable {
    private struct News {
      var hasCome = false
      var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(News())

    init(_ list: BoundList, deadline: UInt64) {
      super.init(
        statement: list.statement, parameters: list.parameters, encoder: list.encoder, cutter: list.cutter,
        mailbox: TaskMailbox.shared, deadline: deadline)
    }

    override public func arrive() {
      let waiter = state.withLock { state in
        state.hasCome = state.waiter == nil
        return state.waiter.take()
      }
      waiter?.resume()
    }

    /// Returns when something has come since it was last called.
    func news() async {
      await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        let isThere = state.withLock { state in
          guard !state.hasCome else {
            state.hasCome = false
            return true
          }
          state.waiter = continuation
          return false
        }
        if isThere { continuation.resume() }
      }
    }
  }
}
