package import PillionDatabase
package import PillionSchema
package import PillionTransport
import PillionWire

/// What a program has to say about the calls of a model's services, as the services know it: in bytes. All of it is asked
/// on the event loop; what it throws becomes the call's status, as `HookFailure` and `ErrorPolicy` have it.
///
/// Of classes, as each call takes hold of it, and of nothing where there are no hooks.
package protocol ModelHook: AnyObject, Sendable {
  /// When the request's message has come, before all else.
  func begin(_ call: ServerCall, _ request: [UInt8])

  /// Whether `baseRows` is known to be nil, whatever the call.
  var hasAllRows: Bool { get }

  /// Before the database is asked: which of the service's rows the call's action is about; nil: all of them. A Create does
  /// not ask.
  func baseRows(_ call: ServerCall) throws -> BaseRows?

  /// What becomes of the request's message before the definitions' rules look at it; nil: it stays as it is.
  ///
  /// - Parameter violations: gets what is wrong with it.
  func receive(
    _ request: [UInt8], _ action: Action, _ call: ServerCall, violations: inout [FieldViolation]
  ) throws -> [UInt8]?

  /// What changes the model's messages on their way out, one after the other; nil: they go out as they are.
  func presenter(_ call: ServerCall) -> RowPresenter?

  /// Before the call is answered: hands on what the hooks have added to the answer.
  func end(_ call: ServerCall)
}

extension ModelHook {
  /// The same for a request that may have asked for less than all of a message.
  func presenter(_ call: ServerCall, _ mask: MessageMask?) -> RowPresenter? {
    let present = presenter(call)
    guard let mask else { return present }
    return { message in
      guard let present else { return try mask.applied(to: message).framed }
      return try present(message).withMessage { try mask.applied(to: $0) }.framed
    }
  }
}

/// Hooks that may wait.
package protocol AnsweringHook: ModelHook {
  /// Whether the calls of this unary action go through hooks that may wait, so that a task must answer them.
  func waits(in action: Action) -> Bool

  /// Whether they may keep the thread that they run on; if not, `answer` runs on the call's event loop.
  var mayBlock: Bool { get }

  /// On the event loop, after `begin`: what `answer` wants to know of the call.
  func notes(of call: ServerCall) -> any AnyObject & Sendable

  /// Answers a unary call.
  ///
  /// - Parameter call: what of the request there is, and the way to the database.
  /// - Returns: the answer's message, and what is to be done once the client's answer is settled.
  nonisolated(nonsending) func answer(_ call: HookedCall) async throws -> HookedAnswer
}

extension AnsweringHook {
  package func receive(
    _ request: [UInt8], _ action: Action, _ call: ServerCall, violations: inout [FieldViolation]
  ) throws -> [UInt8]? { nil }
}

/// Changes one message of the model, which comes without prefix and goes with it; called on the event loop.
package typealias RowPresenter = (UnsafeRawBufferPointer) throws -> [UInt8]

package struct HookedAnswer: Sendable {
  /// The message with its prefix.
  package var framed: [UInt8]
  /// What is done after the commit; the call does not wait for it.
  package var committed: (@Sendable () async -> Void)?

  package init(framed: [UInt8], committed: (@Sendable () async -> Void)? = nil) {
    self.framed = framed
    self.committed = committed
  }
}

/// What ends a call from inside its hooks, beside `Status` and `DatabaseError`.
package enum HookFailure: Error {
  case violations([FieldViolation])
}
