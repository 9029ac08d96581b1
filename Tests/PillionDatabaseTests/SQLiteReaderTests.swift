import Foundation
import PillionDatabase
import Testing

@testable import PillionSQLite

/// What the reader lanes owe beyond the conformance suite.
@Suite struct SQLiteReaderTests {
  /// A slow statement gives the rest of its batch to the other threads. It is not an event loop's either, which gets its
  /// thread back and answers reads again later.
  @Test(arguments: [false, true]) func slowReadsHoldNobodyUp(isOnLoop: Bool) throws {
    let test = try DriverTest(try SQLiteFixture(), streams: 1, isOnLoop: isOnLoop)
    defer { test.shutdown() }
    try test.fill(100)
    // A loop lets twice as many turns go by after each.
    for _ in 0..<(isOnLoop ? 3 : 10) {
      let slow = test.endless()
      let quick = (1...60).map { test.select(id: $0) }
      // Somewhere in the batch that a thread takes.
      test.submit(quick[..<20] + [slow] + quick[20...])
      #expect(try test.mailbox.take(60).count == 60)
      #expect(quick.enumerated().allSatisfy { $0.element.outcome.row?.id == Int64($0.offset + 1) })
      test.driver.cancel(slow)
      _ = try test.mailbox.take(1)
      #expect(slow.outcome.error?.code == .pillion(.cancelled))
    }
    var answered = 0
    for id: Int64 in 1...100 {
      test.driver.submit(test.select(id: id))
      let atOnce = test.mailbox.takeAll().count
      answered += atOnce
      _ = try test.mailbox.take(1 - atOnce)
    }
    #expect(answered > 0 || !isOnLoop)
  }

  /// Reads that take long together, though none does by itself, are more than one thread's.
  @Test func longBatchesAreShared() throws {
    let test = try DriverTest(try SQLiteFixture { $0.readers = 2 }, streams: 1)
    defer { test.shutdown() }
    let count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
    let statement = Statement("\(count) SELECT ?1, 'of ' || max(i) FROM n", parameterTypes: [0])
    let reads = (0..<500).map { number in
      let step = Step(statement, parameters: [0], effect: .respond(TestRow.encoder(.sqlite)))
      return Operation(
        steps: [step], parameters: Dialect.sqlite.parameters([.int(Int64(number))]), isWrite: false,
        mailbox: test.mailbox)
    }
    test.submit(reads)
    try test.eventually("both threads at work") {
      test.driver.statistics.lanes.first { $0.name == "read" }?.busy == 2
    }
    _ = try test.mailbox.take(500)
    for (number, read) in reads.enumerated() {
      #expect(read.outcome.row == TestRow(id: Int64(number), title: "of 3000"))
    }
  }

  /// An event loop answers quick reads itself: they are there when it has handed them over.
  @Test func loopsAnswerQuickReads() throws {
    let test = try DriverTest(try SQLiteFixture(), streams: 1, isOnLoop: true)
    defer { test.shutdown() }
    try test.fill(100)
    var together = 0
    for _ in 0..<20 {
      let reads = (1...20).map { test.select(id: $0) }
      test.submit(reads)
      let answered = test.mailbox.takeAll().count
      together += answered
      _ = try test.mailbox.take(20 - answered)
      for (index, read) in reads.enumerated() { #expect(read.outcome.row?.id == Int64(index + 1) && !read.cameAtOnce) }
    }
    #expect(together > 0)
    var alone = 0
    for id: Int64 in 1...100 {
      let read = test.select(id: id)
      test.driver.submit(read)
      #expect(try test.mailbox.take(1).first === read)
      if read.cameAtOnce { alone += 1 }
    }
    #expect(alone > 0)
  }

  /// A database that is locked against readers is waited for by a lane's thread alone.
  @Test func loopsDoNotWaitForLocks() throws {
    let test = try DriverTest(try SQLiteFixture(inMemory: true), streams: 1, isOnLoop: true)
    defer { test.shutdown() }
    try test.fill(3)
    var session: (any Session)? = try test.driver.makeSession()
    let job = Job(mailbox: test.mailbox)
    for _ in 0..<3 {
      try session?.execute("BEGIN EXCLUSIVE", for: job)
      let reads = (1...3).map { test.select(id: $0) }
      test.submit(reads)
      #expect(test.mailbox.takeAll().isEmpty)
      try session?.execute("COMMIT", for: job)
      _ = try test.mailbox.take(3)
      for (index, read) in reads.enumerated() { #expect(read.outcome.row?.id == Int64(index + 1)) }
    }
    session = nil
  }

  @Test func stopsAtTheStatementTimeout() throws {
    let fixture = try SQLiteFixture { $0.statementTimeout = 100_000_000 }
    let test = try DriverTest(fixture, streams: 1)
    defer { test.shutdown() }
    #expect(try test.outcome(of: test.endless()).error?.code == .pillion(.timeout))
    #expect(try test.outcome(of: test.select(id: 1)).isNotFound)
  }

  /// Steps of one read see one state, and a step without a row ends it.
  @Test func severalStepsShareASnapshot() throws {
    let test = try DriverTest(try SQLiteFixture(), streams: 1)
    defer { test.shutdown() }
    try test.fill(3)
    func operation(_ id: Int64) -> PillionDatabase.Operation {
      let first = Statement("SELECT max(id) FROM post WHERE id <= ?1 HAVING count(*) > 0", parameterTypes: [0])
      let second = Statement("SELECT id, title FROM post WHERE id = ?1", parameterTypes: [0])
      return Operation(
        steps: [
          Step(first, parameters: [0], effect: .captureRow),
          Step(second, parameters: [], takesCapture: true, effect: .respond(TestRow.encoder(.sqlite))),
        ], parameters: Dialect.sqlite.parameters([.int(id)]), isWrite: false, mailbox: test.mailbox)
    }
    #expect(try test.outcome(of: operation(2)).row?.id == 2)
    #expect(try test.outcome(of: operation(99)).row?.id == 3)
    #expect(try test.outcome(of: operation(0)).isNotFound)
    // None of them has left a transaction open, in which the table would stay as it was.
    for number in 4...20 {
      try test.execute("INSERT INTO post (id, title) VALUES (\(number), 'new \(number)')")
      #expect(try test.outcome(of: operation(99)).row?.id == Int64(number))
    }
  }

  /// The reader lanes cannot write, whatever SQL they are given.
  @Test func readersCannotWrite() throws {
    let test = try DriverTest(try SQLiteFixture(), streams: 1)
    defer { test.shutdown() }
    let write = test.operation("INSERT INTO post (title) VALUES ('x')", effect: .none, isWrite: false)
    #expect(try test.outcome(of: write).error?.primaryCode == 8)
    #expect(try test.value("SELECT count(*) FROM post") == "0")
  }

  @Test func queueKeepsItsOrderAndItsLimit() throws {
    let queue = JobQueue(limit: 10)
    let mailbox = TestMailbox()
    let jobs = (0..<11).map { _ in
      Operation(steps: [], parameters: Parameters(), isWrite: false, mailbox: mailbox)
    }
    func expect(_ ring: Ring<PillionDatabase.Operation>?, _ expected: ArraySlice<PillionDatabase.Operation>) {
      let found: [PillionDatabase.Operation] = (0..<(ring?.count ?? 0)).compactMap { ring?[$0] }
      #expect(found.elementsEqual(expected, by: ===))
    }
    func push(_ pushed: ArraySlice<PillionDatabase.Operation>) -> (count: Int, reason: DatabaseError.Reason)? {
      var ring = Ring<PillionDatabase.Operation>()
      for job in pushed { ring.append(job) }
      let refusal = queue.push(&ring, count: pushed.count)
      expect(ring, pushed.suffix(refusal?.count ?? 0))
      return refusal
    }
    func take(_ limit: Int) -> Ring<PillionDatabase.Operation>? {
      var batch = Ring<PillionDatabase.Operation>()
      return queue.take(into: &batch, atMost: limit) ? batch : nil
    }
    #expect(push(jobs[..<4]) == nil)
    let full = try #require(push(jobs[4...]))
    #expect(full == (1, .exhausted))
    var batch = try #require(take(5))
    expect(batch, jobs[..<5])
    for _ in 0..<3 { batch.removeFirst() }
    queue.giveBack(&batch)
    expect(take(4), jobs[3..<7])
    #expect(queue.statistics("read", threads: 2).refusals == 1)
    expect(queue.close(), jobs[7..<10])
    let closed = try #require(push(jobs[10...]))
    #expect(closed == (1, .unavailable))
    #expect(take(4) == nil)
  }
}
