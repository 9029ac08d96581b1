import Dispatch
import Synchronization

/// Runs an asynchronous body and waits for its result. Only for threads that may wait, such as a command's main thread.
func waitFor<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
  try run(body).get()
}

/// As above, for a body that cannot fail.
func waitFor(_ body: @escaping @Sendable () async -> Void) {
  _ = run { await body() }
}

private func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) -> Result<Value, any Error> {
  let done = DispatchSemaphore(value: 0)
  let box = ResultBox<Value>()
  Task.detached {
    do {
      let value = try await body()
      box.result.withLock { $0 = .success(value) }
    } catch {
      box.result.withLock { $0 = .failure(error) }
    }
    done.signal()
  }
  done.wait()
  return box.result.withLock { $0 } ?? .failure(CancellationError())
}

private final class ResultBox<Value: Sendable>: Sendable {
  let result = Mutex<Result<Value, any Error>?>(nil)
}
