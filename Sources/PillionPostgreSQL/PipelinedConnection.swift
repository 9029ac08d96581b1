internal import PillionDatabase

/// An operation between its arrival in the lane and its outcome.
struct Flight {
  /// Nil once answered.
  var operation: Operation?
  /// Whether it was answered before it ran to its end: it still runs, for nobody.
  var isAbandoned = false
  let step: Step
  let isWrite: Bool
  let arrival: UInt64
  /// Gets a Sync of its own: a write, a call that has a role of its own, or a read that somebody else's error aborted.
  var isAlone: Bool
  /// Times it was sent again.
  var repeats: UInt8 = 0
  /// Whether a connection broke under it before.
  var wasLost = false
  /// Times its statement was prepared anew for it.
  var preparations: UInt8 = 0
  /// Whether it may go together with others of its step.
  var isGatherable: Bool

  var statement: Statement { step.statement }

  /// Whether it is an insert that may go together with others: those wait for each other.
  var isGatherableInsert: Bool { isWrite && isGatherable }

  /// Whether it reads a row by its key, as others of its step may together.
  var isKeyRead: Bool { !isWrite && isGatherable }

  /// Whether nobody waits for it any more.
  func isGivenUp(at now: UInt64) -> Bool {
    guard let operation else { return true }
    return operation.isCancelled || (operation.deadline != 0 && operation.deadline <= now)
  }
}

/// What the server's next results belong to.
enum PipelineEntry {
  case prepare(Int)
  case deallocate
  /// Sets whom the query behind it is run for.
  case session(Int)
  case query(Flight)
  case gathered(GatheredCalls)
  case sync
}

/// A connection of the lane for unary calls, and what is under way on it.
final class PipelinedConnection {
  enum Cancel {
    case none
    /// The canceller has a request; it may hit whatever runs when the server takes it.
    case requested
    /// The server has taken it.
    case sent
  }

  let connection: Connection
  let slot: Int
  var entries = Ring<PipelineEntry>()
  var statements: StatementCache
  /// Whether statements are prepared and named.
  let prepares: Bool
  /// Queries among the entries, a write counting `writeLoad`.
  var load = 0
  /// Statements among the entries that inserts may go together in, whether they did or not.
  var inserts = 0
  /// Reads by key among the entries.
  var keyReads = 0
  /// How many queries are abandoned.
  var abandoned = 0
  /// When the server last made progress: results came, or a query came to an idle connection.
  var headSince: UInt64 = 0
  /// Whether reads have been sent that no Sync follows yet.
  var isSegmentOpen = false
  var wantsOutput = false
  /// When it is old enough to be replaced.
  var endOfLife = MonotonicTime.never
  /// Whether a connection has been asked for that takes its place.
  var isReplaced = false
  /// Whether that one is there: it gets no work any more.
  var isLeaving = false
  /// Whether the head has had a result; the null that ends its results follows.
  var hasResult = false
  /// Writes that have run, as one statement; the Sync behind it will commit them.
  var uncommitted: ContiguousArray<(flight: Flight, outcome: Operation.Outcome)> = []
  /// Why a statement of this segment could not be prepared.
  var preparationFailure: (statement: Int, error: DatabaseError)?
  /// Why the caller's role could not be taken on in this segment.
  var sessionFailure: DatabaseError?
  /// The last such reason of each statement, until it can be prepared: for those that were sent in the belief that it was.
  private(set) var preparationErrors: [Int: DatabaseError] = [:]
  /// The server's last words.
  var farewell: DatabaseError?
  var cancel = Cancel.none
  var cancelTime: UInt64 = 0

  static let writeLoad = 4

  init(_ connection: Connection, slot: Int, _ configuration: PostgreSQLConfiguration, counts: StatementCounts) {
    self.connection = connection
    self.slot = slot
    statements = StatementCache(limit: configuration.statementLimit, counts: counts)
    prepares = configuration.hasSession
  }

  static func load(of flight: Flight) -> Int { flight.isWrite ? writeLoad : 1 }

  /// Whether the server may be running a query that nobody waits for. Which query of a segment runs is not known: the
  /// server keeps their results until the Sync, or until its buffer is full.
  var runsAbandoned: Bool {
    guard abandoned > 0 else { return false }
    for index in 0..<entries.count {
      switch entries[index] {
      case .query(let flight) where flight.isAbandoned: return true
      case .gathered(let calls) where calls.isAbandoned: return true
      case .sync, nil: return false
      default: break
      }
    }
    return false
  }

  /// Whether a segment may be sent behind those under way. Not to a pooler of transactions: PgBouncer gives a session
  /// back at the end of one transaction although part of the next has gone to it (its issue 759), and the rest goes to
  /// another session.
  var takesAnotherSegment: Bool { prepares || entries.isEmpty }

  /// Puts a query, and what its statement needs before it, into libpq's buffer. Throws when the parameters cannot be
  /// bound; a Sync must follow all the same.
  func send(_ flight: Flight, _ operation: Operation, _ binder: inout ParameterBinder) throws(DatabaseError) -> Sent {
    // First of all: also to prepare a statement takes rights, on its schema.
    if let session = operation.session {
      guard try send(session, &binder) else { return .notSent }
    }
    guard prepares, operation.comment == nil else { return try sendUnnamed(flight, operation, &binder) }
    guard let name = try prepared(flight.statement) else { return .notSent }
    let isSent = try binder.bind(operation.bound.parameters, at: flight.step.parameters) {
      connection.execute(name, $0)
    }
    entries.append(.query(flight))
    load &+= Self.load(of: flight)
    if flight.isGatherableInsert { inserts &+= 1 }
    if flight.isKeyRead { keyReads &+= 1 }
    return isSent ? .sent : .broken
  }

  /// The same for calls that go out as one statement.
  func send(_ calls: GatheredCalls, _ binder: inout ParameterBinder) throws(DatabaseError) -> Sent {
    guard let name = try prepared(calls.statement) else { return .notSent }
    let isSent = try binder.bind(calls.parameters, at: nil) { connection.execute(name, $0) }
    entries.append(.gathered(calls))
    load &+= calls.load
    if calls.areWrites { inserts &+= 1 } else { keyReads &+= calls.count }
    return isSent ? .sent : .broken
  }

  private func sendUnnamed(
    _ flight: Flight, _ operation: Operation, _ binder: inout ParameterBinder
  ) throws(DatabaseError) -> Sent {
    let isSent = try binder.bind(operation.bound.parameters, at: flight.step.parameters) {
      connection.execute(unnamed: flight.statement, comment: operation.comment, $0)
    }
    entries.append(.query(flight))
    load &+= Self.load(of: flight)
    return isSent ? .sent : .broken
  }

  /// Has what follows run for a caller's role, up to the Sync; false: the connection broke.
  private func send(_ session: CallSession, _ binder: inout ParameterBinder) throws(DatabaseError) -> Bool {
    let isSent: Bool
    if prepares {
      guard let name = try prepared(session.statement) else { return false }
      isSent = try binder.bind(session.parameters, at: nil) { connection.execute(name, $0) }
    } else {
      isSent = try binder.bind(session.parameters, at: nil) { connection.execute(unnamed: session.statement, $0) }
    }
    if isSent { entries.append(.session(session.statement.id)) }
    return isSent
  }

  enum Sent {
    case sent
    /// The connection broke; the query is not among the entries.
    case notSent
    /// The connection broke; the query is among the entries.
    case broken
  }

  /// The statement's name, once what makes it known to the server has been sent; nil: the connection broke.
  private func prepared(_ statement: Statement) throws(DatabaseError) -> ContiguousArray<CChar>? {
    if let name = statements.ready(statement.id) { return name }
    guard prepare(statement) else { return nil }
    guard let name = statements.ready(statement.id) else {
      throw DatabaseError(.pillion(.internal), "a statement that cannot be prepared")
    }
    return name
  }

  private func prepare(_ statement: Statement) -> Bool {
    let preparation = statements.prepare(statement.id)
    for name in preparation.deallocates {
      entries.append(.deallocate)
      guard connection.deallocate(name) else { return false }
    }
    entries.append(.prepare(statement.id))
    return connection.prepare(statement)
  }

  /// The server has answered a preparation; `error` nil: the statement is there.
  func prepared(_ statement: Int, error: DatabaseError?) {
    if let error {
      if preparationErrors.count >= Self.rememberedErrors { preparationErrors.removeAll(keepingCapacity: true) }
      preparationErrors[statement] = error
    } else if !preparationErrors.isEmpty {
      preparationErrors[statement] = nil
    }
  }

  private static let rememberedErrors = 512

  /// Ends a segment.
  func sync() -> Bool {
    isSegmentOpen = false
    entries.append(.sync)
    return connection.sync()
  }
}
