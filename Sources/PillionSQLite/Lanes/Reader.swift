import PillionDatabase

/// A connection that answers unary reads, batch by batch, and the buffers for it. One thread at a time uses it.
final class Reader {
  /// Reads that a thread takes from the queue at once, at most. They share a transaction, the queue's lock and the way
  /// back; to share these among more was not faster.
  static let batchLimit = 32
  /// Nanoseconds that a batch may take: the first answer goes out after the last read, and other threads may be free.
  private static let batchTime: UInt64 = 1_000_000
  /// Nanoseconds between two looks whether the file is still where it was.
  private static let moveCheck: UInt64 = 50_000_000

  private let configuration: SQLiteConfiguration
  private let queue: JobQueue
  private let status: LaneStatus
  private let runner = OperationRunner()
  private var connection: Connection?
  private var outbox = Outbox()
  /// Reads that are to be answered, and not begun.
  private var batch = Ring<Operation>()
  private var isBatch = false
  /// Reads of the batch that are done or being done.
  private var begun = 0
  private var nextMoveCheck: UInt64 = 0
  /// Whether event loops answer reads themselves.
  private var borrowing = AdaptiveWait()
  /// How many reads to take from the queue next: as many as there was time for.
  private(set) var limit = batchLimit

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

  func close() { connection = nil }

  /// Answers all of `operations`, or as many as there is time for: the queue gets the others back.
  func answer(_ operations: inout Ring<Operation>) {
    let now = MonotonicTime.now()
    closeIfMoved(at: now)
    batch.take(from: &operations)
    let count = batch.count
    run(until: MonotonicTime.after(now, Self.batchTime))
    endSnapshot()
    outbox.flush()
    limit = begun < count ? max(1, min(begun, Self.batchLimit)) : min(limit * 2, Self.batchLimit)
  }

  /// Answers the first `count` of `operations` on the thread of their event loop, which is not to be held for longer than
  /// a batch may take: a read that is then not done begins anew on a lane's thread. False: they are all still there.
  ///
  /// That spares each batch two changes of threads. It is done as long as it pays: the loop is held for the time of a full
  /// batch by no less than that.
  func answer(_ operations: inout Ring<Operation>, count: Int) -> Bool {
    let now = MonotonicTime.now()
    closeIfMoved(at: now)
    guard let connection, borrowing.permits() else { return false }
    batch.take(from: &operations, atMost: count)
    let lone = count == 1 ? batch.first : nil
    let end = MonotonicTime.after(now, Self.batchTime)
    connection.watch.yieldTime = end
    run(until: end)
    connection.watch.yieldTime = .max
    endSnapshot()
    let isDone = begun == count && MonotonicTime.now() < end
    if isDone { lone?.cameAtOnce = true }
    borrowing.note(hasPaid: isDone || begun >= Self.batchLimit)
    outbox.flush()
    return true
  }

  private func run(until end: UInt64) {
    isBatch = batch.count > 1
    begun = 0
    // `handBack` may take the rest away while an operation runs.
    while let operation = batch.removeFirst() {
      operation.noteStarted()
      guard let outcome = answer(operation) else {
        batch.prepend(operation)
        handBack()
        break
      }
      begun += 1
      operation.outcome = outcome
      operation.noteEnded()
      outbox.append(operation)
      if let connection, connection.watch.now >= end { handBack() }
    }
  }

  /// Nil: the operation is another thread's.
  private func answer(_ operation: Operation) -> Operation.Outcome? {
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
      if case .failed(let error) = outcome {
        if connection.watch.hasYielded { return nil }
        throw error
      }
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
    if !batch.isEmpty { queue.giveBack(&batch) }
  }

  private func closeIfMoved(at now: UInt64) {
    guard let connection, now >= nextMoveCheck else { return }
    nextMoveCheck = now &+ Self.moveCheck
    if connection.hasMoved { self.connection = nil }
  }
}
