import Glibc
import PillionDatabase
import Testing

@testable import PillionPostgreSQL

/// Reads that come one at a time: who sends one may wait for its answer.
@Suite struct PostgreSQLDirectTests {
  @Test func oneAtATime() throws {
    let test = try PostgreSQLTest()
    for number: Int64 in 0..<500 {
      let outcome = try test.outcome(test.read(TestStatement.echo, [.int(number), .text("row \(number)")]))
      #expect(outcome.row == TestRow(id: number, title: "row \(number)"))
    }
    #expect(test.mailbox.directCount > 0)
    let lane = try #require(test.driver.statistics.lanes.first { $0.name == "point" })
    #expect(lane.waiting == 0 && lane.busy == 0)
  }

  @Test func errorsAndMissingRows() throws {
    let test = try PostgreSQLTest([TestStatement.table])
    for _ in 0..<50 {
      #expect(try test.outcome(test.read(TestStatement.divide, [0])).error?.code == .sqlState("22012"))
      guard case .notFound = try test.outcome(test.read(TestStatement.select, [7])) else {
        throw TestFailure("a row that is not there")
      }
    }
    #expect(test.mailbox.directCount > 0)
  }

  /// The sender's thread waits for a slow read no longer than it may, and holds up nobody.
  @Test func slowReads() throws {
    let test = try PostgreSQLTest()
    for _ in 0..<10 {
      let slow = test.read(TestStatement.sleep, [200])
      test.driver.submit(slow)
      usleep(20_000)
      #expect(try test.outcome(test.read(TestStatement.echo, [1, "quick"])).row?.title == "quick")
      #expect(slow.outcome.row == nil)
      #expect(try test.mailbox.take(1).first === slow)
      #expect(slow.outcome.row?.id == 200)
    }
  }

  @Test func deadlinesAndCancels() throws {
    let test = try PostgreSQLTest()
    for isCancelled in [false, true, false, true] {
      // So that the next is waited for.
      for _ in 0..<20 { _ = try test.outcome(test.read(TestStatement.echo, [1, "one"])) }
      let patience: UInt64 = isCancelled ? 6_000_000_000 : 100_000_000
      let slow = test.read(TestStatement.sleep, [10_000], deadline: monotonicNow() + patience)
      test.driver.submit(slow)
      if isCancelled { test.driver.cancel(slow) }
      #expect(try test.mailbox.take(1, within: 9).first === slow)
      #expect(slow.outcome.error?.code == .pillion(isCancelled ? .cancelled : .timeout))
    }
  }

  /// The connection breaks while its answer is waited for; the read that broke it is not repeated for ever.
  @Test func brokenConnections() throws {
    let test = try PostgreSQLTest()
    let suicide = Statement("SELECT 1::bigint, pg_terminate_backend(pg_backend_pid())::text", parameterTypes: [])
    for _ in 0..<3 {
      for _ in 0..<20 { _ = try test.outcome(test.read(TestStatement.echo, [1, "one"])) }
      #expect(try test.outcome(test.read(suicide)).error?.code == .pillion(.unavailable))
    }
    #expect(try test.outcome(test.read(TestStatement.echo, [1, "one"])).row?.title == "one")
  }

  /// An operation is told when whoever submitted it had to wait for nothing else, and not for long.
  @Test func answersThatComeAtOnce() throws {
    let test = try PostgreSQLTest([TestStatement.table])
    func cameAtOnce(_ operation: Operation, isAwake: Bool) throws -> Bool {
      operation.staysAwake = isAwake
      _ = try test.outcome(operation)
      return operation.cameAtOnce
    }
    for isAwake in [false, true] {
      var count = 0
      for number: Int64 in 0..<200 {
        let read = test.read(TestStatement.echo, [.int(number), "row"])
        if try cameAtOnce(read, isAwake: isAwake) { count += 1 }
        #expect(read.outcome.row == TestRow(id: number, title: "row"))
      }
      #expect(count > 0)
      // Longer than anybody waits.
      for _ in 0..<3 { #expect(try !cameAtOnce(test.read(TestStatement.sleep, [200]), isAwake: isAwake)) }
      let write = test.write(TestStatement.insert, [isAwake ? 1 : 2, "row"])
      #expect(try !cameAtOnce(write, isAwake: isAwake))
    }
  }

  @Test func socketsAreLookedAt() throws {
    var ends: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    defer { close(ends[0]) }
    #expect(!AwakeWait.untilReadable(ends[0]))
    #expect(write(ends[1], "x", 1) == 1)
    #expect(AwakeWait.untilReadable(ends[0]))
    var byte: UInt8 = 0
    #expect(read(ends[0], &byte, 1) == 1)
    #expect(!AwakeWait.untilReadable(ends[0]))
    close(ends[1])
    #expect(AwakeWait.untilReadable(ends[0]))
  }

  /// Something is waited for while that pays, less and less often while it does not, and again when it does.
  @Test func waitsAreLearned() {
    var waits = AdaptiveWait()
    func skipped() -> Int {
      var count = 0
      while !waits.permits() { count += 1 }
      return count
    }
    #expect(skipped() == 0)
    var pauses: [Int] = []
    for _ in 0..<12 {
      waits.note(hasPaid: false)
      pauses.append(skipped())
    }
    #expect(pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024])
    for _ in 0..<10 {
      waits.note(hasPaid: true)
      #expect(skipped() == 0)
    }
    waits.note(hasPaid: false)
    #expect(skipped() == 1)
  }
}
