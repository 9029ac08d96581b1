/// `SynchronousModelHooks` in bytes, made as `ByteHooks` are.
@usableFromInline
struct SynchronousByteHooks: Sendable {
  @usableFromInline let hooksType: Any.Type
  @usableFromInline let model: String
  @usableFromInline let queryset: @Sendable (CallContext) throws -> Queryset
  /// What is wrong with a Create or Update, and what becomes of its message; nil where it is to be kept.
  @usableFromInline let receive: @Sendable ([UInt8], CallContext, _ isKept: Bool) throws -> (Violations, [UInt8]?)
  @usableFromInline let validateChanges: @Sendable ([UInt8], CallContext) throws -> Violations
  /// As a `RowPresenter`.
  @usableFromInline let present: @Sendable (UnsafeRawBufferPointer, CallContext) throws -> [UInt8]

  @inlinable
  init<Hooks: SynchronousModelHooks>(_ hooks: Hooks) {
    hooksType = Hooks.self
    model = hooks.model
    queryset = { try hooks.filterQueryset(hooks.queryset($0), $0) }
    receive = { message, context, isKept in
      var record = try Hooks.Record(decoding: message)
      try hooks.receive(&record, context)
      var violations = Violations()
      try hooks.validate(record, &violations, context)
      return (violations, isKept ? nil : try record.encoded())
    }
    validateChanges = { request, context in
      var violations = Violations()
      try hooks.validate(changes: try Hooks.Changes(decoding: request), &violations, context)
      return violations
    }
    present = { message, context in
      var record = try Hooks.Record(decoding: message)
      hooks.present(&record, context)
      return try record.encoded(isFramed: true)
    }
  }
}
