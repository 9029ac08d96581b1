/// `ModelHooks` in bytes.
///
/// Its closures are made by code that is inlined into the program's own module, where hooks and messages have known types:
/// what goes on between them is compiled for these, reading and writing the messages included, instead of looking them up at
/// every call.
@usableFromInline
struct ByteHooks: Sendable {
  /// Asks the database: from the request's message to that of the row, which comes in a frame.
  @usableFromInline typealias Save = nonisolated(nonsending) @Sendable ([UInt8]) async throws -> [UInt8]
  /// Runs what it is given with the way to the database that the hooks have asked for.
  @usableFromInline typealias Transaction =
    @Sendable ((CallContext, Save) async throws -> Answer) async throws -> Answer
  /// Throws what is wrong with a request: what has been found, and what the definitions find.
  @usableFromInline typealias Check = nonisolated(nonsending) @Sendable (Violations, [UInt8]) async throws -> Void
  /// A call that writes: its request, checked and then written as the hooks have it. A Destroy has nothing to check.
  @usableFromInline typealias Write = @Sendable ([UInt8], CallContext, Check, Transaction) async throws -> Answer

  @usableFromInline
  struct Answer: Sendable {
    @usableFromInline let framed: [UInt8]
    @usableFromInline let committed: (@Sendable () async -> Void)?

    @inlinable
    init(framed: [UInt8], committed: (@Sendable () async -> Void)? = nil) {
      self.framed = framed
      self.committed = committed
    }
  }

  /// For `DefaultSteps`.
  @usableFromInline let hooksType: Any.Type
  @usableFromInline let model: String
  @usableFromInline let isTransactional: @Sendable () -> Bool
  @usableFromInline let mayBlock: @Sendable () -> Bool
  @usableFromInline let queryset: @Sendable (CallContext) throws -> Queryset
  /// As a `RowPresenter`.
  @usableFromInline let present: @Sendable (UnsafeRawBufferPointer, CallContext) throws -> [UInt8]
  @usableFromInline let getObject: @Sendable ([UInt8], CallContext, Save) async throws -> [UInt8]
  @usableFromInline let create: Write
  @usableFromInline let update: Write
  @usableFromInline let partialUpdate: Write
  @usableFromInline let destroy: Write

  @inlinable
  init<Hooks: ModelHooks>(_ hooks: Hooks) {
    hooksType = Hooks.self
    model = hooks.model
    isTransactional = { hooks.isTransactional }
    mayBlock = { hooks.mayBlock }
    queryset = { try hooks.filterQueryset(hooks.queryset($0), $0) }
    present = { message, context in
      var record = try Hooks.Record(decoding: message)
      try hooks.present(&record, context)
      return try record.encoded(isFramed: true)
    }
    getObject = { request, context, find in
      let asked = try Decoded<Hooks.Key>(request)
      var row: Decoded<Hooks.Record>?
      let record = try await hooks.getObject(asked.message, context) { key in
        let found = try await Decoded<Hooks.Record>(framed: find(asked.bytes(of: key)))
        row = found
        return found.message
      }
      return try Decoded(presenting: record, by: hooks, context, of: row).bytes
    }
    create = Self.write(hooks) { hooks, record, context, save in
      try await hooks.performCreate(record, context, save: save)
    }
    update = Self.write(hooks) { hooks, record, context, save in
      try await hooks.performUpdate(record, context, save: save)
    }
    partialUpdate = { request, context, check, transaction in
      let asked = try Decoded<Hooks.Changes>(request)
      var violations = Violations()
      if !context.leavesOut(.validateChanges) {
        try await hooks.validate(changes: asked.message, &violations, context)
      }
      try await check(violations, request)
      return try await transaction { context, save in
        var row: Decoded<Hooks.Record>?
        let record = try await hooks.performPartialUpdate(asked.message, context) { changes in
          let written = try await Decoded<Hooks.Record>(framed: save(asked.bytes(of: changes)))
          row = written
          return written.message
        }
        return try Self.answer(record, row, hooks, context)
      }
    }
    destroy = { request, context, _, transaction in
      let asked = try Decoded<Hooks.Key>(request)
      let done = try await transaction { context, save in
        try await hooks.performDestroy(asked.message, context) { _ = try await save(asked.bytes(of: $0)) }
        return Answer(framed: MessageEncoder.emptyFrame)
      }
      if context.leavesOut(.committed) { return done }
      return Answer(framed: done.framed) { await hooks.committed(nil, context) }
    }
  }

  @inlinable
  static func write<Hooks: ModelHooks>(
    _ hooks: Hooks,
    _ perform:
      @escaping @Sendable (
        Hooks, Hooks.Record, CallContext, (Hooks.Record) async throws -> Hooks.Record
      ) async throws -> Hooks.Record
  ) -> Write {
    { request, context, check, transaction in
      let brought = try Decoded<Hooks.Record>(request)
      let received: Decoded<Hooks.Record>
      if context.leavesOut(.receive) {
        received = brought
      } else {
        var record = brought.message
        try await hooks.receive(&record, context)
        received = try Decoded(record, of: brought)
      }
      var violations = Violations()
      if !context.leavesOut(.validate) { try await hooks.validate(received.message, &violations, context) }
      try await check(violations, received.bytes)
      return try await transaction { context, save in
        var row: Decoded<Hooks.Record>?
        let record = try await perform(hooks, received.message, context) { record in
          let written = try await Decoded<Hooks.Record>(framed: save(received.bytes(of: record)))
          row = written
          return written.message
        }
        return try Self.answer(record, row, hooks, context)
      }
    }
  }

  /// Made inside the transaction, as a `present` that fails undoes the write.
  ///
  /// - Parameter row: as the database has it, if it has been asked.
  @inlinable
  static func answer<Hooks: ModelHooks>(
    _ record: Hooks.Record, _ row: Decoded<Hooks.Record>?, _ hooks: Hooks, _ context: CallContext
  ) throws -> Answer {
    let shown = try Decoded(presenting: record, by: hooks, context, of: row)
    if context.leavesOut(.committed) { return Answer(framed: shown.bytes) }
    return Answer(framed: shown.bytes) { await hooks.committed(shown.message, context) }
  }
}
