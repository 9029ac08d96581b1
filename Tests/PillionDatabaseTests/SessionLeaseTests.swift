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
    // The refused one holds no lock on.
    try test.admin("SET lock_timeout = '10s'", "LOCK TABLE noted")
    try await inTransaction { try await note(1, $0) }
    #expect(try noted == "1")
  }

  /// Before it there is nothing, so that no savepoint is set; the later one has its own.
  @Test func aWriteThatFailsIsForgottenAlone() async throws {
    let insert = Statement("INSERT INTO noted VALUES ($1) RETURNING id, 'noted'", parameterTypes: [20])
    try test.admin("INSERT INTO noted VALUES (1)")
    try await inTransaction { lease in
      for next in [2, 3] as [Int64] {
        let refused = try await lease.runApart(test.write(insert, [1]))
        #expect(refused.error?.code == .sqlState("23505"))
        try await note(next, lease)
      }
      let kept = try await lease.runApart(test.write(insert, [4]))
      #expect(kept.row?.id == 4)
    }
    #expect(try noted == "1,2,3,4")
    let error = await #expect(throws: DatabaseError.self) {
      try await inTransaction { lease in
        _ = try await lease.runApart(test.write(insert, [1]))
        _ = try await lease.runApart(test.write(insert, [5]))
        throw DatabaseError(.pillion(.internal), "undone")
      }
    }
    #expect(error?.message == "undone")
    #expect(try noted == "1,2,3,4")
  }

  @Test func aTransactionBeginsWithItsFirstStatement() async throws {
    try test.admin("CREATE TABLE moment (at timestamptz)")
    try await inTransaction { lease in
      try test.admin("INSERT INTO moment VALUES (clock_timestamp())")
      let first = try await lease.rows("SELECT now() > at FROM moment", [])
      #expect(first == [[.bool(true)]])
      try test.admin("UPDATE moment SET at = clock_timestamp()")
      let second = try await lease.rows("SELECT now() > at FROM moment", [])
      #expect(second == [[.bool(false)]])
    }
  }

  @Test func aTransactionThatAsksForNothingNeedsNoConnection() async throws {
    let pool = SessionPool(limit: 1) { () throws(DatabaseError) in
      throw DatabaseError(.pillion(.unavailable), "nobody is there")
    }
    try await pool.withSession(deadline: 0) { lease in try await lease.transaction {} }
    let error = await #expect(throws: DatabaseError.self) {
      try await pool.withSession(deadline: 0) { lease in try await lease.transaction { try await note(1, lease) } }
    }
    #expect(error?.message == "nobody is there")
  }

  private func backend(_ lease: SessionLease) async throws -> [[SessionValue]] {
    try await lease.rows("SELECT pg_backend_pid()", [])
  }

  /// What a call that was cancelled holds is let go of while its code goes on, and its connection serves the next one.
  @Test(arguments: ["before its transaction begins", "in its transaction", "in a statement"])
  func aCancelledCallLeavesItsConnection(_ moment: String) async throws {
    let before = try await pool.withSession(deadline: 0) { try await backend($0) }
    let (begun, hasBegun) = AsyncStream.makeStream(of: Void.self)
    let (released, release) = AsyncStream.makeStream(of: Void.self)
    let call = Task.detached { [self] in
      try await inTransaction { lease in
        if moment != "before its transaction begins" { try await note(1, lease) }
        hasBegun.finish()
        if moment == "in a statement" { _ = try? await lease.rows("SELECT pg_sleep(60)", []) }
        // Whatever becomes of the call, its code is not done.
        await Task.detached { for await _ in released {} }.value
      }
    }
    for await _ in begun {}
    call.cancel()
    // It would wait for the row that was written.
    try test.admin("SET lock_timeout = '30s'", "INSERT INTO noted VALUES (1)")
    release.finish()
    let result = await call.result
    #expect(throws: DatabaseError.self) { try result.get() }
    #expect(try noted == "1")
    let after = try await pool.withSession(deadline: 0) { try await backend($0) }
    #expect(after == before)
  }
}
