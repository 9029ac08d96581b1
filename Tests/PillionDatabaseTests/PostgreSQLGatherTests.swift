import Glibc
import PillionDatabase
import PillionPostgreSQL
import Testing

/// Inserts that wait together become one statement, and none of them can tell.
@Suite struct PostgreSQLGatherTests {
  private static let statement = Statement(
    "INSERT INTO item AS t (id, title) VALUES ($1, $2) RETURNING t.id, t.title", parameterTypes: [20, 25])
  private static let gathering = InsertGathering(
    insert: "INSERT INTO item AS t (id, title)", types: [20, 25], list: "t.id, t.title")

  private func insert(
    _ test: PostgreSQLTest, _ id: Int64, _ title: String, deadline: UInt64 = 0,
    as statement: Statement = statement, _ gathering: InsertGathering = gathering
  ) -> Operation {
    let step = Step(
      statement, parameters: [0, 1], effect: .respond(PostgreSQLTest.encoder), gathering: .inserts(gathering))
    return Operation(
      steps: [step], parameters: Dialect.postgresql.parameters([.int(id), .text(title)]), isWrite: true,
      mailbox: test.mailbox, deadline: deadline)
  }

  /// How many transactions wrote the rows that are there.
  private func transactions(_ test: PostgreSQLTest) throws -> Int {
    try test.value("SELECT count(DISTINCT xmin::text) FROM item").flatMap { Int($0) } ?? 0
  }

  @Test func eachGetsItsOwnRow() throws {
    let test = try PostgreSQLTest([TestStatement.table]) { $0.pointConnections = 2 }
    let operations = (0..<1000).map { insert(test, Int64($0), "row \($0)") }
    try test.run(operations)
    for (number, operation) in operations.enumerated() {
      #expect(operation.outcome.row == TestRow(id: Int64(number), title: "row \(number)"))
    }
    let stored = try test.fixture.makeAdmin().query("SELECT id, title FROM item ORDER BY id")
    #expect(stored == (0..<1000).map { ["\($0)", "row \($0)"] })
    #expect(try transactions(test) < 250)
  }

  /// The key and the title are the database's own: only the order of the rows says whose is whose.
  @Test func rowsComeBackInTheirOrder() throws {
    let test = try PostgreSQLTest([
      """
      CREATE TABLE item (
        id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, title text NOT NULL,
        twice text GENERATED ALWAYS AS (title || title) STORED)
      """
    ]) { $0.pointConnections = 3 }
    let statement = Statement(
      "INSERT INTO item AS t (title) VALUES ($1) RETURNING t.id, t.twice", parameterTypes: [25])
    let gathering = InsertGathering(insert: "INSERT INTO item AS t (title)", types: [25], list: "t.id, t.twice")
    let operations = (0..<600).map { number in
      let step = Step(
        statement, parameters: [0], effect: .respond(PostgreSQLTest.encoder), gathering: .inserts(gathering))
      return Operation(
        steps: [step], parameters: Dialect.postgresql.parameters([.text("\(number % 100)")]), isWrite: true,
        mailbox: test.mailbox)
    }
    try test.run(operations)
    let rows = try operations.map { try #require($0.outcome.row) }
    #expect(Set(rows.map(\.id)).count == 600)
    for (number, row) in rows.enumerated() {
      #expect(row.title == "\(number % 100)\(number % 100)")
      if number % 97 == 0 { #expect(try test.value("SELECT twice FROM item WHERE id = \(row.id)") == row.title) }
    }
    #expect(try transactions(test) < 200)
  }

  @Test func badOnesLeaveGoodOnesAlone() throws {
    let test = try PostgreSQLTest([TestStatement.table]) { $0.pointConnections = 2 }
    let operations = (0..<400).map { insert(test, Int64($0 / 2 * 2), "row \($0)") }
    try test.run(operations)
    let answered = operations.compactMap(\.outcome.row)
    #expect(answered.count == 200)
    #expect(operations.count { $0.outcome.error?.code == .sqlState("23505") } == 200)
    let stored = try test.fixture.makeAdmin().query("SELECT id, title FROM item ORDER BY id")
    #expect(stored == answered.sorted { $0.id < $1.id }.map { ["\($0.id)", $0.title] })
    // What went wrong is not held against those to come for long.
    try test.run((1000..<2000).map { insert(test, $0, "good") })
    #expect(try transactions(test) < 900)
  }

  @Test func refusalAtCommit() throws {
    let test = try PostgreSQLTest([
      TestStatement.table,
      "ALTER TABLE item ADD CONSTRAINT once UNIQUE (title) DEFERRABLE INITIALLY DEFERRED",
    ])
    let operations = (0..<100).map { insert(test, $0, $0 == 50 || $0 == 70 ? "same" : "row \($0)") }
    try test.run(operations)
    let refused = operations.filter { $0.outcome.error?.code == .sqlState("23505") }
    #expect(refused.count == 1 && operations.count { $0.outcome.row != nil } == 99)
    #expect(try test.value("SELECT count(*) FROM item") == "99")
  }

  /// Which row a trigger keeps out cannot be told from the rest: the statement is taken back, and each runs by itself.
  @Test func triggerThatKeepsRowsOut() throws {
    let test = try PostgreSQLTest([
      TestStatement.table,
      """
      CREATE FUNCTION even_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.id % 2 = 1 THEN RETURN NULL; END IF; NEW.title := NEW.title || '!'; RETURN NEW; END $$
      """,
      "CREATE TRIGGER even_only BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION even_only()",
    ])
    let operations = (0..<100).map { insert(test, $0, "row \($0)") }
    try test.run(operations)
    for (number, operation) in operations.enumerated() {
      if number % 2 == 0 {
        #expect(operation.outcome.row == TestRow(id: Int64(number), title: "row \(number)!"))
      } else {
        #expect(operation.outcome.isNotFound)
      }
    }
    #expect(try test.value("SELECT count(*) FROM item") == "50")
    // None of a statement's rows is left either.
    let odd = (0..<64).map { insert(test, Int64(1001 + $0 * 2), "odd") }
    try test.run(odd)
    #expect(odd.count { $0.outcome.isNotFound } == 64)
  }

  /// Together they take longer than the server lets a statement take; each by itself does not, and each is written.
  @Test func statementTimeout() throws {
    let test = try PostgreSQLTest([
      TestStatement.table,
      """
      CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END $$
      """,
      "CREATE TRIGGER slow BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION slow()",
    ]) {
      $0.pointConnections = 2
      $0.statementTimeout = .milliseconds(800)
    }
    let operations = (0..<80).map { insert(test, $0, "row") }
    try test.run(operations)
    #expect(operations.count { $0.outcome.row != nil } == 80)
    #expect(try test.value("SELECT count(*) FROM item") == "80")
  }

  @Test func textWithNUL() throws {
    let test = try PostgreSQLTest([TestStatement.table]) { $0.pointConnections = 1 }
    let operations = (0..<50).map { insert(test, $0, $0 == 20 ? "a\0b" : "ab") }
    try test.run(operations)
    for (number, operation) in operations.enumerated() {
      #expect(number == 20 ? operation.outcome.error?.code == .sqlState("22021") : operation.outcome.row?.title == "ab")
    }
  }

  /// Values larger than a socket's buffers, and of all sizes.
  @Test func largeValues() throws {
    let test = try PostgreSQLTest([TestStatement.table]) { $0.pointConnections = 1 }
    let sizes = (0..<60).map { $0 % 7 == 0 ? 2_000_000 : $0 * 3_000 }
    let operations = sizes.enumerated().map { insert(test, Int64($0), String(repeating: "ä", count: $1)) }
    try test.run(operations)
    for (operation, size) in zip(operations, sizes) { #expect(operation.outcome.row?.title.utf8.count == size * 2) }
  }

  @Test func severalStatementsTakeTurns() throws {
    let test = try PostgreSQLTest([TestStatement.table]) { $0.pointConnections = 1 }
    let others = (0..<20).map { number in
      (
        Statement(
          "INSERT INTO item AS t (id, title) VALUES ($1, $2 || '\(number)') RETURNING t.id, t.title",
          parameterTypes: [20, 25]),
        // Their rows are told apart by what is selected of them.
        InsertGathering(
          insert: "INSERT INTO item AS t (id, title)", types: [20, 25], list: "t.id, t.title || '\(number)'")
      )
    }
    let operations = (0..<400).map { number in
      insert(test, Int64(number), "t", as: others[number % 20].0, others[number % 20].1)
    }
    try test.run(operations)
    for (number, operation) in operations.enumerated() {
      #expect(operation.outcome.row == TestRow(id: Int64(number), title: "t\(number % 20)"))
    }
  }

  /// A pooler of transactions keeps no prepared statements, and there nothing is gathered.
  @Test func notWithoutSessions() throws {
    let test = try PostgreSQLTest([TestStatement.table]) {
      $0.pointConnections = 2
      $0.hasSession = false
    }
    let operations = (0..<60).map { insert(test, $0, "row") }
    try test.run(operations)
    #expect(operations.allSatisfy { $0.outcome.row != nil })
    #expect(try transactions(test) == 60)
  }

  /// Those that are out of time are answered; the others of their statement are written once the table is free.
  @Test func deadlines() throws {
    let test = try PostgreSQLTest([TestStatement.table]) { $0.pointConnections = 1 }
    try test.run((0..<40).map { insert(test, $0, "before") })
    let session = try test.driver.makeSession()
    let locks = try lock(test, session)
    let deadline = monotonicNow() + 300_000_000
    let operations = (100..<140).map { insert(test, $0, "after", deadline: $0 % 2 == 0 ? deadline : 0) }
    for operation in operations { test.driver.submit(operation) }
    let late = try test.mailbox.take(20)
    #expect(late.count == 20)
    for job in late { #expect((job as? Operation)?.outcome.error?.code == .pillion(.timeout)) }
    try session.control(.rollback, for: locks)
    _ = try test.mailbox.take(20)
    for (number, operation) in operations.enumerated() where number % 2 == 1 {
      #expect(operation.outcome.row == TestRow(id: Int64(100 + number), title: "after"))
    }
  }

  /// All of a statement's calls are cancelled: the server stops it, and nothing of it is there.
  @Test func cancels() throws {
    let test = try PostgreSQLTest([TestStatement.table]) { $0.pointConnections = 1 }
    try test.run((0..<40).map { insert(test, $0, "before") })
    let session = try test.driver.makeSession()
    let locks = try lock(test, session)
    let operations = (100..<150).map { insert(test, $0, "never") }
    for operation in operations { test.driver.submit(operation) }
    usleep(50_000)
    for operation in operations { test.driver.cancel(operation) }
    _ = try test.mailbox.take(50)
    #expect(operations.allSatisfy { $0.outcome.error?.code == .pillion(.cancelled) })
    try test.eventually("the server stops") {
      try test.value(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%INTO item%' AND wait_event_type = 'Lock'")
        == "0"
    }
    try session.control(.rollback, for: locks)
    #expect(try test.outcome(insert(test, 200, "next")).row != nil)
    #expect(try test.value("SELECT count(*) FROM item WHERE title = 'never'") == "0")
  }

  /// The server ends sessions in the midst: whoever is told of a row finds it, and whoever is refused does not.
  @Test func brokenConnections() throws {
    let cluster = try PostgreSQLCluster()
    let test = try PostgreSQLTest(on: cluster, [TestStatement.table]) { $0.pointConnections = 2 }
    let operations = (0..<3000).map { insert(test, Int64($0), "row \($0)") }
    for (number, operation) in operations.enumerated() {
      test.driver.submit(operation)
      if number % 500 == 250 {
        _ = try test.value(
          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'pillion' AND pid <> pg_backend_pid()"
        )
      }
    }
    _ = try test.mailbox.take(3000)
    let stored = Set(
      try test.fixture.makeAdmin().query("SELECT id FROM item").compactMap { $0[0].flatMap { Int64($0) } })
    var answered = 0
    for (number, operation) in operations.enumerated() {
      switch operation.outcome {
      case .message:
        #expect(operation.outcome.row == TestRow(id: Int64(number), title: "row \(number)"))
        #expect(stored.contains(Int64(number)))
        answered += 1
      default:
        let code = try #require(operation.outcome.error?.code)
        #expect(code == .pillion(.outcomeUnknown) || !stored.contains(Int64(number)), "\(code)")
      }
    }
    #expect(answered > 1000)
  }

  /// Keeps writers off the table until the session's transaction ends.
  private func lock(_ test: PostgreSQLTest, _ session: any Session) throws -> Job {
    let job = test.read(TestStatement.select, [0])
    try session.control(.begin, for: job)
    try session.execute("LOCK TABLE item IN SHARE MODE", for: job)
    return job
  }
}
