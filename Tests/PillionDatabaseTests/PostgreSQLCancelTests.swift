import Glibc
import PillionDatabase
import PillionPostgreSQL
import Testing

@Suite struct PostgreSQLCancelTests {
  private func running(_ test: PostgreSQLTest, _ mark: String) throws -> Int {
    try test.value(
      "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%\(mark)%' AND pid <> pg_backend_pid()"
    )
    .flatMap { Int($0) } ?? -1
  }

  /// The client leaves: the answer comes at once, and the server soon stops.
  @Test func stopsTheStatement() throws {
    let test = try PostgreSQLTest()
    let mark = "mark_\(test.fixture.schema)"
    let sleep = Statement("SELECT 1::bigint AS \(mark), 'x' FROM pg_sleep(100)", parameterTypes: [])
    for isWrite in [false, true] {
      let operations = (0..<3).map { _ in isWrite ? test.write(sleep) : test.read(sleep) }
      for operation in operations { test.driver.submit(operation) }
      try test.eventually("a running statement") { try running(test, mark) > 0 }
      for operation in operations { test.driver.cancel(operation) }
      #expect(try test.mailbox.take(3).count == 3)
      for operation in operations { #expect(operation.outcome.error?.code == .pillion(.cancelled)) }
      let waited = try test.eventually("no statement runs") { try running(test, mark) == 0 }
      #expect(waited < 2)
    }
  }

  @Test func stopsAtTheDeadline() throws {
    let test = try PostgreSQLTest()
    let start = monotonicNow()
    let operations = (0..<8).map {
      test.read(TestStatement.sleep, [100_000], deadline: start + 100_000_000 * UInt64($0 % 3 + 1))
    }
    try test.run(operations)
    for operation in operations { #expect(operation.outcome.error?.code == .pillion(.timeout)) }
    #expect(monotonicNow() - start < 1_000_000_000)
    #expect(try test.outcome(test.read(TestStatement.echo, [1, "after"])).row?.title == "after")
  }

  /// Ten thousand cancels, each beside canaries on the same few connections. No canary is hit, none is mixed up.
  @Test(.timeLimit(.minutes(3))) func cancelsHitNobodyElse() throws {
    let test = try PostgreSQLTest { $0.pointConnections = 3 }
    let rounds = 100
    let batch = 100
    for round in 0..<rounds {
      var victims: [Operation] = []
      var canaries: [Operation] = []
      for number in 0..<batch {
        // One in ten runs for long enough to need a request to the server; the others are cancelled wherever they are.
        let isSlow = number % 10 == 0
        let victim =
          isSlow ? test.read(TestStatement.sleep, [10_000]) : test.read(TestStatement.echo, [.int(-1), "victim"])
        let canary = test.read(TestStatement.echo, [.int(Int64(round * batch + number)), .text("canary \(number)")])
        victims.append(victim)
        canaries.append(canary)
        test.driver.submit(victim)
        test.driver.submit(canary)
      }
      for victim in victims { test.driver.cancel(victim) }
      let jobs = try test.mailbox.take(2 * batch)
      #expect(jobs.count == 2 * batch)
      for (number, canary) in canaries.enumerated() {
        #expect(
          canary.outcome.row == TestRow(id: Int64(round * batch + number), title: "canary \(number)"),
          "\(canary.outcome)")
      }
      for (number, victim) in victims.enumerated() {
        let isRight =
          victim.outcome.error?.code == .pillion(.cancelled)
          || (number % 10 != 0 && victim.outcome.row == TestRow(id: -1, title: "victim"))
        #expect(isRight, "\(victim.outcome)")
      }
    }
    #expect(test.mailbox.takeAll().isEmpty)
  }

  /// Cancelled writes: what was acknowledged is there, and nothing is there twice.
  @Test func cancelledWrites() throws {
    let test = try PostgreSQLTest([TestStatement.table]) { $0.pointConnections = 2 }
    let operations = (0..<1000).map { test.write(TestStatement.insert, [.int($0), .text("row \($0)")]) }
    for operation in operations { test.driver.submit(operation) }
    for operation in operations.enumerated() where operation.offset % 2 == 0 { test.driver.cancel(operation.element) }
    _ = try test.mailbox.take(1000)
    let stored = Set(try test.fixture.makeAdmin().query("SELECT id FROM item").compactMap { $0.first ?? nil })
    for (number, operation) in operations.enumerated() {
      if operation.outcome.row != nil { #expect(stored.contains("\(number)")) }
      if number % 2 == 1 { #expect(operation.outcome.row != nil, "\(operation.outcome)") }
    }
  }

  /// Not cancelled by us: the server's own limit is reported as what it is.
  @Test func statementTimeoutIsReported() throws {
    let test = try PostgreSQLTest { $0.statementTimeout = .milliseconds(100) }
    let operation = test.read(TestStatement.sleep, [5000])
    #expect(try test.outcome(operation).error?.code == .sqlState("57014"))
  }

  @Test func stopsStreams() throws {
    let test = try PostgreSQLTest { $0.streamConnections = 2 }
    let mark = "mark_\(test.fixture.schema)"
    for _ in 0..<20 {
      let readers = (0..<2).map { _ in
        test.stream("SELECT generate_series(1, 10000000::bigint) AS \(mark), repeat('x', 100)")
      }
      try test.eventually("first rows") { try readers.allSatisfy { $0.rows.isEmpty ? try $0.takeOnce() : true } }
      for reader in readers { test.driver.cancel(reader.stream) }
      for reader in readers {
        try reader.run()
        #expect(reader.error?.code == .pillion(.cancelled))
      }
    }
    try test.eventually(within: 60, "no List runs") { try running(test, mark) == 0 }
    let last = test.stream("SELECT n, 'x' FROM generate_series(1, 1000::bigint) AS n")
    try last.run()
    #expect(last.isComplete && last.rows.count == 1000)
  }
}
