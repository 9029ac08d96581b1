import Foundation
import PillionDatabase
import PillionSQLite
import Testing

@Suite struct SQLiteStreamTests {
  @Test func endsAListThatIsOpenTooLong() throws {
    let fixture = try SQLiteFixture { $0.streamLifetime = 200_000_000 }
    let test = try DriverTest(fixture, streams: 1)
    defer { test.shutdown() }
    try test.fill(20_000)
    let reader = test.open()
    try test.eventually("a first chunk") { try reader.takeOnce() }
    usleep(600_000)
    try reader.run()
    #expect(reader.error?.code == .pillion(.timeout))
    let next = test.open("SELECT id, title FROM post WHERE id = 1")
    try next.run()
    #expect(next.isComplete)
  }

  /// The time a client takes is not the statement's.
  @Test func statementTimeoutLeavesSlowClientsAlone() throws {
    let fixture = try SQLiteFixture { $0.statementTimeout = 2_000_000_000 }
    let test = try DriverTest(fixture, streams: 1)
    defer { test.shutdown() }
    try test.fill(20_000)
    let slow = test.open()
    try slow.run(pause: 100_000)
    #expect(slow.isComplete && slow.rows.count == 20_000)
    let endless = test.open(DriverTest.endlessSQL(.sqlite))
    try endless.run()
    #expect(endless.error?.code == .pillion(.timeout))
  }

  @Test func endsIdleListsWhenTheLogIsFull() throws {
    let fixture = try SQLiteFixture {
      $0.logLimit = 200_000
      $0.checkpointPages = 20
    }
    let test = try DriverTest(fixture, streams: 2)
    defer { test.shutdown() }
    try test.fill(20_000)
    let idle = test.open()
    try test.eventually("a first chunk") { try idle.takeOnce() }
    usleep(1_200_000)
    for number in 0..<300 {
      _ = try test.outcome(of: test.create(.text("\(number) \(String(repeating: "x", count: 3000))")))
    }
    try idle.run()
    #expect(idle.error?.code == .pillion(.exhausted))
  }

  /// Rows that are far between go out without waiting for a full chunk.
  @Test func sendsSparseRowsEarly() throws {
    let fixture = try SQLiteFixture()
    let test = try DriverTest(fixture, streams: 1)
    defer { test.shutdown() }
    let reader = test.open(
      """
      WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count)
      SELECT n, 'sparse' FROM count WHERE n % 300000 = 0
      """)
    try test.eventually("a first chunk") { try reader.takeOnce() }
    #expect(reader.rows.first == TestRow(id: 300_000, title: "sparse"))
    #expect(reader.rows.count < 100)
    test.driver.cancel(reader.stream)
    try reader.run()
  }

  @Test func refusesMoreThanTheQueueHolds() throws {
    let fixture = try SQLiteFixture { $0.queueLimit = 3 }
    let test = try DriverTest(fixture, streams: 1)
    defer { test.shutdown() }
    try test.fill(20_000)
    let first = test.open()
    try test.eventually("a first chunk") { try first.takeOnce() }
    let readers = (0..<10).map { _ in test.open("SELECT id, title FROM post WHERE id = 1") }
    try first.run()
    for reader in readers { try reader.run() }
    #expect(readers.count { $0.error?.code == .pillion(.exhausted) } == 7)
    #expect(readers.count { $0.isComplete && $0.rows.count == 1 } == 3)
  }

  /// Many Lists on few connections, taken at different speeds, some left in the middle.
  @Test func manyListsShareFewConnections() throws {
    let fixture = try SQLiteFixture()
    let test = try DriverTest(fixture, streams: 3)
    defer { test.shutdown() }
    try test.fill(5000)
    let problems = Locked<[String]>([])
    try DriverTest.onThreads(12) { thread in
      for round in 0..<10 {
        let reader = test.open()
        do {
          if (thread + round) % 3 == 0 {
            while try !reader.takeOnce() { usleep(100) }
            test.driver.cancel(reader.stream)
            try reader.run()
          } else {
            try reader.run(pause: UInt32(thread * 100))
            if reader.rows.count != 5000 || !reader.isComplete {
              problems.withLock { $0.append("\(reader.rows.count) rows, \(String(describing: reader.end))") }
            }
          }
        } catch {
          problems.withLock { $0.append("\(error)") }
        }
      }
    }
    #expect(problems.withLock { $0 } == [])
  }
}
