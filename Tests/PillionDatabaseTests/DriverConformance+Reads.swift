import Glibc
import PillionDatabase
import Testing

extension DriverTest {
  func readsARow() throws {
    try execute("INSERT INTO post (id, title) VALUES (7, 'Räksmörgås 🦐'), (8, '')")
    #expect(try outcome(of: select(id: 7)).row == TestRow(id: 7, title: "Räksmörgås 🦐"))
    #expect(try outcome(of: select(id: 8)).row == TestRow(id: 8, title: ""))
    let byTitle = operation(
      "SELECT id, title FROM post WHERE title = #1", ["Räksmörgås 🦐"], effect: .respond(TestRow.encoder(dialect)),
      isWrite: false)
    #expect(try outcome(of: byTitle).row?.id == 7)
    #expect(driver.isAvailable)
  }

  func findsNoRow() throws {
    #expect(try outcome(of: select(id: 1)).isNotFound)
    // A lane goes on as before.
    try execute("INSERT INTO post (id, title) VALUES (1, 'one')")
    #expect(try outcome(of: select(id: 1)).row == TestRow(id: 1, title: "one"))
  }

  /// Many jobs in flight from many threads: each gets its own row.
  func readsFromManyThreads() throws {
    try fill(500)
    let wrong = Locked<[String]>([])
    let (driver, dialect) = (driver, dialect)
    try Self.onThreads(8) { thread in
      let mailbox = TestMailbox()
      var operations: [(id: Int64, operation: Operation)] = []
      for round in 0..<200 {
        let id = Int64((thread * 61 + round * 7) % 600 + 1)
        let step = Step(
          Self.sharedSelect(dialect), parameters: [0], effect: .respond(TestRow.encoder(dialect)))
        let operation = Operation(
          steps: [step], parameters: dialect.parameters([.int(id)]), isWrite: false, mailbox: mailbox)
        operations.append((id, operation))
        driver.submit(operation)
      }
      do {
        let jobs = try mailbox.take(operations.count)
        if jobs.count != operations.count { wrong.withLock { $0.append("\(jobs.count) jobs came back") } }
      } catch {
        wrong.withLock { $0.append("\(error)") }
      }
      for (id, operation) in operations {
        let isRight = id <= 500 ? operation.outcome.row?.id == id : operation.outcome.isNotFound
        if !isRight { wrong.withLock { $0.append("\(id): \(operation.outcome)") } }
      }
    }
    #expect(wrong.withLock { $0 } == [])
  }

  private static let sqliteSelect = Dialect.sqlite.statement("SELECT id, title FROM post WHERE id = #1", [0])
  private static let postgreSQLSelect = Dialect.postgresql.statement("SELECT id, title FROM post WHERE id = #1", [0])

  /// One statement for all, as a plan has.
  static func sharedSelect(_ dialect: Dialect) -> Statement { dialect == .sqlite ? sqliteSelect : postgreSQLSelect }

  /// What was acknowledged is there for the next read, whichever thread answers it.
  func seesAcknowledgedWrites() throws {
    for number in 1...200 {
      guard let row = try outcome(of: create(.text("title \(number)"))).row else {
        throw TestFailure("row \(number) was not created")
      }
      #expect(try outcome(of: select(id: row.id)).row == row)
    }
  }

  /// Reads and writes that are handed over together go their ways.
  func takesAllThatComesTogether() throws {
    try execute("INSERT INTO post (id, title) VALUES (1, 'one')")
    let operations = (0..<90).map { number in
      switch number / 3 % 3 {
      case 0: select(id: 1)
      case 1: create(.text("title \(number)"))
      default: select(id: 999)
      }
    }
    submit(operations)
    _ = try mailbox.take(90)
    for (number, operation) in operations.enumerated() {
      switch number / 3 % 3 {
      case 0: #expect(operation.outcome.row?.title == "one")
      case 1: #expect(operation.outcome.row?.title == "title \(number)")
      default: #expect(operation.outcome.isNotFound)
      }
    }
    #expect(try value("SELECT count(*) FROM post") == "31")
  }

  /// One call's error is nobody else's.
  func failsOnUnknownColumn() throws {
    try execute("INSERT INTO post (id, title) VALUES (1, 'one')")
    let wrong = operation("SELECT id, nonsense FROM post", effect: .requireRow, isWrite: false)
    let good = (0..<20).map { _ in select(id: 1) }
    for operation in good[..<10] + [wrong] + good[10...] { driver.submit(operation) }
    _ = try mailbox.take(21)
    #expect(good.allSatisfy { $0.outcome.row?.id == 1 })
    let error = try #require(wrong.outcome.error)
    #expect(error.code == (dialect == .sqlite ? .sqlite(1) : .sqlState("42703")))
    #expect(error.message.contains("nonsense"))
  }
}
