import Foundation
import PillionDatabase
import Testing

@testable import PillionSQLite

/// What the reader lanes owe beyond the conformance suite.
@Suite struct SQLiteReaderTests {
  /// A slow statement gives the rest of its batch to the other threads.
  @Test func slowReadsHoldNobodyUp() throws {
    let test = try DriverTest(try SQLiteFixture(), streams: 1)
    defer { test.shutdown() }
    try test.fill(100)
    for _ in 0..<10 {
      let slow = test.endless()
      let quick = (1...60).map { test.select(id: $0) }
      // Somewhere in the batch that a thread takes.
      for operation in quick[..<20] { test.driver.submit(operation) }
      test.driver.submit(slow)
      for operation in quick[20...] { test.driver.submit(operation) }
      #expect(try test.mailbox.take(60).count == 60)
      #expect(quick.enumerated().allSatisfy { $0.element.outcome.row?.id == Int64($0.offset + 1) })
      test.driver.cancel(slow)
      _ = try test.mailbox.take(1)
      #expect(slow.outcome.error?.code == .pillion(.cancelled))
    }
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

  @Test func threadsShareTheQueue() throws {
    let queue = JobQueue(limit: 10)
    let mailbox = TestMailbox()
    let jobs = (0..<11).map { _ in
      Operation(steps: [], parameters: Parameters(), isWrite: false, mailbox: mailbox)
    }
    for job in jobs[..<10] { #expect(queue.push(job) == nil) }
    #expect(queue.push(jobs[10]) == .exhausted)
    var batch: [PillionDatabase.Operation] = []
    #expect(queue.take(into: &batch, atMost: 32, threads: 2))
    #expect(batch.elementsEqual(jobs[..<5], by: ===))
    queue.giveBack(batch[3...])
    batch.removeAll()
    #expect(queue.take(into: &batch, atMost: 4, threads: 0))
    #expect(batch.elementsEqual(jobs[3..<7], by: ===))
    #expect(queue.close().elementsEqual(jobs[7..<10], by: ===))
    #expect(queue.push(jobs[10]) == .unavailable)
    #expect(!queue.take(into: &batch, atMost: 4))
    #expect(batch.count == 4)
  }
}
