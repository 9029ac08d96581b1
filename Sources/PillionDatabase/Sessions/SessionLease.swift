import Synchronization

/// A session in the hands of one call: transactions that nest, statements, and the end of all of them.
package final class SessionLease: Sendable {
  private let thread: SessionThread
  /// Known to every statement, so that it stops when the call ends.
  private let job: Job
  private let state = Mutex(State())
  /// The operation or List that runs, if one does.
  private let running = Mutex<Job?>(nil)

  private struct State {
    /// Transactions that are open, the outermost and its savepoints.
    var depth = 0
    /// Whether the database knows of the outermost, which begins with its first statement.
    var hasBegun = false
    /// What the thread has still to do.
    var pending = 0
  }

  init(thread: SessionThread, deadline: UInt64) {
    self.thread = thread
    job = Job(mailbox: NoMailbox(), deadline: deadline)
  }

  /// The call has ended: stops the statement that runs, undoes what is open at once, however long the code that holds the
  /// lease goes on, and refuses what it asks for later.
  package func cancel() {
    job.markCancelled()
    running.withLock { $0?.markCancelled() }
    thread.submit { [self] in rollBack($0) }
  }

  /// Runs `body` in a transaction, or, inside one, behind a savepoint: kept when it returns, undone when it throws.
  package func transaction<Result>(_ body: () async throws -> Result) async throws -> Result {
    let level = state.withLock { state in
      defer { state.depth += 1 }
      return state.depth
    }
    defer { state.withLock { $0.depth -= 1 } }
    if level > 0 { try await control(.savepoint(level)) }
    do {
      let result = try await body()
      if level > 0 { try await control(.release(level)) } else { try await commit() }
      return result
    } catch {
      await undo(level)
      throw error
    }
  }

  private var hasBegun: Bool { state.withLock { $0.hasBegun } }

  /// What has been undone already, as the call has ended, is no success.
  private func commit() async throws {
    if let error = job.end(at: MonotonicTime.now()) { throw error }
    guard hasBegun else { return }
    let job = job
    try await onThread { [self] (session, _) throws(DatabaseError) in
      try session.control(.commit, for: job)
      state.withLock { $0.hasBegun = false }
    }
  }

  /// Has what follows in the transaction run for a caller's role.
  package func assume(_ caller: CallSession) async throws {
    let job = job
    try await onThread { (session, _) throws(DatabaseError) in try session.assume(caller, for: job) }
  }

  /// Runs an operation inside the transaction that is open.
  package func run(_ operation: Operation) async throws -> Operation.Outcome {
    try await tracked(operation) { (session, _) throws(DatabaseError) in session.run(operation) }
  }

  /// The same so that what fails leaves nothing behind, and the transaction can go on: behind a savepoint of its own, unless
  /// there is nothing before it that could be lost. One turn of the thread where it succeeds.
  package func runApart(_ operation: Operation) async throws -> Operation.Outcome {
    let level = state.withLock { $0.depth }
    let job = job
    let (outcome, isSettled) = try await tracked(operation) { [self] (session, isFirst) throws(DatabaseError) in
      guard !isFirst else { return runFirst(operation, session) }
      try session.control(.savepoint(level), for: job)
      let outcome = session.run(operation)
      guard outcome.isKept else { return (outcome, false) }
      do throws(DatabaseError) {
        try session.control(.release(level), for: job)
        return (outcome, true)
      } catch {
        return (.failed(error), false)
      }
    }
    if !isSettled { await undo(level) }
    return outcome
  }

  /// On the thread. A transaction that is undone begins anew with what comes next.
  private func runFirst(_ operation: Operation, _ session: any Session) -> (Operation.Outcome, isSettled: Bool) {
    let outcome = session.run(operation)
    guard !outcome.isKept else { return (outcome, true) }
    do throws(DatabaseError) {
      try session.control(.rollback, for: Job(mailbox: NoMailbox()))
      state.withLock { $0.hasBegun = false }
    } catch {
      // What follows finds a connection that is of no use.
    }
    return (outcome, true)
  }

  /// The rows of a List inside the transaction that is open, as messages behind their prefixes.
  package func messages(_ list: BoundList) async throws -> [UInt8] {
    let stream = RowStream(
      statement: list.statement, parameters: list.parameters, encoder: list.encoder, cutter: list.cutter,
      mailbox: NoMailbox(), deadline: deadline)
    let chunks = try await tracked(stream) { (session, _) throws(DatabaseError) in try session.read(stream) }
    return Array(chunks.map(\.bytes).joined())
  }

  private func tracked<Result: Sendable>(
    _ job: Job, _ body: @escaping @Sendable (any Session, _ isFirst: Bool) throws(DatabaseError) -> Result
  ) async throws -> Result {
    running.withLock { $0 = job }
    defer { running.withLock { $0 = nil } }
    return try await onThread(body)
  }

  /// When statements are stopped; monotonic nanoseconds, 0: never.
  package var deadline: UInt64 { job.deadline }

  /// Runs one statement; without a transaction it is one by itself.
  package func rows(_ sql: String, _ values: [SessionValue]) async throws -> [[SessionValue]] {
    let job = job
    return try await onThread { (session, _) throws(DatabaseError) in try session.rows(sql, values, for: job) }
  }

  private func control(_ control: SessionControl) async throws {
    let job = job
    try await onThread { (session, _) throws(DatabaseError) in try session.control(control, for: job) }
  }

  // MARK: Undoing

  private func undo(_ level: Int) async {
    guard hasBegun else { return }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      thread.submit { [self] thread in
        if level == 0 { rollBack(thread) } else { rollBack(to: level, thread) }
        continuation.resume()
      }
    }
  }

  /// On the thread. What cannot be undone goes with its connection.
  private func rollBack(_ thread: SessionThread) {
    guard hasBegun else { return }
    send([.rollback], thread)
    state.withLock { $0.hasBegun = false }
  }

  /// On the thread; to a savepoint, which goes as well.
  private func rollBack(to level: Int, _ thread: SessionThread) {
    send([.rollbackTo(level), .release(level)], thread)
  }

  /// For no call: what is undone is undone also for one that has ended.
  private func send(_ controls: [SessionControl], _ thread: SessionThread) {
    guard let session = thread.existing else { return thread.drop() }
    do throws(DatabaseError) {
      for control in controls { try session.control(control, for: Job(mailbox: NoMailbox())) }
    } catch {
      thread.drop()
    }
  }

  /// Returns when nothing of it runs any more.
  func end() async {
    job.markCancelled()
    // Only what was asked for beside the lease's body may still run.
    guard state.withLock({ $0.pending > 0 }) else { return }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      thread.submit { _ in continuation.resume() }
    }
  }

  /// - Parameter body: gets the session, and whether it is the first in its transaction.
  private func onThread<Result: Sendable>(
    _ body: @escaping @Sendable (any Session, _ isFirst: Bool) throws(DatabaseError) -> Result
  ) async throws -> Result {
    state.withLock { $0.pending += 1 }
    return try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Result, any Error>) in
      thread.submit { [self] thread in
        let result = result(of: body, on: thread)
        // A connection that is of no use any more may hold locks.
        if thread.existing == nil { thread.drop() }
        state.withLock { $0.pending -= 1 }
        continuation.resume(with: result)
      }
    }
  }

  private func result<Result>(
    of body: (any Session, _ isFirst: Bool) throws(DatabaseError) -> Result, on thread: SessionThread
  ) -> Swift.Result<Result, any Error> {
    do throws(DatabaseError) {
      if let error = job.end(at: MonotonicTime.now()) { throw error }
      let (session, isFirst) = try session(of: thread)
      return .success(try body(session, isFirst))
    } catch {
      return .failure(error)
    }
  }

  /// In a transaction that has begun no other connection will do where its own is broken: what follows would be kept without
  /// what came before, and run without the caller's role.
  private func session(of thread: SessionThread) throws(DatabaseError) -> (any Session, isFirst: Bool) {
    let (isInside, hasBegun) = state.withLock { ($0.depth > 0, $0.hasBegun) }
    if hasBegun {
      if let session = thread.existing { return (session, false) }
      throw DatabaseError(.pillion(.unavailable), "the connection broke in the middle of a transaction")
    }
    let session = try thread.current()
    guard isInside else { return (session, false) }
    try session.control(.begin, for: job)
    state.withLock { $0.hasBegun = true }
    return (session, true)
  }
}

extension Operation.Outcome {
  /// Whether what the operation did is to stay.
  fileprivate var isKept: Bool {
    switch self {
    case .message, .done: true
    case .notFound, .denied, .failed, .pending: false
    }
  }
}

/// For jobs that nobody waits for by a mailbox.
package final class NoMailbox: Mailbox {
  package init() {}

  package func deliver(_ jobs: ContiguousArray<Job>) {}
}
