package import PillionDatabase

package import PillionTransport

/// What a program has to say about the calls of a model's services, as the services know it: in bytes.
package protocol ModelHook: Sendable {
  /// Answers a unary call; what it throws becomes the call's status, as `HookFailure` and `ErrorPolicy` have it.
  ///
  /// - Parameter call: what of the request there is, and the way to the database.
  /// - Returns: the answer's message, and what is to be done once the client's answer is settled.
  func answer(_ call: HookedCall) async throws -> HookedAnswer

  /// On the event loop, when a call begins: notes what later steps want to know of it.
  func begin(_ call: ServerCall) -> any Sendable

  /// On the event loop, before the call is answered: hands on what the hooks have added to the answer.
  func end(_ call: ServerCall, notes: any Sendable)

  /// On the event loop, before the database is asked: which of the service's rows the call's action is about; nil: all of
  /// them. What it throws becomes the call's status. A Create does not ask.
  func baseRows(_ call: ServerCall) throws -> BaseRows?

  /// What changes the rows of a List on their way out, message by message; nil: they go out as they are.
  func presenter(_ call: ServerCall) -> RowPresenter?
}

/// Changes one message of the model, given without prefix; called on the event loop.
package typealias RowPresenter = ([UInt8]) throws -> [UInt8]

package struct HookedAnswer: Sendable {
  /// Without prefix.
  package var message: [UInt8]
  /// What is done after the commit; the call does not wait for it.
  package var committed: (@Sendable () async -> Void)?

  package init(_ message: [UInt8], committed: (@Sendable () async -> Void)? = nil) {
    self.message = message
    self.committed = committed
  }
}

/// What ends a call from inside its hooks, beside `Status` and `DatabaseError`.
package enum HookFailure: Error {
  case violations([FieldViolation])
}
