import Glibc
import PillionDatabase
import PillionPostgreSQL
import Testing

/// Calls that share a pipeline share nothing else.
@Suite struct PostgreSQLPipelineTests {
  @Test(arguments: [0, 1, 50, 99])
  func oneBadReadAmongAHundred(_ bad: Int) throws {
    let test = try PostgreSQLTest { $0.pointConnections = 1 }
    let operations = (0..<100).map { test.read(TestStatement.divide, [.int($0 == bad ? 0 : Int64($0 + 1))]) }
    try test.run(operations)
    for (number, operation) in operations.enumerated() {
      if number == bad {
        #expect(operation.outcome.error?.code == .sqlState("22012"))
      } else {
        #expect(operation.outcome.row == TestRow(id: Int64(100 / (number + 1)), title: "quotient"))
      }
    }
  }

  @Test func manyBadReads() throws {
    let test = try PostgreSQLTest { $0.pointConnections = 2 }
    let operations = (0..<300).map { test.read(TestStatement.divide, [.int(Int64($0 % 3))]) }
    try test.run(operations)
    for (number, operation) in operations.enumerated() {
      if number % 3 == 0 {
        #expect(operation.outcome.error?.code == .sqlState("22012"))
      } else {
        #expect(operation.outcome.row?.id == Int64(100 / (number % 3)))
      }
    }
  }

  @Test func badWritesLeaveGoodOnesAlone() throws {
    let test = try PostgreSQLTest([TestStatement.table]) { $0.pointConnections = 2 }
    let operations = (0..<200).map { test.write(TestStatement.insert, [.int(Int64($0 / 2 * 2)), .text("row \($0)")]) }
    try test.run(operations)
    let answered = operations.compactMap(\.outcome.row)
    #expect(answered.count == 100)
    #expect(operations.count { $0.outcome.error?.code == .sqlState("23505") } == 100)
    let stored = try test.fixture.makeAdmin().query("SELECT id, title FROM item ORDER BY id")
    #expect(stored == answered.sorted { $0.id < $1.id }.map { ["\($0.id)", $0.title] })
  }

  /// A constraint that is checked at COMMIT refuses the write, although its statement had its row.
  @Test func refusalAtCommit() throws {
    let test = try PostgreSQLTest([
      TestStatement.table, "ALTER TABLE item ADD parent bigint REFERENCES item DEFERRABLE INITIALLY DEFERRED",
    ])
    let insert = Statement(
      "INSERT INTO item (id, title, parent) VALUES ($1, 'child', $2) RETURNING id, title", parameterTypes: [20, 20])
    let operations = (1...20).map { test.write(insert, [.int($0), .int($0 % 2 == 0 ? $0 : 1000 + $0)]) }
    try test.run(operations)
    for (index, operation) in operations.enumerated() {
      let isGood = (index + 1) % 2 == 0
      #expect(isGood ? operation.outcome.row != nil : operation.outcome.error?.code == .sqlState("23503"))
    }
    #expect(try test.value("SELECT count(*) FROM item") == "10")
  }

  /// The same name, another type: the plan in the server is of no use, and the call does not notice.
  @Test func cachedPlanMustNotChangeResultType() throws {
    let test = try PostgreSQLTest([TestStatement.table, "INSERT INTO item VALUES (1, 'one')"])
    let all = Statement("SELECT * FROM item WHERE id = $1", parameterTypes: [20])
    #expect(try test.outcome(test.read(all, [1])).row == TestRow(id: 1, title: "one"))
    for round in 0..<20 {
      try test.admin("ALTER TABLE item ADD extra\(round) text")
      let operations = (0..<40).map { _ in test.read(all, [1]) }
      try test.run(operations)
      for operation in operations { #expect(operation.outcome.row == TestRow(id: 1, title: "one")) }
      let stream = test.stream("SELECT * FROM item")
      try stream.run()
      #expect(stream.rows == [TestRow(id: 1, title: "one")])
    }
  }

  /// Somebody has taken our prepared statements away.
  @Test func preparedStatementsGone() throws {
    let test = try PostgreSQLTest { $0.pointConnections = 1 }
    let deallocate = Statement("DEALLOCATE ALL", parameterTypes: [])
    for round in 0..<10 {
      #expect(try test.outcome(test.read(TestStatement.echo, [.int(Int64(round)), "x"])).row?.id == Int64(round))
      let step = Step(deallocate, parameters: [], effect: .none)
      let clear = Operation(
        steps: [step], parameters: Parameters(), isWrite: true, mailbox: test.mailbox)
      _ = try test.outcome(clear)
      let operations = (0..<20).map { test.read(TestStatement.echo, [.int($0), "y"]) }
      try test.run(operations)
      for (number, operation) in operations.enumerated() {
        #expect(operation.outcome.row == TestRow(id: Int64(number), title: "y"), "\(operation.outcome)")
      }
    }
  }

  @Test func statementsOfAConnectionAreBounded() throws {
    let test = try PostgreSQLTest {
      $0.pointConnections = 1
      $0.statementLimit = 10
    }
    let statements = (0..<40).map { Statement("SELECT $1::bigint + \($0), 'n'", parameterTypes: [20]) }
    for round in 0..<3 {
      let operations = statements.map { test.read($0, [.int(Int64(round))]) }
      try test.run(operations)
      for (number, operation) in operations.enumerated() { #expect(operation.outcome.row?.id == Int64(round + number)) }
    }
    let count = Statement("SELECT count(*), 'n' FROM pg_prepared_statements", parameterTypes: [])
    #expect(try test.outcome(test.read(count)).row?.id == 10)
  }

  @Test func statementThatCannotBePrepared() throws {
    let test = try PostgreSQLTest { $0.pointConnections = 1 }
    let bad = Statement("SELECT 1 FROM no_such_table", parameterTypes: [])
    let operations = (0..<30).map { $0 % 3 == 1 ? test.read(bad) : test.read(TestStatement.echo, [.int($0), "z"]) }
    try test.run(operations)
    for (number, operation) in operations.enumerated() {
      if number % 3 == 1 {
        #expect(operation.outcome.error?.code == .sqlState("42P01"))
      } else {
        #expect(operation.outcome.row?.id == Int64(number))
      }
    }
  }

  /// A text with U+0000 would reach the server cut short; it is refused instead, and its neighbours are not touched.
  @Test func textWithNUL() throws {
    let test = try PostgreSQLTest { $0.pointConnections = 1 }
    let operations = (0..<10).map { test.read(TestStatement.echo, [.int($0), .text($0 == 4 ? "a\0b" : "ab")]) }
    try test.run(operations)
    for (number, operation) in operations.enumerated() {
      #expect(number == 4 ? operation.outcome.error?.code == .sqlState("22021") : operation.outcome.row?.title == "ab")
    }
  }

  /// Values larger than any socket's buffers, both ways at once.
  @Test func largeValues() throws {
    let test = try PostgreSQLTest { $0.pointConnections = 1 }
    let large = String(repeating: "ä", count: 4_000_000)
    let operations = (0..<6).map { test.read(TestStatement.echo, [.int($0), .text(large)]) }
    try test.run(operations)
    for (number, operation) in operations.enumerated() {
      #expect(operation.outcome.row?.id == Int64(number) && operation.outcome.row?.title.utf8.count == large.utf8.count)
    }
  }

  @Test func queueIsBounded() throws {
    let test = try PostgreSQLTest {
      $0.pointConnections = 1
      $0.queueLimit = 50
    }
    let slow = test.read(TestStatement.sleep, [500])
    test.driver.submit(slow)
    usleep(50_000)
    let operations = (0..<200).map { test.read(TestStatement.echo, [.int($0), "q"]) }
    for operation in operations[..<100] { test.driver.submit(operation) }
    test.submit(Array(operations[100...]))
    _ = try test.mailbox.take(201)
    let refused = operations.count { $0.outcome.error?.code == .pillion(.exhausted) }
    #expect(refused >= 100 && refused <= 151, "\(refused)")
    #expect(operations.count { $0.outcome.row != nil } == 200 - refused)
  }

  /// A slow statement holds up nobody who can go elsewhere.
  @Test func slowStatementHoldsUpNobody() throws {
    let test = try PostgreSQLTest { $0.pointConnections = 2 }
    try test.run((0..<20).map { test.read(TestStatement.echo, [.int($0), "warm"]) })
    try test.eventually("both connections") {
      try test.value(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pillion' AND pid <> pg_backend_pid()"
      )
      .flatMap { Int($0) } ?? 0 >= 2
    }
    let slow = test.read(TestStatement.sleep, [1000])
    test.driver.submit(slow)
    usleep(20_000)
    let start = monotonicNow()
    for number in 0..<50 {
      #expect(try test.outcome(test.read(TestStatement.echo, [.int(Int64(number)), "x"])).row != nil)
    }
    #expect(monotonicNow() - start < 900_000_000)
    _ = try test.mailbox.take(1)
    #expect(slow.outcome.row?.title == "slept")
  }

  @Test func severalStepsAreRefused() throws {
    let test = try PostgreSQLTest()
    let step = Step(TestStatement.divide, parameters: [0], effect: .none)
    let operation = Operation(
      steps: [step, step], parameters: Dialect.postgresql.parameters([1]), isWrite: true, mailbox: test.mailbox)
    #expect(try test.outcome(operation).error?.code == .pillion(.internal))
  }
}
