import Synchronization

/// The connections that code of one's own works with: a bounded number of sessions, each with a thread, opened when the
/// first one asks.
package final class SessionPool: Sendable {
  package typealias Open = @Sendable () throws(DatabaseError) -> any Session

  private struct State {
    var idle: [SessionThread] = []
    var count = 0
    var isClosed = false
    var nextWaiter = 0
    /// Callers so far that had to wait.
    var waits = 0
    var waiters: [(id: Int, continuation: CheckedContinuation<SessionThread, any Error>)] = []
  }

  private let open: Open
  private let limit: Int
  private let state = Mutex(State())

  package init(limit: Int, open: @escaping Open) {
    self.limit = max(1, limit)
    self.open = open
  }

  /// Lends a session to `body`, which waits for one if all are lent. Nothing of it may be used afterwards.
  ///
  /// - Parameter deadline: monotonic nanoseconds, after which statements are stopped; 0: none.
  package func withSession<Result: Sendable>(
    deadline: UInt64, _ body: (SessionLease) async throws -> Result
  ) async throws -> Result {
    let thread = try await take()
    let lease = SessionLease(thread: thread, deadline: deadline)
    let result: Swift.Result<Result, any Error>
    do {
      result = .success(
        try await withTaskCancellationHandler {
          try await body(lease)
        } onCancel: {
          lease.cancel()
        })
    } catch {
      result = .failure(error)
    }
    await lease.end()
    give(thread)
    return try result.get()
  }

  /// Sessions that are lent end when they are given back. Called once, when no call is left, by a thread that may wait.
  package func close() {
    let (threads, waiters) = state.withLock { state in
      state.isClosed = true
      defer { (state.idle, state.waiters) = ([], []) }
      return (state.idle, state.waiters)
    }
    for waiter in waiters { waiter.continuation.resume(throwing: Self.closed) }
    for thread in threads { thread.stop(waits: true) }
  }

  /// As those of a driver's lanes; a connection counts from the first time that somebody asks for it.
  package var statistics: DriverStatistics.Lane {
    var lane = DriverStatistics.Lane(name: "sessions")
    lane.limit = limit
    state.withLock { state in
      lane.connections = state.count
      lane.busy = state.count - state.idle.count
      lane.waiting = state.waiters.count
      lane.waits = state.waits
    }
    return lane
  }

  private static var closed: DatabaseError { DatabaseError(.pillion(.unavailable), "the server is shutting down") }

  private enum Taking {
    case found(SessionThread)
    case make
    case failed(any Error)
    case wait
  }

  private func take() async throws -> SessionThread {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let taking = state.withLock { state -> Taking in
          if state.isClosed { return .failed(Self.closed) }
          if Task.isCancelled { return .failed(CancellationError()) }
          if let thread = state.idle.popLast() { return .found(thread) }
          if state.count < limit {
            state.count += 1
            return .make
          }
          state.waits += 1
          state.waiters.append((id, continuation))
          return .wait
        }
        switch taking {
        case .found(let thread): continuation.resume(returning: thread)
        case .failed(let error): continuation.resume(throwing: error)
        case .wait: break
        case .make:
          do throws(DatabaseError) {
            continuation.resume(returning: try SessionThread(open: open))
          } catch {
            state.withLock { $0.count -= 1 }
            continuation.resume(throwing: error)
          }
        }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
      }
      waiter?.continuation.resume(throwing: CancellationError())
    }
  }

  private func give(_ thread: SessionThread) {
    let (waiter, ends) = state.withLock { state -> (CheckedContinuation<SessionThread, any Error>?, Bool) in
      if state.isClosed { return (nil, true) }
      if !state.waiters.isEmpty { return (state.waiters.removeFirst().continuation, false) }
      state.idle.append(thread)
      return (nil, false)
    }
    waiter?.resume(returning: thread)
    if ends { thread.stop(waits: false) }
  }
}

/// A thread with a session that nobody else touches; runs what it is given, one after the other.
///
/// `@unchecked Sendable`: `session` is touched only on the thread; the rest is immutable or locked.
final class SessionThread: @unchecked Sendable {
  typealias Work = @Sendable (SessionThread) -> Void

  private let queue = WorkQueue<Work>()
  private let open: SessionPool.Open
  private var session: (any Session)?
  /// Set before anybody else knows of it.
  private var thread: LaneThread?

  init(open: @escaping SessionPool.Open) throws(DatabaseError) {
    self.open = open
    thread = try LaneThread(name: "session") { [queue] in
      // The last reference goes with the thread, and with it the connection.
      while let work = queue.take() { work(self) }
      self.session = nil
    }
  }

  func submit(_ work: @escaping Work) { queue.put(work) }

  /// Once.
  func stop(waits: Bool) {
    queue.close()
    if waits { thread?.join() } else { thread?.detach() }
  }

  // MARK: On the thread

  /// The session, opened anew where there is none that works.
  func current() throws(DatabaseError) -> any Session {
    if let session, session.isUsable { return session }
    session = nil
    let opened = try open()
    session = opened
    return opened
  }

  /// The session, if one is open and works.
  var existing: (any Session)? { session.flatMap { $0.isUsable ? $0 : nil } }

  /// Closes the connection: nobody knows what state it is in.
  func drop() { session = nil }
}
