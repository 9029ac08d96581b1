import Synchronization

/// A session in the hands of one call: transactions that nest, statements, and the end of all of them.
package final class SessionLease: Sendable {
  private let thread: SessionThread
  /// Known to every statement, so that it stops when the call ends.
  private let job: Job
  /// Transactions that are open, the outermost and its savepoints.
  private let depth = Mutex(0)
  /// The operation or List that runs, if one does.
  private let running = Mutex<Job?>(nil)

  init(thread: SessionThread, deadline: UInt64) {
    self.thread = thread
    job = Job(mailbox: NoMailbox(), deadline: deadline)
  }

  /// The call has ended: stops the statement that runs, undoes what is open at once, however long the code that holds the
  /// lease goes on, and refuses what it asks for later.
  package func cancel() {
    job.markCancelled()
    running.withLock { $0?.markCancelled() }
    thread.submit { $0.drop() }
  }

  /// Runs `body` in a transaction, or, inside one, behind a savepoint: kept when it returns, undone when it throws.
  package func transaction<Result>(_ body: () async throws -> Result) async throws -> Result {
    let level = depth.withLock { depth in
      defer { depth += 1 }
      return depth
    }
    defer { depth.withLock { $0 -= 1 } }
    try await control(level == 0 ? .begin : .savepoint(level))
    do {
      let result = try await body()
      try await control(level == 0 ? .commit : .release(level))
      return result
    } catch {
      await undo(level)
      throw error
    }
  }

  /// Has what follows in the transaction run for a caller's role.
  package func assume(_ caller: CallSession) async throws {
    let job = job
    try await onThread(opens: false) { session throws(DatabaseError) in try session.assume(caller, for: job) }
  }

  /// Runs an operation inside the transaction that is open.
  package func run(_ operation: Operation) async throws -> Operation.Outcome {
    try await tracked(operation) { session throws(DatabaseError) in session.run(operation) }
  }

  /// The same behind a savepoint of its own: what fails leaves nothing behind, and the transaction can go on. One turn of the
  /// thread where it succeeds.
  package func runApart(_ operation: Operation) async throws -> Operation.Outcome {
    let level = depth.withLock { $0 }
    let job = job
    let outcome = try await tracked(operation) { session throws(DatabaseError) in
      try session.control(.savepoint(level), for: job)
      let outcome = session.run(operation)
      guard outcome.isKept else { return outcome }
      do throws(DatabaseError) {
        try session.control(.release(level), for: job)
        return outcome
      } catch {
        return .failed(error)
      }
    }
    if !outcome.isKept { await undo(level) }
    return outcome
  }

  /// The rows of a List inside the transaction that is open, as messages behind their prefixes.
  package func messages(_ list: BoundList) async throws -> [UInt8] {
    let stream = RowStream(
      statement: list.statement, parameters: list.parameters, encoder: list.encoder, cutter: list.cutter,
      mailbox: NoMailbox(), deadline: deadline)
    let chunks = try await tracked(stream) { session throws(DatabaseError) in try session.read(stream) }
    return Array(chunks.map(\.bytes).joined())
  }

  private func tracked<Result: Sendable>(
    _ job: Job, _ body: @escaping @Sendable (any Session) throws(DatabaseError) -> Result
  ) async throws -> Result {
    running.withLock { $0 = job }
    defer { running.withLock { $0 = nil } }
    return try await onThread(opens: false, body)
  }

  /// When statements are stopped; monotonic nanoseconds, 0: never.
  package var deadline: UInt64 { job.deadline }

  /// Runs one statement; without a transaction it is one by itself.
  package func rows(_ sql: String, _ values: [SessionValue]) async throws -> [[SessionValue]] {
    let job = job
    let opens = depth.withLock { $0 == 0 }
    return try await onThread(opens: opens) { session throws(DatabaseError) in try session.rows(sql, values, for: job) }
  }

  private func control(_ control: SessionControl) async throws {
    let job = job
    try await onThread(opens: control == .begin) { session throws(DatabaseError) in
      try session.control(control, for: job)
    }
  }

  /// A transaction that cannot be undone goes with its connection.
  private func undo(_ level: Int) async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      thread.submit { thread in
        defer { continuation.resume() }
        guard let session = thread.existing else { return thread.drop() }
        // Not this call's job: what is undone is undone also for a call that has ended.
        let job = Job(mailbox: NoMailbox())
        do throws(DatabaseError) {
          if level == 0 {
            try session.control(.rollback, for: job)
          } else {
            try session.control(.rollbackTo(level), for: job)
            try session.control(.release(level), for: job)
          }
        } catch {
          thread.drop()
        }
      }
    }
  }

  /// Returns when nothing of it runs any more.
  func end() async {
    job.markCancelled()
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      thread.submit { thread in
        if thread.existing == nil { thread.drop() }
        continuation.resume()
      }
    }
  }

  /// - Parameter opens: whether a new connection will do where the old one is broken. In a transaction it will not: what
  ///   follows would be kept without what came before, and run without the caller's role.
  private func onThread<Result: Sendable>(
    opens: Bool, _ body: @escaping @Sendable (any Session) throws(DatabaseError) -> Result
  ) async throws -> Result {
    let job = job
    return try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Result, any Error>) in
      thread.submit { thread in
        do throws(DatabaseError) {
          if let error = job.end(at: MonotonicTime.now()) { throw error }
          guard let session = try opens ? thread.current() : thread.existing else {
            throw DatabaseError(.pillion(.unavailable), "the connection broke in the middle of a transaction")
          }
          continuation.resume(returning: try body(session))
        } catch {
          continuation.resume(throwing: error)
        }
      }
    }
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
