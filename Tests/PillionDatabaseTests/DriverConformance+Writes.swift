import PillionDatabase
import Testing

extension DriverTest {
  func createsARow() throws {
    let row = try #require(try outcome(of: create("first")).row)
    #expect(row.title == "first" && row.id > 0)
    #expect(try value("SELECT title FROM post WHERE id = \(row.id)") == "first")
    let next = try #require(try outcome(of: create("second")).row)
    #expect(next.id != row.id)
  }

  func findsNoRowToUpdate() throws {
    try execute("INSERT INTO post (id, title) VALUES (1, 'one')")
    func update(_ id: Int64) -> Operation {
      operation(
        "UPDATE post SET title = #1 WHERE id = #2 RETURNING id, title", ["new", .int(id)],
        effect: .respond(TestRow.encoder(dialect)), isWrite: true)
    }
    #expect(try outcome(of: update(2)).isNotFound)
    #expect(try outcome(of: update(1)).row == TestRow(id: 1, title: "new"))
  }

  func deletesWithoutResponse() throws {
    try execute("INSERT INTO post (id, title) VALUES (1, 'one')")
    func delete() -> Operation {
      operation("DELETE FROM post WHERE id = #1 RETURNING id", [1], effect: .requireRow, isWrite: true)
    }
    #expect(try outcome(of: delete()).isDone)
    #expect(try outcome(of: delete()).isNotFound)
    let unconditional = operation("DELETE FROM post WHERE id = #1", [1], effect: .none, isWrite: true)
    #expect(try outcome(of: unconditional).isDone)
    #expect(try value("SELECT count(*) FROM post") == "0")
  }

  /// All steps or none. PostgreSQL's operations have one step, SQLite's several.
  func undoesAllStepsOfAFailure() throws {
    try execute("INSERT INTO post (id, title) VALUES (1, 'taken')")
    let operation: Operation
    if dialect == .sqlite {
      let statements = [
        dialect.statement("INSERT INTO post (id, title) VALUES (10, 'a')", []),
        dialect.statement("UPDATE post SET title = 'b' WHERE id = 1", []),
        dialect.statement("INSERT INTO post (id, title) VALUES (11, 'a')", []),
      ]
      operation = Operation(
        steps: statements.map { Step($0, parameters: [], effect: .none) }, parameters: Parameters(), isWrite: true,
        mailbox: mailbox)
    } else {
      operation = self.operation(
        """
        WITH gone AS (UPDATE post SET title = 'b' WHERE id = 1)
        INSERT INTO post (id, title) VALUES (10, 'a'), (11, 'a')
        """, effect: .none, isWrite: true)
    }
    let error = try #require(try outcome(of: operation).error)
    #expect(error.code == (dialect == .sqlite ? .sqlite(2067) : .sqlState("23505")))
    #expect(try fixture.makeAdmin().query("SELECT id, title FROM post") == [["1", "taken"]])
  }

  private func code(_ sqlState: String, _ sqlite: Int32) -> DatabaseError.Code {
    dialect == .sqlite ? .sqlite(sqlite) : .sqlState(sqlState)
  }

  func reportsViolations() throws {
    try execute(
      "INSERT INTO author (id, name) VALUES (1, 'Ann')", "INSERT INTO post (id, title) VALUES (900, 'taken')",
      "INSERT INTO post (id, title, author_id) VALUES (901, 'hers', 1)")

    let unique = try #require(try outcome(of: create("taken")).error)
    #expect(unique.code == code("23505", 2067))
    #expect(unique.table == "post")
    #expect(dialect == .sqlite ? unique.column == "title" : unique.constraint == "title_is_new")

    let key = operation("INSERT INTO post (id, title) VALUES (900, 'other')", effect: .none, isWrite: true)
    #expect(try outcome(of: key).error?.code == code("23505", 1555))

    #expect(try outcome(of: create("orphan", author: 77)).error?.code == code("23503", 787))
    #expect(try outcome(of: create("deferred orphan", editor: 77)).error?.code == code("23503", 787))
    let parent = operation("DELETE FROM author WHERE id = 1", effect: .none, isWrite: true)
    #expect(try outcome(of: parent).error?.code == code("23503", 787))

    let notNull = try #require(try outcome(of: create(nil)).error)
    #expect(notNull.code == code("23502", 1299))
    #expect(notNull.table == "post" && notNull.column == "title")

    let check = try #require(try outcome(of: create("out of range", rating: 6)).error)
    #expect(check.code == code("23514", 275))
    #expect(check.constraint == "rating_in_range")

    let raised = try #require(try outcome(of: create("FORBIDDEN")).error)
    #expect(raised.code == code("P0001", 1811))
    #expect(raised.message == "no shouting")

    #expect(try value("SELECT count(*) FROM post") == "2")
    #expect(try outcome(of: create("good", author: 1, editor: 1, rating: 5)).row?.title == "good")
    #expect(driver.isAvailable)
  }

  /// Calls that wait together may share a transaction or a pipeline, and never a fate.
  func letsOneFailAmongMany() throws {
    try execute("INSERT INTO author (id, name) VALUES (1, 'Ann')", "INSERT INTO post (id, title) VALUES (900, 'taken')")
    let failing: [Int: (TestValue, TestValue)] = [
      7: ("taken", nil), 19: ("orphan", 77), 20: (nil, nil), 33: ("FORBIDDEN", nil), 48: ("taken", nil),
    ]
    var operations: [Operation] = []
    for number in 0..<50 {
      if let (title, editor) = failing[number] {
        operations.append(create(title, editor: editor))
      } else {
        operations.append(create(.text("post \(number)"), author: 1))
      }
    }
    for operation in operations { driver.submit(operation) }
    #expect(try mailbox.take(50).count == 50)
    for (number, operation) in operations.enumerated() {
      if failing[number] == nil {
        #expect(operation.outcome.row?.title == "post \(number)")
      } else {
        #expect(operation.outcome.error != nil)
      }
    }
    #expect(try value("SELECT count(*) FROM post WHERE author_id = 1") == "45")
    #expect(try value("SELECT count(*) FROM post") == "46")
  }

  /// What was acknowledged is there, once; what was refused is not.
  func keepsWritesOfManyThreadsOnce() throws {
    let (threads, rounds) = (64, 20)
    let rows = Locked<[TestRow]>([])
    let problems = Locked<[String]>([])
    let test = self
    try Self.onThreads(threads) { thread in
      let mailbox = TestMailbox()
      for round in 0..<rounds {
        let plain = test.create(.text("post \(thread) \(round)"))
        let operation = Operation(
          steps: plain.bound.steps, parameters: plain.bound.parameters, isWrite: true, mailbox: mailbox)
        test.driver.submit(operation)
        do {
          let count = try mailbox.take(1).count
          guard count == 1, let row = operation.outcome.row else {
            throw TestFailure("\(count) answers, \(operation.outcome)")
          }
          rows.withLock { $0.append(row) }
        } catch {
          problems.withLock { $0.append("\(error)") }
        }
      }
    }
    #expect(problems.withLock { $0 } == [])
    let acknowledged = rows.withLock { $0 }.sorted { $0.id < $1.id }
    #expect(acknowledged.count == threads * rounds)
    let stored = try fixture.makeAdmin().query("SELECT id, title FROM post ORDER BY id")
    #expect(stored == acknowledged.map { ["\($0.id)", $0.title] })
  }
}
