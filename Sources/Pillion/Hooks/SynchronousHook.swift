import PillionDatabase
import PillionSchema
import PillionService
import PillionTransport

/// `SynchronousModelHooks` as the services know them.
final class SynchronousHook: ContextHook {
  let database: DatabaseAccess
  let defaults: DefaultSteps
  private let hooks: SynchronousByteHooks

  init(_ hooks: SynchronousByteHooks, _ database: DatabaseAccess) {
    self.hooks = hooks
    self.database = database
    defaults = DefaultSteps(of: hooks.hooksType)
  }

  var queryset: @Sendable (CallContext) throws -> Queryset { hooks.queryset }
  var present: @Sendable (UnsafeRawBufferPointer, CallContext) throws -> [UInt8] { hooks.present }

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
