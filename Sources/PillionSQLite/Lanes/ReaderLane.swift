import PillionDatabase

/// One of the threads that answer unary reads, with a connection of its own.
final class ReaderLane {
  /// Jobs taken from the queue at once, at most. They share a transaction, the queue's lock and the way back; to share
  /// these among more was not faster.
  private static let batchLimit = 32
  /// Nanoseconds that a batch may take: the first answer goes out after the last job, and other threads may be free.
  private static let batchTime: UInt64 = 1_000_000
  /// Nanoseconds between two looks whether the file is still where it was.
  private static let moveCheck: UInt64 = 50_000_000

  private let configuration: SQLiteConfiguration
  private let queue: JobQueue
  private let status: LaneStatus
  private let runner = OperationRunner()
  private var connection: Connection?
  private var outbox = Outbox()
  /// Taken from the queue, and not begun.
  private var batch = Ring<Operation>()
  private var isBatch = false
  /// Jobs of the batch that are done or being done.
  private var begun = 0
  /// Jobs to take next: as many as there was time for.
  private var limit = batchLimit
  private var nextMoveCheck: UInt64 = 0

  init(_ configuration: SQLiteConfiguration, queue: JobQueue, status: LaneStatus) throws(DatabaseError) {
    self.configuration = configuration
    self.queue = queue
    self.status = status
    connection = try open()
  }

  /// The connection, opened again where its file has been replaced.
  private func current() throws(DatabaseError) -> Connection {
    if let connection { return connection }
    let opened = try open()
    connection = opened
    return opened
  }

  private func open() throws(DatabaseError) -> Connection {
    let watch = Watch(status: status, configuration: configuration, stopsAtShutdown: true)
    watch.onSlow = { [weak self] in self?.handBack() }
    return try Connection(configuration, role: .reader, watch: watch, mayCreate: false)
  }

  /// The thread's body; returns when the queue has been closed.
  func run() {
    while queue.take(into: &batch, atMost: limit) {
      limit = min(limit * 2, Self.batchLimit)
      let now = MonotonicTime.now()
      let end = MonotonicTime.after(now, Self.batchTime)
      closeIfMoved(at: now)
      isBatch = batch.count > 1
      begun = 0
      // `handBack` may take the rest away while an operation runs.
      while let operation = batch.removeFirst() {
        begun += 1
        operation.noteStarted()
        operation.outcome = answer(operation)
        operation.noteEnded()
        outbox.append(operation)
        if let connection, connection.watch.now >= end { handBack() }
      }
      endSnapshot()
      outbox.flush()
    }
    connection = nil
  }

  private func answer(_ operation: Operation) -> Operation.Outcome {
    if status.isStopping { return .failed(Watch.Verdict.shutdown.error) }
    if operation.deadline != 0 || operation.isCancelled,
      let verdict = Watch.verdict(on: operation, now: MonotonicTime.now())
    {
      return .failed(verdict.error)
    }
    do throws(DatabaseError) {
      let connection = try current()
      if (isBatch || operation.bound.steps.count > 1) && !connection.isInTransaction {
        try connection.run(Connection.Control.begin)
      }
      let outcome = runner.run(operation, on: connection)
      if case .failed(let error) = outcome { throw error }
      status.noteAvailable(true)
      return outcome
    } catch {
      if error.saysUnavailable { status.noteAvailable(false) }
      return .failed(error)
    }
  }

  /// Ends the transaction that the operations of a batch, or the steps of one, have shared: it spares each of them the
  /// locks of its own, two system calls. It began after all of them had been submitted, so they miss nothing that was
  /// acknowledged before.
  private func endSnapshot() {
    guard let connection, connection.isInTransaction else { return }
    // A connection that cannot end it is opened anew.
    do throws(DatabaseError) { try connection.run(Connection.Control.commit) } catch { self.connection = nil }
  }

  /// It takes long: what is done goes out, and the other threads get the rest.
  private func handBack() {
    outbox.flush()
    guard !batch.isEmpty else { return }
    limit = begun
    queue.giveBack(&batch)
  }

  private func closeIfMoved(at now: UInt64) {
    guard let connection, now >= nextMoveCheck else { return }
    nextMoveCheck = now &+ Self.moveCheck
    if connection.hasMoved { self.connection = nil }
  }
}
