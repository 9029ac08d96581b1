import CPillionSQLite
import PillionDatabase

/// The one thread that writes: takes all waiting writes and gives many of them one commit.
///
/// Each operation has a savepoint, so that one that fails leaves the others alone; answers go out only when the COMMIT
/// has said that all are on disk. One connection writes and checkpoints, nobody else in the process does either.
final class WriterLane {
  private let configuration: SQLiteConfiguration
  private let queue: JobQueue
  private let status: LaneStatus
  private let runner = OperationRunner()
  private let log: WriteAheadLog
  private var connection: Connection?
  private var outbox = Outbox()
  /// Taken from the queue and not yet answered.
  private var waiting = Ring<Operation>()
  /// The operations of the transaction being made.
  private var group: [Operation] = []
  /// Whether the group waits for the right to write.
  private var isBeginning = false
  /// How many may be in a group; less after an operation has taken a whole transaction with it.
  private var groupLimit: Int

  /// - Parameter onLogFull: called when readers that hold old snapshots keep the write-ahead log over its limit.
  init(
    _ configuration: SQLiteConfiguration, queue: JobQueue, status: LaneStatus, onLogFull: @escaping () -> Void
  ) throws(DatabaseError) {
    self.configuration = configuration
    self.queue = queue
    self.status = status
    groupLimit = max(configuration.groupLimit, 1)
    log = WriteAheadLog(configuration, onFull: onLogFull)
    connection = try open(mayCreate: !configuration.mustExist)
  }

  private func open(mayCreate: Bool) throws(DatabaseError) -> Connection {
    let watch = Watch(status: status, configuration: configuration, stopsAtShutdown: false, grace: 10_000_000)
    let connection = try Connection(configuration, role: .writer, watch: watch, mayCreate: mayCreate)
    // Weak: a lane that never ran closes its connection while it goes itself, and closing may wait for a lock.
    watch.endsWait = { [weak self] now in
      // A COMMIT waits on: its operations have been done.
      guard let self, isBeginning else { return false }
      return status.isStopping || group.contains { Watch.verdict(on: $0, now: now) != nil }
    }
    log.watch(connection)
    return connection
  }

  /// The thread's body; returns when the queue has been closed.
  func run() {
    while queue.take(into: &waiting, atMost: .max) {
      while !waiting.isEmpty {
        commitGroup()
        outbox.flush()
        if let connection { log.checkpoint(connection) }
      }
    }
    // Closing the last connection checkpoints and removes the log.
    connection = nil
  }

  /// Answers some of the waiting operations: those of one transaction.
  private func commitGroup() {
    group.removeAll(keepingCapacity: true)
    let count = status.isStopping ? waiting.count : min(groupLimit, waiting.count)
    while group.count < count, let operation = waiting.removeFirst() { group.append(operation) }
    if status.isStopping { return fail(Watch.Verdict.shutdown.error) }
    answerDead()
    guard !group.isEmpty else { return }
    // The others may have long to wait for the lock.
    outbox.flush()
    do throws(DatabaseError) {
      let connection = try current()
      guard try begin(on: connection) else { return }
      runGroup(on: connection)
    } catch {
      fail(error)
    }
  }

  /// The connection, opened again where the last one was lost or its file replaced.
  private func current() throws(DatabaseError) -> Connection {
    if let connection, !connection.hasMoved { return connection }
    connection = nil
    let opened = try open(mayCreate: false)
    connection = opened
    return opened
  }

  /// Opens the transaction with the right to write, so that no operation can fail for the lock half-way. False when
  /// all operations of the group have died while it waited for the lock.
  private func begin(on connection: Connection) throws(DatabaseError) -> Bool {
    let started = MonotonicTime.now()
    isBeginning = true
    defer { isBeginning = false }
    while true {
      do throws(DatabaseError) {
        try connection.run(Connection.Control.beginImmediate)
        return true
      } catch {
        guard error.primarySQLiteCode == SQLITE_BUSY, !status.isStopping else {
          throw status.isStopping ? Watch.Verdict.shutdown.error : error
        }
        // Either the busy timeout has passed or somebody in the group cannot wait any longer.
        let count = group.count
        answerDead()
        outbox.flush()
        if group.isEmpty { return false }
        let isTimeOver = MonotonicTime.now() &- started >= configuration.busyTimeout
        if group.count == count || isTimeOver { throw error }
      }
    }
  }

  private func runGroup(on connection: Connection) {
    let started = MonotonicTime.now()
    // An operation alone needs no savepoint: the transaction is its own.
    let isAlone = group.count == 1
    var index = 0
    while index < group.count {
      let operation = group[index]
      if operation.deadline != 0 || operation.isCancelled,
        let verdict = Watch.verdict(on: operation, now: MonotonicTime.now())
      {
        operation.outcome = .failed(verdict.error)
      } else {
        do throws(DatabaseError) {
          try run(operation, on: connection, isAlone: isAlone)
        } catch {
          return restart(without: index, error, on: connection)
        }
      }
      index += 1
      if index < group.count, MonotonicTime.now() &- started >= configuration.groupTime {
        while group.count > index { waiting.prepend(group.removeLast()) }
      }
    }
    commit(on: connection)
  }

  /// Runs one operation, and takes back what it did when it fails. Throws when that has cost the whole transaction.
  private func run(_ operation: Operation, on connection: Connection, isAlone: Bool) throws(DatabaseError) {
    operation.noteStarted()
    if !isAlone { try connection.run(Connection.Control.savepoint) }
    var outcome = runner.run(operation, on: connection)
    if outcome.isSuccess, connection.hasOpenForeignKeys {
      let code = SQLiteError.Extended.foreignKey
      outcome = .failed(SQLiteError.make(code, "FOREIGN KEY constraint failed"))
    }
    operation.outcome = outcome
    switch outcome {
    case .pending, .message, .done:
      if !isAlone { try connection.run(Connection.Control.release) }
    case .notFound, .denied, .failed:
      // SQLITE_FULL, an I/O error, RAISE(ROLLBACK) and their kind roll everything back
      // (https://sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction).
      guard connection.isInTransaction else {
        if case .failed(let error) = outcome { throw error }
        throw DatabaseError(.pillion(.internal), "the transaction was lost")
      }
      if isAlone {
        try connection.run(Connection.Control.rollback)
      } else {
        try connection.run(Connection.Control.rollbackToSavepoint)
        try connection.run(Connection.Control.release)
      }
    }
  }

  /// The operation at `index` has cost the group its transaction: it fails alone, the others run again.
  private func restart(without index: Int, _ error: DatabaseError, on connection: Connection) {
    rollback(connection)
    let culprit = group.remove(at: index)
    finish(culprit, .failed(error))
    repeatGroup()
  }

  /// The operations of the group, which has been rolled back, run again in smaller groups.
  private func repeatGroup() {
    // Where one failure follows the other (a full disk), a few steps lead to one operation each.
    groupLimit = max(1, min(groupLimit, group.count) / 8)
    while let operation = group.popLast() {
      operation.outcome = .pending
      waiting.prepend(operation)
    }
  }

  private func commit(on connection: Connection) {
    if connection.isInTransaction {
      do throws(DatabaseError) {
        try connection.run(Connection.Control.commit)
      } catch {
        rollback(connection)
        // Nothing of it has been stored; fewer may find room.
        if error.primarySQLiteCode == SQLITE_FULL, group.count > 1 { return repeatGroup() }
        return fail(error)
      }
    }
    if connection.hasMoved {
      return fail(
        DatabaseError(.pillion(.unavailable), "the database file was moved or deleted while it was written"))
    }
    groupLimit = min(max(configuration.groupLimit, 1), groupLimit &* 2)
    status.noteAvailable(true)
    for operation in group {
      operation.noteEnded()
      outbox.append(operation)
    }
    group.removeAll(keepingCapacity: true)
  }

  /// Back to no transaction; a connection that cannot do even that is given up.
  private func rollback(_ connection: Connection) {
    guard connection.isInTransaction else { return }
    do throws(DatabaseError) { try connection.run(Connection.Control.rollback) } catch { self.connection = nil }
  }

  /// Answers the operations of the group that nobody waits for any longer.
  private func answerDead() {
    let now = MonotonicTime.now()
    group.removeAll { operation in
      guard let verdict = Watch.verdict(on: operation, now: now) else { return false }
      finish(operation, .failed(verdict.error))
      return true
    }
  }

  private func fail(_ error: DatabaseError) {
    if error.saysUnavailable { status.noteAvailable(false) }
    for operation in group { finish(operation, .failed(error)) }
    group.removeAll(keepingCapacity: true)
  }

  private func finish(_ operation: Operation, _ outcome: Operation.Outcome) {
    operation.outcome = outcome
    operation.noteEnded()
    outbox.append(operation)
  }
}

extension Operation.Outcome {
  fileprivate var isSuccess: Bool {
    switch self {
    case .pending, .message, .done: true
    case .notFound, .denied, .failed: false
    }
  }
}
