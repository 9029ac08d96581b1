import NIOCore
package import PillionDatabase
package import PillionSchema
import PillionTransport
import PillionWire

/// One call of a method with hooks, as its hooks see it.
///
/// `@unchecked Sendable`: `call` and `loop` are touched only on the call's event loop; the rest is immutable.
package final class HookedCall: @unchecked Sendable {
  package let action: Action
  /// The request's message.
  package let request: [UInt8]
  /// What `ModelHook.begin` has noted.
  package let notes: any Sendable
  /// When the database must be done; monotonic nanoseconds, 0: never.
  package let deadline: UInt64
  private let call: ServerCall
  private let method: UnaryMethod
  private let loop: LoopState
  private let sessions: SessionPool
  /// What the call does, and for whom.
  private let plan: any UnaryPlan
  private let caller: Parameters?
  private let session: CallSession?

  /// On the event loop; nil where the call has been refused.
  init?(
    _ call: ServerCall, action: Action, request: [UInt8], notes: any Sendable, method: UnaryMethod, loop: LoopState,
    sessions: SessionPool
  ) {
    guard let (plan, caller, session) = method.admit(call) else { return nil }
    self.plan = plan
    self.caller = caller
    self.session = session
    self.action = action
    self.request = request
    self.notes = notes
    self.call = call
    self.method = method
    self.loop = loop
    self.sessions = sessions
    deadline = call.databaseDeadline(method.model)
  }

  /// What is wrong with a request, by the rules of the definitions.
  package func violations(in request: [UInt8]) async throws -> [FieldViolation] {
    do {
      _ = try await bind(request)
      return []
    } catch HookFailure.violations(let violations) {
      return violations
    }
  }

  /// Does to the database what the action does, as a call without hooks would: through the lanes.
  ///
  /// - Returns: the answer's message; empty where the action has none.
  package func save(_ request: [UInt8]) async throws -> [UInt8] {
    let bound = try await bind(request)
    let outcome = await method.driver.run(bound, deadline: deadline, session: session)
    return try message(of: outcome, bound)
  }

  /// What of the answer the request has asked for; nil: all of it.
  private let mask = Locked<MessageMask?>(nil)

  /// An answer less what the request has not asked for.
  func masked(_ answer: HookedAnswer) throws -> HookedAnswer {
    guard let mask = mask.withLock({ $0 }) else { return answer }
    return HookedAnswer(try mask.applied(to: answer.message), committed: answer.committed)
  }

  /// The same on a session, inside the transaction that is open there; what fails leaves nothing behind.
  package func save(_ request: [UInt8], on lease: SessionLease) async throws -> [UInt8] {
    let bound = try await bind(request)
    return try await lease.transaction {
      let operation = Operation(
        steps: bound.steps, parameters: bound.parameters, isWrite: bound.isWrite, mailbox: NoMailbox(),
        deadline: deadline)
      return try message(of: await lease.run(operation), bound)
    }
  }

  /// Runs `body` in a transaction on a session of its own, for the caller's role where the caller has one.
  package func transaction<Result: Sendable>(_ body: (SessionLease) async throws -> Result) async throws -> Result {
    try await sessions.withSession(deadline: deadline) { lease in
      try await lease.transaction {
        if let session { try await lease.assume(session) }
        return try await body(lease)
      }
    }
  }

  private func message(of outcome: Operation.Outcome, _ bound: BoundOperation) throws -> [UInt8] {
    switch outcome {
    case .message(let framed): return Array(framed.dropFirst(5))
    case .done: return []
    case .notFound: throw method.errors.notFound(method.model.name)
    case .denied: throw ErrorPolicy.rowRefused
    case .failed(let error) where bound.hidesConflicts && error.isConflict: throw ErrorPolicy.rowRefused
    case .failed(let error): throw error
    case .pending: throw DatabaseError(.pillion(.internal), "the call ended without an outcome")
    }
  }

  private func bind(_ request: [UInt8]) async throws -> BoundOperation {
    try await call.eventLoop.submit { [self] in
      try request.withUnsafeBytes { bytes in
        do throws(WireError) {
          try method.decoder.decode(bytes, into: &loop.message)
        } catch {
          throw Status(.internal, "The request cannot be decoded: \(error.message).")
        }
        if let mutation = method.mutation, let note = call.attributes[MutationNote.self], note.fields.isEmpty {
          mutation.note(loop.message, in: note)
        }
        var violations: [FieldViolation] = []
        method.validator.validate(loop.message, violations: &violations)
        guard let bound = plan.bind(loop.message, caller: caller, now: call.wallTime, violations: &violations) else {
          throw HookFailure.violations(violations)
        }
        if let asked = bound.mask { mask.withLock { $0 = asked } }
        return bound
      }
    }.get()
  }
}
