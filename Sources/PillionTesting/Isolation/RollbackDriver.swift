import PillionDatabase

/// A driver for one test after the other. Everything that is asked of the database goes to one session, one after the
/// other, in a transaction that is undone when the test has ended; what would be a transaction is a savepoint in it.
///
/// Lists are read to their end at once: a statement that waits for its client would keep all others waiting.
///
/// `@unchecked Sendable`: `parked` is touched only on the driver's thread; the rest is immutable or locked.
final class RollbackDriver: Driver, @unchecked Sendable {
  private typealias Work = @Sendable (RollbackDriver) -> Void

  private let base: any Driver
  private let shared: SharedSession
  private let queue = WorkQueue<Work>()
  /// Set before anybody else knows of the driver.
  private var thread: LaneThread?
  /// What clients have not taken yet.
  private var parked: [ObjectIdentifier: (stream: RowStream, chunks: ArraySlice<RowStream.Chunk>)] = [:]

  init(_ base: any Driver) throws(DatabaseError) {
    self.base = base
    shared = SharedSession(dialect: base.dialect) { () throws(DatabaseError) in try base.makeSession() }
    thread = try LaneThread(name: "test") { [queue] in
      while let work = queue.take() { work(self) }
    }
  }

  /// Undoes what the last test did, and begins the next.
  func begin() async throws { try await onThread { (driver) throws(DatabaseError) in try driver.shared.begin() } }

  /// Undoes what the test did, once what is under way has ended.
  func rollback() async throws { try await onThread { (driver) throws(DatabaseError) in try driver.shared.rollback() } }

  private func onThread(_ body: @escaping @Sendable (RollbackDriver) throws(DatabaseError) -> Void) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      queue.put { driver in
        do throws(DatabaseError) {
          continuation.resume(returning: try body(driver))
        } catch {
          continuation.resume(throwing: error)
        }
      }
    }
  }

  // MARK: Driver

  var dialect: Dialect { base.dialect }

  var isAvailable: Bool { base.isAvailable }

  var statistics: DriverStatistics { base.statistics }

  func makeSession() throws(DatabaseError) -> any Session { SavepointSession(shared) }

  func submit(_ operations: inout Ring<Operation>) {
    while let operation = operations.removeFirst() { queue.put { $0.run(operation) } }
  }

  func open(_ stream: RowStream) { queue.put { $0.read(stream) } }

  func resume(_ stream: RowStream) { queue.put { $0.advance(stream) } }

  func cancel(_ job: Job) {
    job.markCancelled()
    guard let stream = job as? RowStream else { return }
    queue.put { driver in
      guard driver.parked.removeValue(forKey: ObjectIdentifier(stream)) != nil else { return }
      driver.end(stream, .failed(DatabaseError(.pillion(.cancelled), "the call was cancelled")))
    }
  }

  func shutdown() {
    queue.close()
    thread?.join()
    for (stream, _) in parked.values {
      end(stream, .failed(DatabaseError(.pillion(.unavailable), "the server is shutting down")))
    }
    parked = [:]
    shared.close()
    base.shutdown()
  }

  // MARK: On the thread

  private func run(_ operation: Operation) {
    operation.noteStarted()
    do throws(DatabaseError) {
      operation.outcome = try shared.transaction(for: operation) { (session) throws(DatabaseError) in
        let outcome = session.run(operation)
        switch outcome {
        case .pending, .message, .done: return (outcome, true)
        case .notFound, .denied, .failed: return (outcome, false)
        }
      }
    } catch {
      operation.outcome = .failed(error)
    }
    operation.noteEnded()
    operation.mailbox.deliver([operation])
  }

  private func read(_ stream: RowStream) {
    stream.noteStarted()
    do throws(DatabaseError) {
      let chunks = try shared.transaction(for: stream) { (session) throws(DatabaseError) in
        (try session.read(stream), true)
      }
      parked[ObjectIdentifier(stream)] = (stream, chunks[...])
      advance(stream)
    } catch {
      end(stream, .failed(error))
    }
  }

  /// Hands over as much as there is room for.
  private func advance(_ stream: RowStream) {
    guard var chunks = parked.removeValue(forKey: ObjectIdentifier(stream))?.chunks else { return }
    while let chunk = chunks.popFirst() {
      guard stream.offer(chunk) else {
        parked[ObjectIdentifier(stream)] = (stream, chunks)
        stream.mailbox.deliver([stream])
        return
      }
    }
    end(stream, .complete)
  }

  private func end(_ stream: RowStream, _ end: RowStream.End) {
    stream.noteEnded()
    stream.end(end)
    stream.mailbox.deliver([stream])
  }
}
