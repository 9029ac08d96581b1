import PillionDatabase
import PillionSchema
import PillionService
import PillionTransport
import SwiftProtobuf

/// `SynchronousModelHooks` as the services know them.
final class SynchronousHook<Hooks: SynchronousModelHooks>: RecordHook {
  let hooks: Hooks
  let database: DatabaseAccess
  let defaults = DefaultSteps(of: Hooks.self)

  init(hooks: Hooks, database: DatabaseAccess) {
    self.hooks = hooks
    self.database = database
  }

  func queryset(_ context: CallContext) throws -> Queryset { try hooks.queryset(context) }

  func present(_ record: inout Hooks.Record, _ context: CallContext) { hooks.present(&record, context) }

  func receive(
    _ request: UnsafeRawBufferPointer, _ action: Action, _ call: ServerCall, violations: inout [FieldViolation]
  ) throws -> [UInt8]? {
    switch action {
    case .create, .update: return try receive(request, context(of: call), &violations)
    case .partialUpdate: try validate(request, context(of: call), &violations)
    case .retrieve, .destroy, .list, .listPage: break
    }
    return nil
  }

  private func receive(
    _ request: UnsafeRawBufferPointer, _ context: CallContext, _ violations: inout [FieldViolation]
  ) throws -> [UInt8]? {
    if defaults.contain([.receive, .validate]) { return nil }
    var record: Hooks.Record = try decoded(Array(request))
    try hooks.receive(&record, context)
    if !defaults.contain(.validate) {
      var found = Violations()
      try hooks.validate(record, &found, context)
      violations += found.fieldViolations
    }
    return defaults.contain(.receive) ? nil : try record.serializedBytes()
  }

  private func validate(
    _ request: UnsafeRawBufferPointer, _ context: CallContext, _ violations: inout [FieldViolation]
  ) throws {
    if defaults.contain(.validateChanges) { return }
    var found = Violations()
    try hooks.validate(changes: try decoded(Array(request)), &found, context)
    violations += found.fieldViolations
  }
}
