import PillionDatabase

/// What hooks and services of a test get for a session: their transactions are savepoints in that of the test. As long as
/// one is open, all others wait.
final class SavepointSession: Session {
  private let shared: SharedSession
  /// While a transaction is open, and the turn is ours.
  private var session: (any Session)?
  private var caller: CallSession?

  init(_ shared: SharedSession) { self.shared = shared }

  deinit { if let session { end { shared.undo(session) } } }

  var dialect: Dialect { shared.dialect }

  var isUsable: Bool { session?.isUsable ?? true }

  func control(_ control: SessionControl, for job: Job) throws(DatabaseError) {
    switch control {
    case .begin:
      let taken = try shared.take(for: job)
      do throws(DatabaseError) {
        try taken.control(.savepoint(0), for: job)
      } catch {
        shared.give()
        throw error
      }
      session = taken
    case .commit:
      try shared.keep(current, caller, for: job)
      end {}
    case .rollback:
      guard let session else { return }
      end { shared.undo(session) }
    case .savepoint, .release, .rollbackTo: try current.control(control, for: job)
    }
  }

  private func end(_ body: () -> Void) {
    body()
    session = nil
    caller = nil
    shared.give()
  }

  private var current: any Session {
    get throws(DatabaseError) {
      guard let session else { throw DatabaseError(.pillion(.internal), "no transaction is open") }
      return session
    }
  }

  func assume(_ caller: CallSession, for job: Job) throws(DatabaseError) {
    try current.assume(caller, for: job)
    self.caller = caller
  }

  func checkDeferred(for job: Job) throws(DatabaseError) { try current.checkDeferred(for: job) }

  func run(_ operation: Operation) -> Operation.Outcome {
    do throws(DatabaseError) {
      return try current.run(operation)
    } catch {
      return .failed(error)
    }
  }

  func rows(_ sql: String, _ values: [SessionValue], for job: Job) throws(DatabaseError) -> [[SessionValue]] {
    try with(job) { (session) throws(DatabaseError) in try session.rows(sql, values, for: job) }
  }

  func read(_ stream: RowStream) throws(DatabaseError) -> [RowStream.Chunk] {
    try with(stream) { (session) throws(DatabaseError) in try session.read(stream) }
  }

  func execute(_ sql: String, for job: Job) throws(DatabaseError) {
    try with(job) { (session) throws(DatabaseError) in try session.execute(sql, for: job) }
  }

  func texts(_ sql: String, for job: Job) throws(DatabaseError) -> [[String?]] {
    try with(job) { (session) throws(DatabaseError) in try session.texts(sql, for: job) }
  }

  /// In the transaction that is open, or else in one of its own.
  private func with<Result>(
    _ job: Job, _ body: (any Session) throws(DatabaseError) -> Result
  ) throws(DatabaseError) -> Result {
    if let session { return try body(session) }
    return try shared.transaction(for: job) { (session) throws(DatabaseError) in (try body(session), true) }
  }
}
