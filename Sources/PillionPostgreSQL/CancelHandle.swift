internal import CPillionPostgreSQL

/// What a cancel request needs to know of a connection; outlives it.
///
/// `@unchecked Sendable`: `PQcancel` only reads the object, and the manual calls it safe in any thread.
final class CancelHandle: @unchecked Sendable {
  private let handle: OpaquePointer

  init?(_ connection: OpaquePointer) {
    guard let handle = PQgetCancel(connection) else { return nil }
    self.handle = handle
  }

  deinit { PQfreeCancel(handle) }

  /// Asks the server, over a connection of its own, to stop what the connection runs. Blocks until the server has
  /// taken the request; whether there was something to stop is not known.
  func send() {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      _ = PQcancel(handle, buffer.baseAddress, 256)
    }
  }
}
