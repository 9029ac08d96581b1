import PillionDatabase

/// What a connection's callbacks look at while a statement runs or waits for a lock: whether it shall go on.
///
/// Asked through `sqlite3_progress_handler` and `sqlite3_busy_handler`, on the thread that runs the statement. Nobody
/// calls `sqlite3_interrupt`, which could hit the statement after the one that was meant.
final class Watch {
  /// Why a statement was stopped.
  enum Verdict {
    case cancelled, deadline, statementTimeout, shutdown
    /// Not the statement's fault: another thread has the time for it.
    case yielded

    var error: DatabaseError {
      switch self {
      case .cancelled: DatabaseError(.pillion(.cancelled), "the call was cancelled")
      case .deadline: DatabaseError(.pillion(.timeout), "the call's deadline has come")
      case .statementTimeout: DatabaseError(.pillion(.timeout), "the statement ran longer than the statement timeout")
      case .yielded: DatabaseError(.pillion(.internal), "the statement is another thread's")
      case .shutdown: DatabaseError(.pillion(.unavailable), "the server is shutting down")
      }
    }
  }

  /// Virtual machine instructions between two looks: some ten microseconds.
  static let interval: Int32 = 1000
  /// After this long, a running operation is slow: `onSlow` is called.
  static let slow: UInt64 = 2_000_000

  private let status: LaneStatus
  private let busyTimeout: UInt64
  private let statementTimeout: UInt64
  private let stopsAtShutdown: Bool
  /// A statement is left alone for so long. Stopping a write costs the whole group its transaction, so a write that
  /// will be done in a moment is let through.
  private let grace: UInt64

  /// Whose statement runs; nil for those of the lane itself.
  private var job: Job?
  private var started: UInt64 = 0
  private var statementLimit = UInt64.max
  private var isSlow = false
  private var waitStarted: UInt64 = 0

  /// The time at the last look, or when the job began.
  private(set) var now: UInt64 = 0
  /// Set when a callback has stopped the job's statement.
  private(set) var verdict: Verdict?
  /// From when on the thread has no time for a statement that runs, or waits for a lock.
  var yieldTime = UInt64.max
  /// Called once for a job that runs long, from inside its statement: must not touch the connection.
  var onSlow: (() -> Void)?
  /// Asked while a statement of the lane's own waits for a lock; true ends the wait.
  var endsWait: ((_ now: UInt64) -> Bool)?

  init(status: LaneStatus, configuration: SQLiteConfiguration, stopsAtShutdown: Bool, grace: UInt64 = 0) {
    self.status = status
    self.busyTimeout = configuration.busyTimeout
    self.statementTimeout = configuration.statementTimeout
    self.stopsAtShutdown = stopsAtShutdown
    self.grace = grace
  }

  /// Counts the statements that the connection prepares.
  var statements: StatementCounts { status.statements }

  /// The next statements are run for `job`.
  func begin(_ job: Job) {
    self.job = job
    now = MonotonicTime.now()
    started = now
    statementLimit = statementTimeout == 0 ? .max : MonotonicTime.after(now, statementTimeout)
    verdict = nil
    isSlow = false
  }

  func end() { job = nil }

  /// Whether the last job was stopped because its thread had no time.
  var hasYielded: Bool { if case .yielded? = verdict { true } else { false } }

  /// Why `job` shall not begin or go on, if so.
  static func verdict(on job: Job, now: UInt64) -> Verdict? {
    if job.deadline != 0, now >= job.deadline { return .deadline }
    return job.isCancelled ? .cancelled : nil
  }

  /// Progress handler: whether the statement must stop.
  func stopsStatement() -> Bool {
    guard let job else { return false }
    now = MonotonicTime.now()
    if !isSlow, now &- started >= Self.slow {
      isSlow = true
      onSlow?()
    }
    guard now &- started >= grace else { return false }
    verdict = look(at: job)
    return verdict != nil
  }

  private func look(at job: Job) -> Verdict? {
    if stopsAtShutdown, status.isStopping { return .shutdown }
    if let verdict = Self.verdict(on: job, now: now) { return verdict }
    if now >= statementLimit { return .statementTimeout }
    return now >= yieldTime ? .yielded : nil
  }

  /// Busy handler: sleeps a little; whether to try the lock again. `attempt` counts from 0 in each wait.
  func waitsForLock(attempt: Int32) -> Bool {
    now = MonotonicTime.now()
    if attempt == 0 { waitStarted = now }
    if let job, let reason = look(at: job) ?? (yieldTime == .max ? nil : .yielded) {
      verdict = reason
      return false
    }
    if let endsWait, endsWait(now) { return false }
    let waited = now &- waitStarted
    guard waited < busyTimeout else { return false }
    let pause: UInt64 =
      switch attempt {
      case ..<4: 50_000
      case ..<12: 500_000
      case ..<40: 2_000_000
      default: 10_000_000
      }
    MonotonicTime.sleep(nanoseconds: min(pause, busyTimeout &- waited))
    return true
  }
}
