import NIOCore
package import PillionDatabase
package import PillionSchema
import PillionTransport
import PillionWire

/// One call of a method with hooks that may wait, as its task sees it.
///
/// What a call without a transaction awaits runs where its caller does, as looking for the task's executor at each step costs
/// more than most steps.
///
/// `@unchecked Sendable`: `call` is touched only on its event loop; `state` is locked; the rest is immutable.
package final class HookedCall: @unchecked Sendable {
  package var action: Action { method.action }
  /// The request's message.
  package let request: [UInt8]
  /// Those of `AnsweringHook.notes`.
  package let notes: any AnyObject & Sendable
  /// When the database must be done; monotonic nanoseconds, 0: never.
  package let deadline: UInt64
  private let call: ServerCall
  private let method: UnaryMethod
  private let sessions: SessionPool
  /// Whose thread the call's task runs on; nil: it runs apart.
  let loop: LoopState?
  private let clock: ServerClock
  /// What the call does, and for whom.
  private let plan: any UnaryPlan
  private let caller: Parameters?
  private let session: CallSession?
  /// Whether the call's audit wants to know what is written.
  private let isNoted: Bool
  private let state = Locked(State())

  private struct State {
    /// A request that has passed the rules, and what it asks of the database.
    var known: (request: [UInt8], bound: BoundOperation)?
    /// What of the answer the request has asked for; nil: all of it.
    var mask: MessageMask?
  }

  /// On the event loop; nil where the call has been refused.
  init?(
    _ call: ServerCall, request: [UInt8], notes: any AnyObject & Sendable, method: UnaryMethod, sessions: SessionPool,
    loop: LoopState?
  ) {
    guard let (plan, caller, session) = method.admit(call) else { return nil }
    self.plan = plan ?? method.plan
    self.caller = caller
    self.session = session
    self.request = request
    self.notes = notes
    self.call = call
    self.method = method
    self.sessions = sessions
    self.loop = loop
    clock = call.clock
    isNoted = method.mutation != nil && call.attributes[MutationNote.self] != nil
    deadline = call.databaseDeadline(timeout: method.statementTimeout)
  }

  /// What is wrong with a request, by the rules of the definitions.
  package nonisolated(nonsending) func violations(in request: [UInt8]) async throws -> [FieldViolation] {
    do {
      let bound = try await bind(request)
      state.withLock { $0.known = (request, bound) }
      return []
    } catch HookFailure.violations(let violations) {
      return violations
    }
  }

  /// Does to the database what the action does, as a call without hooks would: through the lanes.
  ///
  /// - Returns: the answer's message with its prefix.
  package nonisolated(nonsending) func save(_ request: [UInt8]) async throws -> [UInt8] {
    let bound = try await passed(request)
    let outcome = await method.driver.run(bound, deadline: deadline, session: session, mailbox: loop)
    return try message(of: outcome, bound)
  }

  /// An answer less what the request has not asked for.
  func masked(_ answer: HookedAnswer) throws -> HookedAnswer {
    guard let mask = state.withLock({ $0.mask }) else { return answer }
    let masked = try answer.framed.withMessage { try mask.applied(to: $0) }
    return HookedAnswer(framed: masked.framed, committed: answer.committed)
  }

  /// The same on a session, inside the transaction that is open there; what fails leaves nothing behind.
  package func save(_ request: [UInt8], on lease: SessionLease) async throws -> [UInt8] {
    let bound = try await passed(request)
    let operation = Operation(bound, mailbox: NoMailbox(), deadline: deadline)
    return try message(of: await lease.runApart(operation), bound)
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
    case .message(let framed): return framed
    case .done: return .emptyFrame
    case .notFound: throw method.errors.notFound(method.model.name)
    case .denied: throw ErrorPolicy.rowRefused
    case .failed(let error) where bound.hidesConflicts && error.isConflict: throw ErrorPolicy.rowRefused
    case .failed(let error): throw error
    case .pending: throw DatabaseError(.pillion(.internal), "the call ended without an outcome")
    }
  }

  /// What a request asks of the database; each that has been looked at counts once, as default values are made anew.
  private nonisolated(nonsending) func passed(_ request: [UInt8]) async throws -> BoundOperation {
    let bound = state.withLock { state in
      guard let it = state.known, it.request == request else { return BoundOperation?.none }
      state.known = nil
      return it.bound
    }
    if let bound { return bound }
    return try await bind(request)
  }

  private nonisolated(nonsending) func bind(_ request: [UInt8]) async throws -> BoundOperation {
    var violations: [FieldViolation] = []
    let outcome = try request.withUnsafeBytes { bytes in
      var message = DecodedMessage()
      do throws(WireError) {
        try method.decoder.decode(bytes, into: &message)
      } catch {
        throw Status(undecodable: error)
      }
      method.validator.validate(message, violations: &violations)
      return plan.bind(message, caller: caller, now: { WallTime(clock) }, violations: &violations)
    }
    if isNoted { try await note(request) }
    guard let bound = outcome else { throw HookFailure.violations(violations) }
    if let asked = bound.mask { state.withLock { $0.mask = asked } }
    return bound
  }

  /// Tells the call's audit what the first request that is looked at writes.
  private nonisolated(nonsending) func note(_ request: [UInt8]) async throws {
    try await call.eventLoop.submit { [self] in
      guard let mutation = method.mutation, let note = call.attributes[MutationNote.self], note.fields.isEmpty else {
        return
      }
      try request.withUnsafeBytes { bytes in
        var message = DecodedMessage()
        try method.decoder.decode(bytes, into: &message)
        mutation.note(message, in: note)
      }
    }.get()
  }
}
