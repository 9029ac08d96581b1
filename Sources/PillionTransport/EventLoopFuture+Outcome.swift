import NIOCore

extension EventLoopFuture where Value: Sendable {
  /// The result, as `get()` returns it; through a checked continuation, because the thread sanitizer takes the
  /// unchecked one that `get()` inlines for a race.
  func outcome() async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      whenComplete { continuation.resume(with: $0) }
    }
  }
}
