import CPillionSQLite
package import PillionDatabase

/// A SQLite database behind the `Driver` protocol.
///
/// Threads: one that writes, `readers` that answer unary reads, `streamThreads` that step the open Lists. The calling
/// threads put jobs into queues; an event loop answers its own reads as long as none waits and they are quick.
package final class SQLiteDriver: Driver {
  private let status = LaneStatus()
  private let writes: JobQueue
  private let reads: JobQueue
  private let streams: StreamScheduler
  private let threads: Locked<[LaneThread]>
  private let readers: [ReaderLane]
  private let configuration: SQLiteConfiguration
  /// Whose transaction is next, among the sessions. SQLite's own lock is asked for again and again by whoever wants it, and
  /// may be had last by the one who came first.
  private let turn = Turn()

  package var dialect: Dialect { .sqlite }

  package var isAvailable: Bool { status.isAvailable }

  /// Opens the writer's and the readers' connections, so that what is wrong with the file is said here: it is not there,
  /// is no database (SQLITE_NOTADB, 26), or cannot be read. A file that cannot be written is served for reading; writes
  /// then fail with SQLITE_READONLY (8).
  package init(configuration: SQLiteConfiguration) throws(DatabaseError) {
    guard sqlite3_threadsafe() != 0 else {
      throw DatabaseError(.pillion(.internal), "the SQLite library was built without thread safety")
    }
    writes = JobQueue(limit: configuration.queueLimit)
    reads = JobQueue(limit: configuration.queueLimit)
    streams = StreamScheduler(configuration)
    threads = Locked([])
    self.configuration = configuration
    let streams = streams
    let writer = try WriterLane(configuration, queue: writes, status: status, onLogFull: { streams.endIdle() })
    var readers: [ReaderLane] = []
    for _ in 0..<max(configuration.readers, 1) {
      readers.append(try ReaderLane(configuration, queue: reads, status: status))
    }
    self.readers = readers
    var started: [LaneThread] = []
    do throws(DatabaseError) {
      started.append(try LaneThread(name: "sqlite-writer") { writer.run() })
      for (number, reader) in readers.enumerated() {
        started.append(try LaneThread(name: "sqlite-read-\(number)") { reader.run() })
      }
      let status = status
      for number in 0..<max(min(configuration.streamThreads, configuration.streamConnections), 1) {
        let lane = StreamLane(configuration, scheduler: streams, status: status)
        started.append(try LaneThread(name: "sqlite-list-\(number)") { lane.run() })
      }
    } catch {
      close(started)
      throw error
    }
    let running = started
    threads.withLock { $0 = running }
  }

  package func submit(_ operations: inout Ring<Operation>) {
    while let first = operations.first {
      let isWrite = first.bound.isWrite
      var run = 1
      while run < operations.count, operations[run]?.bound.isWrite == isWrite { run += 1 }
      if !isWrite, first.mailbox.isOwnThread, answer(&operations, count: run) { continue }
      guard let refusal = (isWrite ? writes : reads).push(&operations, count: run) else { continue }
      var refused = Ring<Operation>()
      refused.take(from: &operations, atMost: refusal.count)
      refuse(&refused, refusal.reason)
    }
  }

  /// Answers reads on the calling thread, their event loop's; false: they are all still there.
  private func answer(_ operations: inout Ring<Operation>, count: Int) -> Bool {
    guard reads.isEmpty else { return false }
    for reader in readers where reader.answer(&operations, count: count) { return true }
    return false
  }

  package func open(_ stream: RowStream) {
    guard let reason = streams.open(stream) else { return }
    stream.end(.failed(Self.refusal(reason)))
    stream.mailbox.deliver([stream])
  }

  package func resume(_ stream: RowStream) { streams.resume(stream) }

  package func cancel(_ job: Job) {
    // A running statement sees the mark at the next look of its connection's progress handler.
    job.markCancelled()
    if let stream = job as? RowStream { streams.cancel(stream) }
  }

  package func makeSession() throws(DatabaseError) -> any Session {
    try SQLiteSession(configuration, status: status, turn: turn)
  }

  package var statistics: DriverStatistics {
    var read = reads.statistics("read", threads: readers.count)
    read.busy = readers.count { $0.isBusy }
    return DriverStatistics(
      lanes: [writes.statistics("write", threads: 1), read, streams.statistics], statements: status.statements.values)
  }

  /// Queued jobs come back as unavailable, running reads and Lists are stopped, and the running group of writes is
  /// committed. The last connection to close copies the write-ahead log into the file.
  package func shutdown() {
    let running = threads.withLock { threads in
      defer { threads = [] }
      return threads
    }
    close(running)
  }

  private func close(_ threads: [LaneThread]) {
    status.stop()
    var left = reads.close()
    refuse(&left, .unavailable)
    streams.close()
    // The writer is the first of the threads. Its connection is the last to close: it alone may checkpoint.
    for thread in threads.dropFirst() { thread.join() }
    streams.closeConnections()
    left = writes.close()
    refuse(&left, .unavailable)
    threads.first?.join()
  }

  private func refuse(_ operations: inout Ring<Operation>, _ reason: DatabaseError.Reason) {
    var outbox = Outbox()
    while let operation = operations.removeFirst() {
      operation.outcome = .failed(Self.refusal(reason))
      outbox.append(operation)
    }
    outbox.flush()
  }

  private static func refusal(_ reason: DatabaseError.Reason) -> DatabaseError {
    switch reason {
    case .exhausted: DatabaseError(.pillion(.exhausted), "too many calls wait for the database")
    default: Watch.Verdict.shutdown.error
    }
  }
}
