import PillionDatabase
import PillionSchema
import PillionService
import PillionTransport

/// `ModelHooks` as the services know them.
final class WaitingHook: ContextHook, AnsweringHook {
  let database: DatabaseAccess
  let defaults: DefaultSteps
  private let hooks: ByteHooks

  init(_ hooks: ByteHooks, _ database: DatabaseAccess) {
    self.hooks = hooks
    self.database = database
    defaults = DefaultSteps(of: hooks.hooksType)
  }

  var queryset: @Sendable (CallContext) throws -> Queryset { hooks.queryset }
  var present: @Sendable (UnsafeRawBufferPointer, CallContext) throws -> [UInt8] { hooks.present }

  /// A `present` that fails undoes the write, so that it waits for it.
  func waits(in action: Action) -> Bool {
    let steps: HookSteps =
      switch action {
      case .create: [.receive, .validate, .performCreate, .present, .committed]
      case .update: [.receive, .validate, .performUpdate, .present, .committed]
      case .partialUpdate: [.validateChanges, .performPartialUpdate, .present, .committed]
      case .destroy: [.performDestroy, .committed]
      case .retrieve: .getObject
      case .list, .listPage: []
      }
    return !defaults.contain(steps)
  }

  var mayBlock: Bool { hooks.mayBlock() }

  func notes(of call: ServerCall) -> any AnyObject & Sendable { context(of: call) }

  nonisolated(nonsending) func answer(_ call: HookedCall) async throws -> HookedAnswer {
    guard let context = call.notes as? CallContext else { throw Status(.internal, "a hook without a context") }
    let write: ByteHooks.Write
    switch call.action {
    case .create: write = hooks.create
    case .update: write = hooks.update
    case .partialUpdate: write = hooks.partialUpdate
    case .destroy: write = hooks.destroy
    case .retrieve, .list, .listPage:
      return HookedAnswer(framed: try await hooks.getObject(call.request, context) { try await call.save($0) })
    }
    let answer = try await write(
      call.request, context,
      { found, request in
        let violations = try await call.violations(in: request) + found.fieldViolations
        if !violations.isEmpty { throw HookFailure.violations(violations) }
      },
      { try await self.around(call, context, $0) })
    return HookedAnswer(framed: answer.framed, committed: answer.committed)
  }

  /// Runs `body` with the way to the database that the hooks have asked for.
  private func around(
    _ call: HookedCall, _ context: CallContext,
    _ body: (CallContext, ByteHooks.Save) async throws -> ByteHooks.Answer
  ) async throws -> ByteHooks.Answer {
    guard hooks.isTransactional() else { return try await body(context) { try await call.save($0) } }
    return try await call.transaction { lease in
      try await body(context.inside(lease)) { try await call.save($0, on: lease) }
    }
  }
}
