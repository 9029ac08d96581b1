import CPillionSQLite
import PillionDatabase
import PillionWire

/// A connection of one caller's own. Its transactions take the write lock when they begin: the writer lane and other
/// sessions of other programs wait for it up to the busy timeout; those of this driver take turns.
final class SQLiteSession: Session {
  private let connection: Connection
  private let runner = OperationRunner()
  private let configuration: SQLiteConfiguration
  private let rows = RowBuffer()
  private var writer = WireWriter()
  private let turn: Turn
  private var hasTurn = false

  init(_ configuration: SQLiteConfiguration, status: LaneStatus, turn: Turn) throws(DatabaseError) {
    self.configuration = configuration
    self.turn = turn
    let watch = Watch(status: status, configuration: configuration, stopsAtShutdown: true)
    connection = try Connection(configuration, role: .session, watch: watch, mayCreate: false)
  }

  deinit { if hasTurn { turn.give() } }

  var dialect: Dialect { .sqlite }

  var isUsable: Bool { !connection.hasMoved }

  func control(_ control: SessionControl, for job: Job) throws(DatabaseError) {
    if control == .begin, !hasTurn {
      try turn.take(for: job)
      hasTurn = true
    }
    defer {
      if hasTurn, !connection.isInTransaction {
        hasTurn = false
        turn.give()
      }
    }
    try watched(job) { () throws(DatabaseError) in
      // After an error that has undone the whole transaction there is nothing left to undo.
      if case .rollback = control, !connection.isInTransaction { return }
      try connection.run(control == .begin ? Connection.Control.beginImmediate : Self.statement(control))
    }
  }

  /// A control is prepared once; deeper savepoints than anybody writes are not worth it.
  private static let controls: [SessionControl: Statement] = {
    var statements: [SessionControl: Statement] = [:]
    let nested = (0...8).flatMap { [SessionControl.savepoint($0), .release($0), .rollbackTo($0)] }
    for control in [.commit, .rollback] + nested { statements[control] = Statement(control.sql, parameterTypes: []) }
    return statements
  }()

  private static func statement(_ control: SessionControl) -> Statement {
    controls[control] ?? Statement(control.sql, parameterTypes: [])
  }

  /// There are no roles.
  func assume(_ caller: CallSession, for job: Job) throws(DatabaseError) {}

  func run(_ operation: Operation) -> Operation.Outcome { runner.run(operation, on: connection) }

  func rows(_ sql: String, _ values: [SessionValue], for job: Job) throws(DatabaseError) -> [[SessionValue]] {
    try watched(job) { () throws(DatabaseError) in
      let statement = try PreparedStatement(sql, on: connection.handle)
      let numbers = statement.placeholders
      let wanted = (numbers.max() ?? -1) + 1
      guard values.count == wanted else {
        throw DatabaseError(.pillion(.internal), "\(values.count) values for \(wanted) placeholders", sql: sql)
      }
      try statement.bind(numbers, of: Parameters(values), bytes: nil)
      var found: [[SessionValue]] = []
      while try statement.step() { found.append(try rows.read(statement).map { SessionValue($0) }) }
      return found
    }
  }

  func read(_ stream: RowStream) throws(DatabaseError) -> [RowStream.Chunk] {
    let cursor = StreamCursor(stream, on: connection, configuration: configuration, now: MonotonicTime.now())
    defer { cursor.finish() }
    return try watched(stream) { () throws(DatabaseError) in try cursor.readAll(rows, &writer) }
  }

  func execute(_ sql: String, for job: Job) throws(DatabaseError) {
    try watched(job) { () throws(DatabaseError) in try connection.execute(sql) }
  }

  func texts(_ sql: String, for job: Job) throws(DatabaseError) -> [[String?]] {
    try watched(job) { () throws(DatabaseError) in try connection.texts(sql) }
  }

  func checkDeferred(for job: Job) throws(DatabaseError) {
    guard connection.hasOpenForeignKeys else { return }
    throw SQLiteError.make(SQLiteError.Extended.foreignKey, "FOREIGN KEY constraint failed")
  }

  private func watched<Result>(
    _ job: Job, _ body: () throws(DatabaseError) -> Result
  ) throws(DatabaseError) -> Result {
    connection.watch.begin(job)
    defer { connection.watch.end() }
    do throws(DatabaseError) {
      return try body()
    } catch {
      throw connection.explained(error)
    }
  }
}

extension Parameters {
  fileprivate init(_ values: [SessionValue]) {
    self.init(capacity: values.count)
    for value in values {
      switch value {
      case .null: appendNull()
      case .bool(let flag): append(integer: flag ? 1 : 0)
      case .integer(let number): append(integer: number)
      case .real(let number): append(real: number)
      case .text(let text): append(text: text)
      case .bytes(let bytes): bytes.withUnsafeBytes { append(binary: $0) }
      }
    }
  }
}

extension SessionValue {
  fileprivate init(_ cell: Cell) {
    switch cell.kind {
    case .null: self = .null
    case .integer: self = .integer(Int64(bitPattern: cell.word))
    case .real: self = .real(Double(bitPattern: cell.word))
    case .text: self = .text(String(decoding: cell.bytes, as: UTF8.self))
    case .blob: self = .bytes(Array(cell.bytes))
    }
  }
}
