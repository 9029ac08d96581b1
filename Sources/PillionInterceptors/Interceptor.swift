package import PillionTransport

/// A layer around every call: unknown methods, health and reflection included.
///
/// The configuration's order is the order of the layers. A request goes through them from the first to the last, its
/// answer from the last to the first; what a layer refuses, the layers below never see:
///
///     request ─► request_id ─► logging ─► authentication ─► … ─► the method
///     answer  ◄─ request_id ◄─ logging ◄─ authentication ◄─ … ◄─ the method
///
/// Every method runs on the call's event loop and must not block it. What needs to wait, waits in `Verdict.wait`; only
/// the calls for which it is returned pay for a task.
package protocol Interceptor: Sendable {
  /// The request's headers have come. The layer may read `call.metadata`, note attributes, add headers and trailers.
  func begin(_ call: ServerCall) -> Verdict

  /// The method, or a layer below, has settled how the call ends, and nothing of its trailers has gone out: the layer
  /// may change the status and add trailers. Not called for a call that was cancelled.
  func finish(_ call: ServerCall, _ status: inout Status)

  /// The call is over and the last byte of its answer handed on, or it was cancelled: called once for every call whose
  /// `begin` this layer was given, whatever its verdict.
  func end(_ call: ServerCall, _ summary: CallSummary)
}

extension Interceptor {
  package func finish(_ call: ServerCall, _ status: inout Status) {}
  package func end(_ call: ServerCall, _ summary: CallSummary) {}
}

/// What a layer says to a call that begins.
package enum Verdict: Sendable {
  /// On to the next layer.
  case proceed
  /// The call ends with this status, which must not be OK; the layers above see it end.
  case refuse(Status)
  /// The verdict is found out without holding up the event loop, where the closure's own verdict is then taken; until
  /// then the call's messages wait. A second `wait` from it is INTERNAL.
  case wait(@Sendable () async -> Verdict)
}
