/// A layer around every call: unknown methods, health, reflection and the methods that a reload adds included.
///
/// The configuration's order is the order of the layers. A request goes through them from the first to the last, its
/// answer from the last to the first; what a layer refuses, the layers below never see:
///
///     request ─► request_id ─► logging ─► authentication ─► … ─► the method
///     answer  ◄─ request_id ◄─ logging ◄─ authentication ◄─ … ◄─ the method
///
/// A layer finds on the call what it needs: `method` (whose path is the one that was dispatched, never another spelling
/// of it), `metadata`, `peer`, `peerIdentity`, `deadline`, `requestID`, `rowCount`, and what other layers have noted in
/// `attributes`. It may change `metadata`, move the deadline, and add headers and trailers.
///
/// Every method runs on the call's event loop and must not block it. What needs to wait, waits in `Verdict.wait`; only
/// the calls for which it is returned pay for a task. One layer serves all loops: what it keeps between calls is its
/// own to protect, or to hold a loop at a time with `PerLoop`.
public protocol Interceptor: Sendable {
  /// The request's headers have come, and no message.
  ///
  /// A request that the transport itself refuses (a wrong content type, too long a header list) passes the layers as
  /// well, so that they can count and log it; then the verdict only decides whether the layers below see it.
  func begin(_ call: ServerCall) -> Verdict

  /// How the call ends is settled, and nothing of its trailers has gone out: the layer may change the status and add
  /// trailers, and headers if no message was sent. Called for every call that is answered and that this layer let
  /// proceed, be it answered by the method, by a layer below or by the transport, for a deadline that has passed say.
  ///
  /// A status other than OK takes the place of a unary answer; it is added to the messages of a stream.
  func finish(_ call: ServerCall, _ status: inout Status)

  /// The call is over: the last byte of its answer is handed on, or it was cancelled. Called once for every call whose
  /// `begin` this layer was given, whatever its verdict.
  func end(_ call: ServerCall, _ summary: CallSummary)

  /// The server has stopped and no call will come: writes out what waits. Called once, on no loop.
  func shutDown()
}

extension Interceptor {
  public func finish(_ call: ServerCall, _ status: inout Status) {}
  public func end(_ call: ServerCall, _ summary: CallSummary) {}
  public func shutDown() {}
}

/// A layer that also looks at the messages; the calls of a server without one do not pay for it.
///
/// It sees those of the calls that it let proceed.
public protocol MessageInterceptor: Interceptor {
  /// A whole request message, decompressed and without prefix, before the layers below and the method get it; `bytes`
  /// are borrowed until return.
  func received(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall)

  /// One or more response messages, each with its five-byte prefix, before they are compressed.
  func sending(_ framed: [UInt8], _ call: ServerCall)
}

/// What a layer says to a call that begins.
public enum Verdict: Sendable {
  /// On to the next layer.
  case proceed
  /// The call ends with this status; one that is OK is INTERNAL, as there is no answer. The layers above see it end.
  case refuse(Status)
  /// The call ends with OK and these messages, each with its five-byte prefix.
  case answer([UInt8])
  /// The verdict is found out without holding up the event loop; until then the call's messages wait, with the
  /// transport or the client.
  ///
  /// What the closure returns counts on the event loop, where the next layer then begins. Its task is cancelled when
  /// the call ends meanwhile; what it then returns does not count. A second `wait` from it is INTERNAL.
  case wait(@Sendable () async -> Verdict)
}
