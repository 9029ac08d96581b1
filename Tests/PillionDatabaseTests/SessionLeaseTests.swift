import PillionDatabase
import PillionPostgreSQL
import Testing

/// Transactions that wait for code, on PostgreSQL: what was not kept is never said to be.
@Suite struct SessionLeaseTests {
  private let test: PostgreSQLTest
  private let pool: SessionPool

  init() throws {
    let test = try PostgreSQLTest(["CREATE TABLE noted (id bigint PRIMARY KEY)"])
    self.test = test
    pool = SessionPool(limit: 1) { () throws(DatabaseError) in try test.driver.makeSession() }
  }

  private func inTransaction(_ body: @Sendable (SessionLease) async throws -> Void) async throws {
    try await pool.withSession(deadline: 0) { lease in try await lease.transaction { try await body(lease) } }
  }

  private func note(_ id: Int64, _ lease: SessionLease) async throws {
    _ = try await lease.rows("INSERT INTO noted VALUES ($1)", [.integer(id)])
  }

  private var noted: String? {
    get throws { try test.value("SELECT string_agg(id::text, ',' ORDER BY id) FROM noted") }
  }

  @Test func anErrorThatWasNotPassedOnIsNoCommit() async throws {
    let error = await #expect(throws: DatabaseError.self) {
      try await inTransaction { lease in
        try await note(1, lease)
        _ = try? await lease.rows("SELECT 1 / 0", [])
      }
    }
    #expect(error?.code == .sqlState("25P02"))
    #expect(try noted == nil)
    try await inTransaction { try await note(2, $0) }
    #expect(try noted == "2")
  }

  @Test func nothingFollowsABrokenConnectionInItsTransaction() async throws {
    let error = await #expect(throws: DatabaseError.self) {
      try await inTransaction { lease in
        try await note(1, lease)
        _ = try? await lease.rows("SELECT pg_terminate_backend(pg_backend_pid())", [])
        do {
          try await note(2, lease)
          Issue.record("a statement ran beside its transaction")
        } catch is DatabaseError {}
      }
    }
    #expect(error?.code == .pillion(.unavailable))
    #expect(try noted == nil)
    try await inTransaction { try await note(3, $0) }
    #expect(try noted == "3")
  }

  @Test func copyIsRefused() async throws {
    for sql in ["COPY noted FROM STDIN", "COPY noted TO STDOUT"] {
      let error = await #expect(throws: DatabaseError.self) {
        try await pool.withSession(deadline: 0) { _ = try await $0.rows(sql, []) }
      }
      #expect(error?.code == .sqlState("0A000"))
    }
    try await inTransaction { try await note(1, $0) }
    #expect(try noted == "1")
  }
}
