internal import CPillionPostgreSQL
internal import Glibc
internal import PillionDatabase

/// Threads that send cancel requests, which libpq 15 can only do blocking.
final class Canceller: Sendable {
  private struct State {
    var requests = Ring<Request>()
    var threads: [LaneThread] = []
    var running = 0
    var isStopped = false
  }
  private struct Request: Sendable {
    var handle: CancelHandle
    var completion: @Sendable () -> Void
  }
  private static let threads = 2

  private let state = Locked(State())
  // A semaphore: one token a request, and one a thread to end it.
  private let tokens: Int32

  init() throws(DatabaseError) {
    tokens = eventfd(0, Int32(EFD_CLOEXEC | EFD_SEMAPHORE))
    guard tokens >= 0 else { throw DatabaseError(.pillion(.exhausted), "no file descriptor left: error \(errno)") }
  }

  deinit { if tokens >= 0 { close(tokens) } }

  /// Sends a request soon; `completion` runs on one of the threads when the server has taken it.
  func request(_ handle: CancelHandle, completion: @escaping @Sendable () -> Void) {
    let isTaken = state.withLock { state in
      guard !state.isStopped else { return false }
      if state.threads.count < Self.threads,
        let thread = try? LaneThread(name: "pg-cancel", { [self] in run() })
      {
        state.threads.append(thread)
        state.running += 1
      }
      guard !state.threads.isEmpty else { return false }
      state.requests.append(Request(handle: handle, completion: completion))
      return true
    }
    if isTaken { post(1) } else { completion() }
  }

  /// Sends what is left and ends the threads. One that waits for a server which does not answer is left to itself after
  /// a second: nothing can interrupt `PQcancel`.
  func stop() {
    let threads = state.withLock { state in
      state.isStopped = true
      defer { state.threads = [] }
      return state.threads
    }
    post(UInt64(threads.count))
    for _ in 0..<100 where state.withLock({ $0.running }) > 0 { usleep(10_000) }
    let isEnded = state.withLock { $0.running } == 0
    for thread in threads { isEnded ? thread.join() : thread.detach() }
  }

  private func run() {
    while true {
      var token: UInt64 = 0
      if read(tokens, &token, 8) < 0, errno == EINTR { continue }
      let (request, ends) = state.withLock { state -> (Request?, Bool) in
        let request = state.requests.removeFirst()
        let ends = request == nil && state.isStopped
        if ends { state.running -= 1 }
        return (request, ends)
      }
      if ends { return }
      guard let request else { continue }
      request.handle.send()
      request.completion()
    }
  }

  private func post(_ count: UInt64) {
    guard count > 0 else { return }
    var count = count
    _ = write(tokens, &count, 8)
  }
}
