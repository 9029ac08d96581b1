import PillionDatabase
import PillionSchema
import PillionService
import PillionTransport
public import SwiftProtobuf

/// `SynchronousModelHooks` in bytes, made as `ByteHooks` are.
@usableFromInline
struct SynchronousByteHooks: Sendable {
  @usableFromInline let type: Any.Type
  @usableFromInline let model: String
  @usableFromInline let queryset: @Sendable (CallContext) throws -> Queryset
  /// What is wrong with a Create or Update, and what becomes of its message; nil where it is to be kept.
  @usableFromInline let receive: @Sendable ([UInt8], CallContext, _ isKept: Bool) throws -> (Violations, [UInt8]?)
  @usableFromInline let validateChanges: @Sendable ([UInt8], CallContext) throws -> Violations
  @usableFromInline let present: @Sendable ([UInt8], CallContext) throws -> [UInt8]

  @inlinable
  init<Hooks: SynchronousModelHooks>(_ hooks: Hooks) {
    type = Hooks.self
    model = hooks.model
    queryset = { try hooks.queryset($0) }
    receive = { message, context, isKept in
      var record = try Hooks.Record(hooked: message)
      try hooks.receive(&record, context)
      var violations = Violations()
      try hooks.validate(record, &violations, context)
      return (violations, isKept ? nil : try record.serializedBytes())
    }
    validateChanges = { request, context in
      var violations = Violations()
      try hooks.validate(changes: try Hooks.Changes(hooked: request), &violations, context)
      return violations
    }
    present = { message, context in
      var record = try Hooks.Record(hooked: message)
      hooks.present(&record, context)
      return try record.serializedBytes()
    }
  }
}

/// `SynchronousModelHooks` as the services know them.
final class SynchronousHook: ContextHook {
  let database: DatabaseAccess
  let defaults: DefaultSteps
  private let hooks: SynchronousByteHooks

  init(_ hooks: SynchronousByteHooks, _ database: DatabaseAccess) {
    self.hooks = hooks
    self.database = database
    defaults = DefaultSteps(of: hooks.type)
  }

  var queryset: @Sendable (CallContext) throws -> Queryset { hooks.queryset }
  var present: @Sendable ([UInt8], CallContext) throws -> [UInt8] { hooks.present }

  func receive(
    _ request: [UInt8], _ action: Action, _ call: ServerCall, violations: inout [FieldViolation]
  ) throws -> [UInt8]? {
    switch action {
    case .create, .update:
      if defaults.contain([.receive, .validate]) { return nil }
      let isKept = defaults.contain(.receive)
      let (found, received) = try hooks.receive(request, context(of: call), isKept)
      violations += found.fieldViolations
      return received
    case .partialUpdate:
      if !defaults.contain(.validateChanges) {
        violations += try hooks.validateChanges(request, context(of: call)).fieldViolations
      }
    case .retrieve, .destroy, .list, .listPage: break
    }
    return nil
  }
}
