import PillionDatabase
import PillionSchema
import PillionService
import PillionTransport
import SwiftProtobuf

/// What hooks of both kinds do alike: which rows a call is about, and rows on their way out.
protocol RecordHook<Record>: ModelHook {
  associatedtype Record: Message

  var database: DatabaseAccess { get }
  var defaults: DefaultSteps { get }

  func queryset(_ context: CallContext) throws -> Queryset
  func present(_ record: inout Record, _ context: CallContext) throws
}

extension RecordHook {
  func begin(_ call: ServerCall, _ request: UnsafeRawBufferPointer) {
    call.attributes[ContextNote.self] = ContextNote(CallContext(call, database, hooks: (Array(request), defaults)))
  }

  func baseRows(_ call: ServerCall) throws -> BaseRows? {
    if defaults.contain(.queryset) { return nil }
    return try queryset(context(of: call)).rows
  }

  func presenter(_ call: ServerCall) -> RowPresenter? {
    if defaults.contain(.present) { return nil }
    let context = context(of: call)
    return { [self] message in
      var record: Record = try decoded(message)
      try present(&record, context)
      return try record.serializedBytes()
    }
  }

  func end(_ call: ServerCall) { call.attributes[ContextNote.self]?.context.passAdded(to: call) }

  /// One for all hooks of a call; on its event loop.
  func context(of call: ServerCall) -> CallContext {
    if let note = call.attributes[ContextNote.self] { return note.context }
    return CallContext(call, database, hooks: ([], defaults))
  }
}

func decoded<Content: Message>(_ bytes: [UInt8]) throws -> Content {
  do {
    return try Content(serializedBytes: bytes)
  } catch {
    throw Status(.internal, "The message cannot be decoded as \(Content.protoMessageName).")
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
