import Glibc
import PillionDatabase
import PillionPostgreSQL
import Testing

/// Calls that run for a role: the role is there for the call and gone with it, whatever becomes of the call.
@Suite(.serialized) struct PostgreSQLSessionTests {
  private static let who = Statement(
    "SELECT 1::bigint, current_user || ' ' || coalesce(current_setting('app.claims', true), '')", parameterTypes: [])
  private static let division = Statement("SELECT 1 / $1::bigint, current_user::text", parameterTypes: [20])
  private static let insert = Statement(
    "INSERT INTO log (id, who) VALUES ($1, current_user) RETURNING id, who", parameterTypes: [20])

  /// A driver whose role is `pillion`, over one point connection and one for Lists.
  private func test(
    _ configure: (inout PostgreSQLConfiguration) -> Void = { _ in }
  ) throws -> PostgreSQLTest {
    let test = try PostgreSQLTest(
      [
        "DO $$ BEGIN CREATE ROLE session_a; CREATE ROLE session_b; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        "CREATE TABLE log (id bigint PRIMARY KEY, who text, CHECK (id <> 13))", "GRANT ALL ON log TO session_a",
      ],
      configure: {
        $0.pointConnections = 1
        $0.streamConnections = 1
        configure(&$0)
      })
    try test.admin(
      "DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO session_a, session_b', current_schema()); END $$")
    return test
  }

  private func operation(
    _ test: PostgreSQLTest, _ statement: Statement, _ values: [TestValue] = [], isWrite: Bool = false, role: String?,
    claims: String = "x"
  ) -> PillionDatabase.Operation {
    PillionDatabase.Operation(
      steps: [Step(statement, parameters: Array(values.indices), effect: .respond(PostgreSQLTest.encoder))],
      parameters: Dialect.postgresql.parameters(values), isWrite: isWrite, mailbox: test.mailbox,
      session: role.map { CallSession(role: $0, setting: ("app.claims", claims)) })
  }

  private func title(_ operation: PillionDatabase.Operation, _ test: PostgreSQLTest) throws -> String? {
    try test.outcome(operation).row?.title
  }

  private func state(_ operation: PillionDatabase.Operation, _ test: PostgreSQLTest) throws -> DatabaseError.Code? {
    try test.outcome(operation).error?.code
  }

  @Test func aRoleEndsWithItsCall() throws {
    let test = try test()
    let login = try title(operation(test, Self.who, role: nil), test)
    #expect(
      try title(operation(test, Self.who, role: "session_a", claims: "{\"a\": 1}"), test) == "session_a {\"a\": 1}")
    #expect(try title(operation(test, Self.who, role: nil), test) == login)
    #expect(try title(operation(test, Self.who, role: "session_b"), test) == "session_b x")
    #expect(
      try test.outcome(operation(test, Self.insert, [.int(1)], isWrite: true, role: "session_a")).row?.title
        == "session_a")
    // Errors of the statement, of its rights, of the role.
    #expect(try state(operation(test, Self.division, [.int(0)], role: "session_a"), test) == .sqlState("22012"))
    #expect(
      try state(operation(test, Self.insert, [.int(13)], isWrite: true, role: "session_a"), test) == .sqlState("23514"))
    #expect(
      try state(operation(test, Self.insert, [.int(2)], isWrite: true, role: "session_b"), test) == .sqlState("42501"))
    for role in ["nobody", "", "session_a\"", "SESSION_A"] {
      #expect(try state(operation(test, Self.insert, [.int(3)], isWrite: true, role: role), test) == .sqlState("42501"))
    }
    #expect(try title(operation(test, Self.who, role: nil), test) == login)
    #expect(try test.value("SELECT count(*) FROM log") == "1")
  }

  @Test func manyAtOnceEachForItself() throws {
    let test = try test()
    let roles = ["session_a", nil, "session_b", "nobody", nil, "session_a"]
    let operations = (0..<600).map { number in
      operation(
        test, number % 7 == 3 ? Self.division : Self.who, number % 7 == 3 ? [.int(0)] : [], role: roles[number % 6],
        claims: "\(number)")
    }
    try test.run(operations)
    for (number, operation) in operations.enumerated() {
      let outcome = operation.outcome
      switch (roles[number % 6], number % 7 == 3) {
      case ("nobody", _): #expect(outcome.error?.code == .sqlState("42501"))
      case (_, true): #expect(outcome.error?.code == .sqlState("22012"))
      case (let role?, false): #expect(outcome.row?.title == "\(role) \(number)")
      case (nil, false): #expect(outcome.row?.title.hasPrefix("session") == false)
      }
    }
  }

  private func rows(_ test: PostgreSQLTest, _ sql: String, role: String?) -> StreamReader {
    let mailbox = TestMailbox()
    let stream = RowStream(
      statement: Statement(sql, parameterTypes: []), parameters: Parameters(), encoder: PostgreSQLTest.encoder,
      mailbox: mailbox, session: role.map { CallSession(role: $0, setting: ("app.claims", "x")) })
    test.driver.open(stream)
    return StreamReader(stream, on: test.driver, mailbox: mailbox)
  }

  private func all(
    _ test: PostgreSQLTest, _ sql: String, role: String?
  ) throws -> (rows: [TestRow], error: DatabaseError?) {
    let reader = rows(test, sql, role: role)
    try reader.run()
    return (reader.rows, reader.error)
  }

  @Test func lists() throws {
    let test = try test()
    let sql =
      "SELECT n::bigint, current_user || ' ' || coalesce(current_setting('app.claims', true), '') FROM generate_series(1, 3000) n"
    for role in ["session_a", nil, "session_b", "session_a", nil] {
      let (all, end) = try all(test, sql, role: role)
      #expect(all.count == 3000 && end == nil, "\(String(describing: end))")
      #expect(Set(all.map(\.title)).count == 1)
      #expect(
        all.first?.title == role.map { "\($0) x" } || role == nil && all.first?.title.hasPrefix("session") == false)
    }
    let failures = [
      ("SELECT 1::bigint, 'x'", "nobody", "42501"),
      ("SELECT 1 / (5000 - n)::bigint, 'x' FROM generate_series(1, 6000) n", "session_a", "22012"),
      ("SELECT id, who FROM log", "session_b", "42501"), ("SELECT nope", "session_a", "42703"),
    ]
    for (sql, role, state) in failures {
      #expect(try all(test, sql, role: role).error?.code == .sqlState(state), "\(sql)")
      let (after, end) = try all(test, "SELECT 1::bigint, current_user::text", role: nil)
      #expect(after.first?.title.hasPrefix("session") == false && end == nil)
    }
  }

  @Test func listsThatAreGivenUp() throws {
    let test = try test()
    for _ in 0..<5 {
      let reader = rows(
        test, "SELECT n::bigint, repeat('x', 100) FROM generate_series(1, 1000000) n", role: "session_a")
      while try !reader.takeOnce() { usleep(200) }
      test.driver.cancel(reader.stream)
      let (after, end) = try all(test, "SELECT 1::bigint, current_user::text", role: nil)
      #expect(after.first?.title.hasPrefix("session") == false && end == nil)
    }
  }
}
