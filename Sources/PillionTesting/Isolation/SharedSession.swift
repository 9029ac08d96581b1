import PillionDatabase

/// The one session that all calls of a test share, so that what they do can be undone together, and whose turn at it is.
///
/// `@unchecked Sendable`: `session` and `isOpen` are touched only by whoever has the turn.
final class SharedSession: @unchecked Sendable {
  let dialect: Dialect
  private let open: SessionPool.Open
  private let turn = Turn()
  private var session: (any Session)?
  /// Whether a test's transaction is open.
  private var isOpen = false

  init(dialect: Dialect, open: @escaping SessionPool.Open) {
    self.dialect = dialect
    self.open = open
  }

  /// A test begins: opens its transaction.
  func begin() throws(DatabaseError) {
    let job = Job(mailbox: NoMailbox())
    try turn.take(for: job)
    defer { turn.give() }
    let current: any Session
    if let session, session.isUsable { current = session } else { current = try open() }
    session = current
    try current.control(.begin, for: job)
    isOpen = true
  }

  /// The test has ended: undoes all that it did, once what is under way has ended.
  func rollback() throws(DatabaseError) {
    let job = Job(mailbox: NoMailbox())
    try turn.take(for: job)
    defer { turn.give() }
    guard isOpen else { return }
    isOpen = false
    do throws(DatabaseError) {
      try session?.control(.rollback, for: job)
    } catch {
      // It goes with its connection.
      session = nil
      throw error
    }
  }

  /// Closes the connection; nobody may use it afterwards.
  func close() { session = nil }

  /// Waits for the turn, which is to be given back.
  func take(for job: Job) throws(DatabaseError) -> any Session {
    try turn.take(for: job)
    if isOpen, let session, session.isUsable { return session }
    let reason = isOpen ? "the connection of the test broke" : "no test is running"
    turn.give()
    throw DatabaseError(.pillion(.unavailable), reason)
  }

  func give() { turn.give() }

  /// Runs `body` as a transaction of its own, for the caller of the job: behind a savepoint, kept if `body` says so.
  func transaction<Result>(
    for job: Job, _ body: (any Session) throws(DatabaseError) -> (result: Result, isKept: Bool)
  ) throws(DatabaseError) -> Result {
    let session = try take(for: job)
    defer { turn.give() }
    try session.control(.savepoint(0), for: job)
    do throws(DatabaseError) {
      if let caller = job.session { try session.assume(caller, for: job) }
      let (result, isKept) = try body(session)
      if isKept {
        try keep(session, job.session, for: job)
      } else {
        undo(session)
      }
      return result
    } catch {
      undo(session)
      throw error
    }
  }

  /// As COMMIT.
  func keep(_ session: any Session, _ caller: CallSession?, for job: Job) throws(DatabaseError) {
    try session.checkDeferred(for: job)
    if let caller { try session.resign(caller, for: job) }
    try session.control(.release(0), for: job)
  }

  /// As ROLLBACK; a session that cannot even do that is given up.
  func undo(_ session: any Session) {
    // Not the call's job: what is undone is undone also for a call that has ended.
    let job = Job(mailbox: NoMailbox())
    do throws(DatabaseError) {
      try session.control(.rollbackTo(0), for: job)
      try session.control(.release(0), for: job)
    } catch {
      self.session = nil
    }
  }
}
