import PillionDatabase
import PillionSchema

/// A test's own way to its database, past the server.
struct TestStore: Sendable {
  let driver: any Driver
  let schema: Schema

  func execute(_ statements: [String]) async throws {
    try await transaction { (session, job) throws(DatabaseError) in
      for statement in statements { try session.execute(statement, for: job) }
    }
  }

  func query(_ sql: String) async throws -> [[String?]] {
    try await withSession { (session, job) throws(DatabaseError) in try session.texts(sql, for: job) }
  }

  func truncate() async throws {
    try await withSession { (session, job) throws(DatabaseError) in try session.truncate(for: job) }
  }

  /// Stores the rows of fixtures, all or none.
  func load(_ rows: [Fixture.Row]) async throws {
    let inserts = FixtureInserts(schema: schema, dialect: driver.dialect)
    let operations = try rows.flatMap { row in try inserts.operations(for: row) }
    let sequences = inserts.sequences(after: rows)
    try await transaction { (session, job) throws(DatabaseError) in
      for operation in operations {
        if case .failed(let error) = session.run(operation) { throw error }
      }
      for sql in sequences { _ = try session.texts(sql, for: job) }
    }
  }

  private func transaction(
    _ body: @escaping @Sendable (any Session, Job) throws(DatabaseError) -> Void
  ) async throws {
    try await withSession { (session, job) throws(DatabaseError) in
      try session.control(.begin, for: job)
      // A session that is let go of undoes what is open.
      try body(session, job)
      try session.control(.commit, for: job)
    }
  }

  /// On a thread of its own: sessions wait.
  private func withSession<Result: Sendable>(
    _ body: @escaping @Sendable (any Session, Job) throws(DatabaseError) -> Result
  ) async throws -> Result {
    let driver = driver
    return try await onThread { () throws(DatabaseError) in
      try body(driver.makeSession(), Job(mailbox: NoMailbox()))
    }
  }
}

/// Runs what may wait on a thread of its own.
func onThread<Result: Sendable>(
  _ body: @escaping @Sendable () throws(DatabaseError) -> Result
) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    do throws(DatabaseError) {
      try LaneThread(name: "test") {
        do throws(DatabaseError) {
          continuation.resume(returning: try body())
        } catch {
          continuation.resume(throwing: error)
        }
      }.detach()
    } catch {
      continuation.resume(throwing: error)
    }
  }
}
