import PillionDatabase
import PillionSchema
import PillionService
import PillionTransport
import SwiftProtobuf

/// `ModelHooks` as the services know them: from bytes to messages and back.
struct TypedHook<Hooks: ModelHooks>: RecordHook, AnsweringHook {
  let hooks: Hooks
  let database: DatabaseAccess
  let defaults = DefaultSteps(of: Hooks.self)

  func queryset(_ context: CallContext) throws -> Queryset { try hooks.queryset(context) }

  func present(_ record: inout Hooks.Record, _ context: CallContext) throws { try hooks.present(&record, context) }

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

  func notes(of call: ServerCall) -> any Sendable { context(of: call) }

  func answer(_ call: HookedCall) async throws -> HookedAnswer {
    guard let context = call.notes as? CallContext else { throw Status(.internal, "a hook without a context") }
    let answer: HookedAnswer
    switch call.action {
    case .create: answer = try await write(call, context) { try await hooks.performCreate($0, $1, save: $2) }
    case .update: answer = try await write(call, context) { try await hooks.performUpdate($0, $1, save: $2) }
    case .partialUpdate: answer = try await change(call, context)
    case .destroy: answer = try await destroy(call, context)
    case .retrieve, .list, .listPage: answer = try await find(call, context)
    }
    return answer
  }

  private func find(_ call: HookedCall, _ context: CallContext) async throws -> HookedAnswer {
    let key: Hooks.Key = try decoded(call.request)
    var record = try await hooks.getObject(key, context) { try decoded(await call.save($0.serializedBytes())) }
    try hooks.present(&record, context)
    return HookedAnswer(try record.serializedBytes())
  }

  private typealias Save = (Hooks.Record) async throws -> Hooks.Record

  private func write(
    _ call: HookedCall, _ context: CallContext,
    _ perform: @escaping (Hooks.Record, CallContext, Save) async throws -> Hooks.Record
  ) async throws -> HookedAnswer {
    var record: Hooks.Record = try decoded(call.request)
    try await hooks.receive(&record, context)
    var violations = Violations()
    try await hooks.validate(record, &violations, context)
    try await refuse(violations, and: call.violations(in: record.serializedBytes()))
    return try await around(call, context) { context, save in
      let stored = try await perform(record, context) { try decoded(await save($0.serializedBytes())) }
      return try answered(stored, context)
    }
  }

  private func change(_ call: HookedCall, _ context: CallContext) async throws -> HookedAnswer {
    let changes: Hooks.Changes = try decoded(call.request)
    var violations = Violations()
    try await hooks.validate(changes: changes, &violations, context)
    try await refuse(violations, and: call.violations(in: call.request))
    return try await around(call, context) { context, save in
      let stored: Hooks.Record = try await hooks.performPartialUpdate(changes, context) {
        try decoded(await save($0.serializedBytes()))
      }
      return try answered(stored, context)
    }
  }

  private func destroy(_ call: HookedCall, _ context: CallContext) async throws -> HookedAnswer {
    let key: Hooks.Key = try decoded(call.request)
    try await around(call, context) { context, save in
      try await hooks.performDestroy(key, context) { _ = try await save($0.serializedBytes()) }
    }
    return HookedAnswer([]) { await hooks.committed(nil, context) }
  }

  /// Shown inside the transaction: a `present` that fails undoes the write.
  private func answered(_ stored: Hooks.Record, _ context: CallContext) throws -> HookedAnswer {
    var shown = stored
    try hooks.present(&shown, context)
    return HookedAnswer(try shown.serializedBytes()) { [shown] in await hooks.committed(shown, context) }
  }

  /// Runs `body` with the way to the database that the hooks have asked for.
  private func around<Result: Sendable>(
    _ call: HookedCall, _ context: CallContext,
    _ body: (_ context: CallContext, _ save: ([UInt8]) async throws -> [UInt8]) async throws -> Result
  ) async throws -> Result {
    guard hooks.isTransactional else { return try await body(context) { try await call.save($0) } }
    return try await call.transaction { lease in
      try await body(context.inside(lease)) { try await call.save($0, on: lease) }
    }
  }

  private func refuse(_ found: Violations, and violations: [FieldViolation]) throws {
    let all = violations + found.fieldViolations
    if !all.isEmpty { throw HookFailure.violations(all) }
  }
}
