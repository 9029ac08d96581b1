/// What answers one call.
///
/// Every method runs on the call's event loop and must not block it. A handler may answer from inside any of them, or
/// later from the same loop through the `ServerCall` it was made for. The transport keeps the handler until the call
/// has ended, that is until `finish` was called and the last byte handed on, or until `onCancel`.
package protocol CallHandler: AnyObject {
  /// One whole request message, without its prefix and already decompressed; `bytes` are borrowed until return.
  func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall)
  /// The client has half-closed: no message will follow.
  func onRequestEnd(_ call: ServerCall)
  /// The call is over and nothing that is sent will arrive. Called once at most, never after `finish`.
  func onCancel(_ reason: CancelReason, _ call: ServerCall)
  /// What was sent has drained below the low-water mark: a streaming handler may send more.
  func onDrained(_ call: ServerCall)
  /// The server has begun to shut down. Calls in flight may finish; one that only ends when its client wants it to should
  /// end now, or it holds up the end of the server until the grace is over.
  func onShutdown(_ call: ServerCall)
}

extension CallHandler {
  package func onShutdown(_ call: ServerCall) {}
}

package enum CancelReason: Sendable, Hashable {
  /// RST_STREAM from the client.
  case client
  /// `grpc-timeout` ran out; the transport has already answered DEADLINE_EXCEEDED.
  case deadline
  /// The connection closed or failed.
  case connection
  /// The server's shutdown grace ran out.
  case shutdown
  /// One of the server's limits ended the call; the client was told RESOURCE_EXHAUSTED.
  case limit
}

/// A method of a service: makes a handler for each call.
///
/// Of classes, as each call takes hold of it.
package protocol MethodHandler: AnyObject, Sendable {
  /// Called on the call's event loop when the request's headers have come.
  func makeHandler(for call: ServerCall) -> any CallHandler
}

/// One rpc as the router knows it.
public struct MethodDescriptor: Sendable {
  /// `/blog.PostController/Retrieve`; one that the server does not have as it was sent, cut to 256 bytes.
  public var path: String
  /// At most one request message: the transport itself answers INTERNAL or UNIMPLEMENTED when none or two come.
  public var isClientStreaming: Bool
  public var isServerStreaming: Bool
  /// Whether it writes to the database.
  public var isMutating: Bool
  /// Whether the server has the method; false: the path is what a client made up.
  public internal(set) var isKnown = true
  /// The model that it is about, such as `blog.Post`, for the audit; nil: none.
  public var model: String?
  /// The place that whoever counts calls has given it; 0: none.
  package var number = 0

  package init(
    path: String, isClientStreaming: Bool = false, isServerStreaming: Bool = false, isMutating: Bool = false
  ) {
    self.path = path
    self.isClientStreaming = isClientStreaming
    self.isServerStreaming = isServerStreaming
    self.isMutating = isMutating
  }
}

/// Watches calls end; called on the call's event loop, after the last byte of the answer was handed on.
package protocol CallObserver: Sendable {
  func callEnded(_ call: ServerCall, _ summary: CallSummary)
}

/// How a call ended: what a log line or a metric needs, besides the call itself.
public struct CallSummary: Sendable {
  public var status: StatusCode
  public var durationNanoseconds: Int64
  public var requestBytes: Int
  public var responseBytes: Int
}
