internal import CPillionPostgreSQL
internal import Glibc
internal import PillionDatabase
internal import PillionWire

/// A connection of one caller's own, in the blocking style; statements that must stop are cancelled from its own thread.
final class PostgreSQLSession: Session {
  /// Milliseconds between two looks whether the call still goes on.
  private static let look: Int32 = 20

  private let connection: Connection
  private var binder = ParameterBinder()
  private var cells = CellBuffer()
  private var writer = WireWriter()

  init(_ configuration: PostgreSQLConfiguration) throws(DatabaseError) {
    connection = try Opening(configuration).open(.session)
  }

  var dialect: Dialect { .postgresql }

  /// Whether a statement has left the connection in a state that no other can follow.
  private var isSpoilt = false

  var isUsable: Bool { !connection.isBroken && !isSpoilt }

  func control(_ control: SessionControl, for job: Job) throws(DatabaseError) {
    guard connection.send(control.sql) else { throw broken }
    try finish(control.sql, job) { (result) throws(DatabaseError) in
      // The server answers COMMIT with ROLLBACK, and calls that a success, where a statement before it has failed.
      guard control != .commit || result.tag == "COMMIT" else {
        throw DatabaseError(
          .sqlState("25P02"),
          "nothing was committed: a statement of the transaction had failed, whose error was not passed on")
      }
    }
  }

  func assume(_ caller: CallSession, for job: Job) throws(DatabaseError) {
    do throws(DatabaseError) {
      let isSent = try binder.bind(caller.parameters, at: nil) { connection.send(caller.statement, $0) }
      guard isSent else { throw broken }
      try finish(caller.statement.sql, job) { _ in }
    } catch {
      throw CallSession.failure(error)
    }
  }

  /// A plan for PostgreSQL has one step.
  func run(_ operation: Operation) -> Operation.Outcome {
    guard let step = operation.bound.steps.first else { return .done }
    var outcome = Operation.Outcome.done
    do throws(DatabaseError) {
      let isSent = try binder.bind(operation.bound.parameters, at: step.parameters) {
        connection.execute(unnamed: step.statement, $0)
      }
      guard isSent else { throw broken }
      try finish(step.statement.sql, operation) { (result) throws(DatabaseError) in
        switch step.effect {
        case .none: outcome = .done
        case .requireRow: outcome = result.hasRow ? .done : .notFound
        case .permitRow: outcome = result.hasRow ? .done : .denied
        case .captureRow: throw DatabaseError(.pillion(.internal), "a step that captures a row has no next step")
        case .respond(let encoder):
          guard result.rows > 0 else { return outcome = .notFound }
          writer.removeAll()
          try encoder.encodeFramed(result.load(row: 0, into: &cells), into: &writer)
          outcome = .message([UInt8](writer.bytes))
        }
      }
      return outcome
    } catch {
      if case .sqlState(let state) = error.code, RowRefusal.isMeant(state: state, message: error.message) {
        return .denied
      }
      return .failed(error)
    }
  }

  func rows(_ sql: String, _ values: [SessionValue], for job: Job) throws(DatabaseError) -> [[SessionValue]] {
    let parameters = Parameters(values)
    let isSent = try binder.bind(parameters, at: nil) { connection.execute(text: sql, $0) }
    guard isSent else { throw broken }
    var found: [[SessionValue]] = []
    try finish(sql, job) { result in
      for row in 0..<result.rows { found.append((0..<result.columns).map { result.value(row: row, column: $0) }) }
    }
    return found
  }

  func read(_ stream: RowStream) throws(DatabaseError) -> [RowStream.Chunk] {
    let isSent = try binder.bind(stream.parameters, at: nil) {
      connection.execute(unnamed: stream.statement, comment: stream.comment, $0)
    }
    guard isSent else { throw broken }
    var chunks: [RowStream.Chunk] = []
    try finish(stream.statement.sql, stream) { (result) throws(DatabaseError) in
      writer.removeAll()
      var count = 0
      for row in 0..<result.rows {
        let loaded = result.load(row: row, into: &cells)
        if let cutter = stream.cutter, !cutter.admits(loaded, .postgresql) { continue }
        try stream.encoder.encodeFramed(loaded, into: &writer)
        count += 1
        guard writer.count >= RowStream.chunkBytes else { continue }
        chunks.append(RowStream.Chunk(bytes: [UInt8](writer.bytes), rows: count))
        writer.removeAll()
        count = 0
      }
      if count > 0 { chunks.append(RowStream.Chunk(bytes: [UInt8](writer.bytes), rows: count)) }
    }
    return chunks
  }

  func execute(_ sql: String, for job: Job) throws(DatabaseError) {
    guard connection.send(sql) else { throw broken }
    try finish(sql, job) { _ in }
  }

  func texts(_ sql: String, for job: Job) throws(DatabaseError) -> [[String?]] {
    guard connection.send(sql) else { throw broken }
    var found: [[String?]] = []
    try finish(sql, job) { result in
      for row in 0..<result.rows { found.append((0..<result.columns).map { result.text(row: row, column: $0) }) }
    }
    return found
  }

  func checkDeferred(for job: Job) throws(DatabaseError) {
    // What is checked now stays deferred: `ROLLBACK TO` takes the setting back, and what was checked is checked again.
    for sql in [
      "SAVEPOINT pillion_check", "SET CONSTRAINTS ALL IMMEDIATE", "ROLLBACK TO SAVEPOINT pillion_check",
      "RELEASE SAVEPOINT pillion_check",
    ] {
      try execute(sql, for: job)
    }
  }

  // MARK: Waiting

  private var broken: DatabaseError { DatabaseError(.pillion(.unavailable), connection.failure) }

  /// Waits for the statement's end and hands its result on; an error of the server is thrown once all has been read.
  private func finish(
    _ sql: String, _ job: Job, _ take: (borrowing QueryResult) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    var verdict: DatabaseError?
    while true {
      let state = connection.flush()
      if state == .done { break }
      guard state == .pending else { throw broken }
      try wait(POLLIN | POLLOUT, job, &verdict)
    }
    var failure: DatabaseError?
    while true {
      while connection.isBusy { try wait(POLLIN, job, &verdict) }
      guard let result = connection.nextResult() else { break }
      switch result.status {
      case PGRES_FATAL_ERROR:
        failure = failure ?? result.error(sql: sql)
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        // It would wait for data that nobody has.
        isSpoilt = true
        throw DatabaseError(.sqlState("0A000"), "COPY is not supported here", sql: sql)
      default:
        guard failure == nil else { continue }
        do throws(DatabaseError) { try take(result) } catch { failure = error }
      }
    }
    if let failure { throw failure.code == .sqlState("57014") ? verdict ?? failure : failure }
  }

  /// Waits for the socket; asks the server to stop when the call has ended, once.
  private func wait(_ events: Int32, _ job: Job, _ verdict: inout DatabaseError?) throws(DatabaseError) {
    var descriptor = pollfd(fd: connection.socket, events: Int16(events), revents: 0)
    let ready = poll(&descriptor, 1, Self.look)
    guard ready >= 0 || errno == EINTR else { throw broken }
    if ready > 0, !connection.consumeInput() { throw broken }
    guard verdict == nil else { return }
    verdict = job.end(at: MonotonicTime.now())
    // The results are read to their end before the next statement, so that a late request hits nothing else: the server
    // takes it, at the latest, before `send` returns.
    if verdict != nil { connection.cancelHandle.send() }
  }
}

extension Parameters {
  /// In text format, whose type the server finds from where the placeholder stands.
  fileprivate init(_ values: [SessionValue]) {
    self.init(capacity: values.count)
    for value in values {
      switch value {
      case .null: appendNull()
      case .bool(let flag): append(text: flag ? "true" : "false")
      case .integer(let number): append(text: String(number))
      case .real(let number):
        append(text: number.isNaN ? "NaN" : number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : "\(number)")
      case .text(let text): append(text: text)
      case .bytes(let bytes): bytes.withUnsafeBytes { append(binary: $0) }
      }
    }
  }
}
