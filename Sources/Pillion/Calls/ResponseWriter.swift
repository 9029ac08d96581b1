/// The way of messages to the client.
public struct ResponseWriter: Sendable {
  let handler: TaskHandler

  /// Returns when the client has room for more; throws `CancellationError` when the call has ended.
  public func write(_ message: [UInt8]) async throws { try await handler.send(message) }
}
