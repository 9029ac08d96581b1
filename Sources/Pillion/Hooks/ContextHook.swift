import PillionDatabase
import PillionSchema
import PillionService
import PillionTransport

/// What hooks of both kinds do alike: which rows a call is about, and rows on their way out.
protocol ContextHook: ModelHook {
  var database: DatabaseAccess { get }
  var defaults: DefaultSteps { get }
  var queryset: @Sendable (CallContext) throws -> Queryset { get }
  /// As a `RowPresenter`.
  var present: @Sendable (UnsafeRawBufferPointer, CallContext) throws -> [UInt8] { get }
}

extension ContextHook {
  func begin(_ call: ServerCall, _ request: [UInt8]) {
    call.attributes[ContextNote.self] = ContextNote(CallContext(call, database, hooks: (request, defaults)))
  }

  var hasAllRows: Bool { defaults.contain([.queryset, .filterQueryset]) }

  func baseRows(_ call: ServerCall) throws -> BaseRows? {
    hasAllRows ? nil : try queryset(context(of: call)).rows
  }

  func presenter(_ call: ServerCall) -> RowPresenter? {
    if defaults.contain(.present) { return nil }
    let context = context(of: call)
    return { [present] message in try present(message, context) }
  }

  func end(_ call: ServerCall) { call.attributes[ContextNote.self]?.context.passAdded(to: call) }

  /// One for all hooks of a call; on its event loop.
  func context(of call: ServerCall) -> CallContext {
    if let note = call.attributes[ContextNote.self] { return note.context }
    return CallContext(call, database, hooks: ([], defaults))
  }
}

extension Violations {
  var fieldViolations: [FieldViolation] {
    entries.map { FieldViolation(field: $0.field, description: $0.description) }
  }
}

private final class ContextNote: CallNote {
  let context: CallContext

  init(_ context: CallContext) {
    self.context = context
    super.init()
  }
}
