import PillionDatabase
import PillionSchema
import PillionService
import PillionTransport
import SwiftProtobuf

/// `ModelHooks` as the services know them: from bytes to messages and back.
final class TypedHook<Hooks: ModelHooks>: RecordHook, AnsweringHook {
  let hooks: Hooks
  let database: DatabaseAccess
  let defaults = DefaultSteps(of: Hooks.self)

  init(hooks: Hooks, database: DatabaseAccess) {
    self.hooks = hooks
    self.database = database
  }

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

  var mayBlock: Bool { hooks.mayBlock }

  func notes(of call: ServerCall) -> any Sendable { context(of: call) }

  func answer(_ call: HookedCall) async throws -> HookedAnswer {
    guard let context = call.notes as? CallContext else { throw Status(.internal, "a hook without a context") }
    let answer: HookedAnswer
    switch call.action {
    case .create: answer = try await write(call, context) { [hooks] in try await hooks.performCreate($0, $1, save: $2) }
    case .update: answer = try await write(call, context) { [hooks] in try await hooks.performUpdate($0, $1, save: $2) }
    case .partialUpdate: answer = try await change(call, context)
    case .destroy: answer = try await destroy(call, context)
    case .retrieve, .list, .listPage: answer = try await find(call, context)
    }
    return answer
  }

  private func find(_ call: HookedCall, _ context: CallContext) async throws -> HookedAnswer {
    let asked = try Decoded<Hooks.Key>(call.request)
    var found: Decoded<Hooks.Record>?
    let record = try await hooks.getObject(asked.message, context) { key in
      try await stored(call.save(asked.bytes(of: key)), &found)
    }
    return HookedAnswer(try shown(record, found, context).bytes)
  }

  private typealias Save = (Hooks.Record) async throws -> Hooks.Record

  private func write(
    _ call: HookedCall, _ context: CallContext,
    _ perform: @escaping (Hooks.Record, CallContext, Save) async throws -> Hooks.Record
  ) async throws -> HookedAnswer {
    let brought = try Decoded<Hooks.Record>(call.request)
    var record = brought.message
    try await hooks.receive(&record, context)
    var violations = Violations()
    try await hooks.validate(record, &violations, context)
    let received = Decoded(record, try brought.bytes(of: record))
    try await refuse(violations, and: call.violations(in: received.bytes))
    return try await around(call, context) { context, save in
      var written: Decoded<Hooks.Record>?
      let record = try await perform(received.message, context) { record in
        try await stored(save(received.bytes(of: record)), &written)
      }
      return try answer(record, written, context)
    }
  }

  private func change(_ call: HookedCall, _ context: CallContext) async throws -> HookedAnswer {
    let asked = try Decoded<Hooks.Changes>(call.request)
    var violations = Violations()
    try await hooks.validate(changes: asked.message, &violations, context)
    try await refuse(violations, and: call.violations(in: call.request))
    return try await around(call, context) { context, save in
      var written: Decoded<Hooks.Record>?
      let record = try await hooks.performPartialUpdate(asked.message, context) { changes in
        try await stored(save(asked.bytes(of: changes)), &written)
      }
      return try answer(record, written, context)
    }
  }

  private func destroy(_ call: HookedCall, _ context: CallContext) async throws -> HookedAnswer {
    let asked = try Decoded<Hooks.Key>(call.request)
    try await around(call, context) { context, save in
      try await hooks.performDestroy(asked.message, context) { _ = try await save(asked.bytes(of: $0)) }
    }
    return HookedAnswer([]) { [hooks] in await hooks.committed(nil, context) }
  }

  /// The row that the database has answered with, kept in `row`.
  private func stored(_ bytes: [UInt8], _ row: inout Decoded<Hooks.Record>?) throws -> Hooks.Record {
    let decoded = try Decoded<Hooks.Record>(bytes)
    row = decoded
    return decoded.message
  }

  /// What the client sees of a record.
  ///
  /// - Parameter row: as the database has it, if it has been asked.
  private func shown(
    _ record: Hooks.Record, _ row: Decoded<Hooks.Record>?, _ context: CallContext
  ) throws -> Decoded<Hooks.Record> {
    var shown = record
    try hooks.present(&shown, context)
    return Decoded(shown, try row?.bytes(of: shown) ?? shown.serializedBytes())
  }

  /// Shown inside the transaction: a `present` that fails undoes the write.
  private func answer(
    _ record: Hooks.Record, _ row: Decoded<Hooks.Record>?, _ context: CallContext
  ) throws -> HookedAnswer {
    let shown = try shown(record, row, context)
    return HookedAnswer(shown.bytes) { [hooks] in await hooks.committed(shown.message, context) }
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

/// A message with its bytes: what of it comes back unchanged is not encoded again.
private struct Decoded<Content: Message & Equatable>: Sendable {
  let message: Content
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) throws {
    message = try decoded(bytes)
    self.bytes = bytes
  }

  init(_ message: Content, _ bytes: [UInt8]) {
    self.message = message
    self.bytes = bytes
  }

  func bytes(of other: Content) throws -> [UInt8] { other == message ? bytes : try other.serializedBytes() }
}
