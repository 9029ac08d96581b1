import PillionDatabase
import PillionSchema
import PillionTransport
import PillionWire

/// A unary action of one model: request bytes to an operation, the operation's outcome to the answer.
///
/// A class, as each call holds it twice: one reference costs less than copies of its parts.
final class UnaryMethod: MethodHandler {
  let plan: any UnaryPlan
  let decoder: RequestDecoder
  let validator: RequestValidator
  /// Of a method that writes.
  let mutation: MutationReader?
  let model: Model
  let driver: any Driver
  let errors: ErrorPolicy
  let loops: LoopStates
  private let action: Action
  /// Nil: it makes no difference who calls.
  private let access: ServiceAccess?

  init(
    action: Action, plan: any UnaryPlan, model: Model, driver: any Driver, errors: ErrorPolicy, loops: LoopStates,
    access: ServiceAccess?
  ) {
    self.action = action
    self.access = access.flatMap { $0.concernsRows ? $0 : nil }
    self.plan = plan
    self.mutation = MutationReader(action: action, request: plan.request, model: model)
    self.decoder = RequestDecoder(shape: plan.request)
    self.validator = RequestValidator(request: plan.request, model: model)
    self.model = model
    self.driver = driver
    self.errors = errors
    self.loops = loops
  }

  /// What the call does, and for whom; nil where it has been refused.
  func admit(_ call: ServerCall) -> (plan: any UnaryPlan, caller: Parameters?, session: CallSession?)? {
    guard let access else { return (plan, nil, nil) }
    guard let admission = access.admit(call, action) else { return nil }
    return (admission.rows?.plans.unary[action] ?? plan, admission.rows?.values, admission.session)
  }

  func makeHandler(for call: ServerCall) -> any CallHandler {
    UnaryHandler(method: self, loop: loops.state(of: call.eventLoop))
  }
}

private final class UnaryHandler: CallHandler {
  private let method: UnaryMethod
  private let loop: LoopState
  private var operation: UnaryOperation?

  init(method: UnaryMethod, loop: LoopState) {
    self.method = method
    self.loop = loop
  }

  func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) {
    do throws(WireError) {
      try method.decoder.decode(bytes, into: &loop.message)
    } catch {
      return call.finish(Status(.internal, "The request cannot be decoded: \(error.message)."))
    }
    if let mutation = method.mutation, let note = call.attributes[MutationNote.self] {
      mutation.note(loop.message, in: note)
    }
    var violations: [FieldViolation] = []
    method.validator.validate(loop.message, violations: &violations)
    guard let (plan, caller, session) = method.admit(call) else { return }
    guard let bound = plan.bind(loop.message, caller: caller, now: call.wallTime, violations: &violations) else {
      return call.finish(method.errors.status(for: violations))
    }
    operation = UnaryOperation(bound, call: call, method: method, loop: loop, session: session)
  }

  func onRequestEnd(_ call: ServerCall) {
    if let operation { method.driver.submit(operation) }
  }

  func onCancel(_ reason: CancelReason, _ call: ServerCall) {
    if let operation { method.driver.cancel(operation) }
  }

  func onDrained(_ call: ServerCall) {}
}

/// `@unchecked Sendable`: as `Job`; `call` is touched only on the event loop that made the operation.
private final class UnaryOperation: Operation, @unchecked Sendable {
  private let call: ServerCall
  private let method: UnaryMethod
  private let hidesConflicts: Bool

  init(_ bound: BoundOperation, call: ServerCall, method: UnaryMethod, loop: LoopState, session: CallSession?) {
    self.call = call
    self.method = method
    hidesConflicts = bound.hidesConflicts
    super.init(
      steps: bound.steps, parameters: bound.parameters, isWrite: bound.isWrite, mailbox: loop,
      deadline: call.databaseDeadline(method.model), session: session)
    trace(call)
  }

  /// The frame of `google.protobuf.Empty`.
  private static let empty: [UInt8] = [0, 0, 0, 0, 0]

  override public func arrive() {
    guard !call.isEnded else { return }
    call.noteTrace(
      of: self, method.driver.dialect, isFailed: outcome.isFailure,
      statement: steps.map(\.statement.sql).joined(separator: "; "))
    switch outcome {
    case .message(let framed):
      if let mutation = method.mutation, let note = call.attributes[MutationNote.self] {
        mutation.note(answer: framed, decoder: method.decoder, in: note)
      }
      call.rowCount = 1
      call.finish(message: framed)
    case .done:
      call.rowCount = 1
      call.finish(message: Self.empty)
    case .notFound: call.finish(method.errors.notFound(method.model.name))
    case .denied: call.finish(ErrorPolicy.rowRefused)
    case .failed(let error) where hidesConflicts && error.isConflict: call.finish(ErrorPolicy.rowRefused)
    case .failed(let error): call.finish(method.errors.status(for: error, of: call))
    case .pending: call.finish(Status(.internal, "The call ended without an outcome."))
    }
  }
}
