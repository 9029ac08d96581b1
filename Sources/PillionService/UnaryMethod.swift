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
  /// Milliseconds; nil: the service has none of its own.
  let statementTimeout: Int?
  let driver: any Driver
  let errors: ErrorPolicy
  let loops: LoopStates
  let action: Action
  let hook: (any ModelHook)?
  /// Nil: it makes no difference who calls.
  private let access: ServiceAccess?

  init(
    action: Action, plan: any UnaryPlan, model: Model, driver: any Driver, errors: ErrorPolicy, loops: LoopStates,
    access: ServiceAccess?, hook: (any ModelHook)? = nil
  ) {
    self.action = action
    self.hook = hook
    self.access = access.flatMap { $0.concernsRows ? $0 : nil }
    self.plan = plan
    self.mutation = MutationReader(action: action, request: plan.request, model: model)
    self.decoder = RequestDecoder(shape: plan.request)
    self.validator = RequestValidator(request: plan.request, model: model)
    self.model = model
    statementTimeout = model.service.statementTimeoutMilliseconds
    self.driver = driver
    self.errors = errors
    self.loops = loops
  }

  /// For whom the call is done, and by which plan, where that is another than the method's; nil where it has been refused.
  func admit(_ call: ServerCall) -> (plan: (any UnaryPlan)?, caller: Parameters?, session: CallSession?)? {
    guard let access, !access.isOpen(action) else { return (nil, nil, nil) }
    guard let admission = access.admit(call, action) else { return nil }
    return (admission.rows?.plans.unary[action], admission.rows?.values, admission.session)
  }

  func makeHandler(for call: ServerCall) -> any CallHandler {
    UnaryHandler(method: self, loop: loops.state(of: call.eventLoop))
  }

  /// What a request asks of the database; nil where the call has been refused.
  ///
  /// Here and not in the handler, as a class uses what it has without taking hold of it.
  ///
  /// - Parameter found: what hooks have found wrong with the request.
  fileprivate func operation(
    _ bytes: UnsafeRawBufferPointer, _ call: ServerCall, _ loop: LoopState, _ found: [FieldViolation]
  ) -> UnaryOperation? {
    do throws(WireError) {
      try decoder.decode(bytes, into: &loop.message)
    } catch {
      call.finish(Status(undecodable: error))
      return nil
    }
    if let mutation, let note = call.attributes[MutationNote.self] { mutation.note(loop.message, in: note) }
    var violations = found
    validator.validate(loop.message, violations: &violations)
    guard let (callersPlan, caller, session) = admit(call) else { return nil }
    let bound: BoundOperation?
    if let callersPlan {
      bound = callersPlan.bind(loop.message, caller: caller, now: { call.wallTime }, violations: &violations)
    } else {
      bound = plan.bind(loop.message, caller: caller, now: { call.wallTime }, violations: &violations)
    }
    guard let bound else {
      finish(call, HookFailure.violations(violations))
      return nil
    }
    return UnaryOperation(bound, call: call, method: self, loop: loop, session: session)
  }

  fileprivate func submit(_ operation: UnaryOperation, _ loop: LoopState) { loop.submit(operation, to: driver) }

  /// On the event loop.
  func finish(_ call: ServerCall, _ error: any Error) {
    hook?.end(call)
    switch error {
    case HookFailure.violations(let violations): call.finish(errors.status(for: violations))
    default: call.finish(errors.status(forThrown: error, path: call.method.path, requestID: call.requestID))
    }
  }

  /// The same with the row that the database has answered with; `framed` has the five-byte prefix.
  func finish(_ call: ServerCall, framed: [UInt8]) {
    if let mutation, let note = call.attributes[MutationNote.self] {
      mutation.note(answer: framed, decoder: decoder, in: note)
    }
    hook?.end(call)
    call.rowCount = 1
    call.finish(message: framed)
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
    guard let hook = method.hook else { return read(bytes, call) }
    let request = Array(bytes)
    hook.begin(call, request)
    var violations: [FieldViolation] = []
    do {
      let changed = try hook.receive(request, method.action, call, violations: &violations)
      if let changed {
        changed.withUnsafeBytes { read($0, call, violations) }
      } else {
        read(bytes, call, violations)
      }
    } catch {
      method.finish(call, error)
    }
  }

  /// - Parameter found: what hooks have found wrong with the request.
  private func read(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall, _ found: [FieldViolation] = []) {
    operation = method.operation(bytes, call, loop, found)
  }

  func onRequestEnd(_ call: ServerCall) {
    if let operation { method.submit(operation, loop) }
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

  init(_ bound: consuming BoundOperation, call: ServerCall, method: UnaryMethod, loop: LoopState, session: CallSession?)
  {
    self.call = call
    self.method = method
    super.init(
      bound, mailbox: loop, deadline: call.databaseDeadline(timeout: method.statementTimeout), session: session)
    trace(call)
  }

  override public func arrive() {
    if !call.isEnded { answer() }
    guard staysAwake || cameAtOnce else { return }
    method.loops.state(of: call.eventLoop).attend(after: self) { [call] in call.isServerIdle ? call.socket : nil }
  }

  private func answer() {
    let outcome = takeOutcome()
    call.noteTrace(
      of: self, method.driver.dialect, isFailed: outcome.isFailure,
      statement: bound.steps.map(\.statement.sql).joined(separator: "; "))
    if case .message(let framed) = outcome { return finish(framed) }
    method.hook?.end(call)
    switch outcome {
    case .done:
      call.rowCount = 1
      call.finish(message: .emptyFrame)
    case .notFound: call.finish(method.errors.notFound(method.model.name))
    case .denied: call.finish(ErrorPolicy.rowRefused)
    case .failed(let error) where bound.hidesConflicts && error.isConflict: call.finish(ErrorPolicy.rowRefused)
    case .failed(let error): call.finish(method.errors.status(for: error, of: call))
    case .message, .pending: call.finish(Status(.internal, "The call ended without an outcome."))
    }
  }

  private func finish(_ framed: [UInt8]) {
    guard let present = method.hook?.presenter(call, bound.mask) else { return method.finish(call, framed: framed) }
    do {
      method.finish(call, framed: try framed.withMessage(present))
    } catch {
      method.finish(call, error)
    }
  }
}
