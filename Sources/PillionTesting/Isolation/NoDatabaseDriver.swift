import PillionDatabase

/// A driver for tests that must not need a database: whatever asks it is refused.
final class NoDatabaseDriver: Driver {
  private let base: any Driver

  init(_ base: any Driver) { self.base = base }

  private static var refusal: DatabaseError { DatabaseError(.pillion(.unavailable), "the test has no database") }

  var dialect: Dialect { base.dialect }

  var isAvailable: Bool { true }

  var statistics: DriverStatistics { base.statistics }

  func makeSession() throws(DatabaseError) -> any Session { throw Self.refusal }

  func submit(_ operations: inout Ring<Operation>) {
    while let operation = operations.removeFirst() {
      operation.outcome = .failed(Self.refusal)
      operation.mailbox.deliver([operation])
    }
  }

  func open(_ stream: RowStream) {
    stream.end(.failed(Self.refusal))
    stream.mailbox.deliver([stream])
  }

  func resume(_ stream: RowStream) {}

  func cancel(_ job: Job) { job.markCancelled() }

  func shutdown() { base.shutdown() }
}
