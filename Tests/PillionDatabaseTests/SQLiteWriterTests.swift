import Foundation
import PillionDatabase
import PillionSQLite
import Testing

/// What the writer lane owes beyond the conformance suite: locks of others, lost transactions, lost files.
@Suite struct SQLiteWriterTests {
  /// Another connection that holds the right to write.
  private func lock(_ fixture: SQLiteFixture) throws -> ForeignLock {
    try ForeignLock(path: fixture.path)
  }

  @Test func waitsForAForeignLock() throws {
    let fixture = try SQLiteFixture()
    let test = try DriverTest(fixture, streams: 1)
    defer { test.shutdown() }
    let lock = try lock(fixture)
    let write = test.create("patient")
    test.driver.submit(write)
    usleep(100_000)
    #expect(test.mailbox.takeAll().isEmpty)
    lock.release()
    _ = try test.mailbox.take(1)
    #expect(write.outcome.row?.title == "patient")
  }

  @Test func givesUpAfterTheBusyTimeout() throws {
    let fixture = try SQLiteFixture { $0.busyTimeout = 200_000_000 }
    let test = try DriverTest(fixture, streams: 1)
    defer { test.shutdown() }
    let lock = try lock(fixture)
    let writes = (0..<20).map { test.create(.text("post \($0)")) }
    let started = monotonicNow()
    for write in writes { test.driver.submit(write) }
    #expect(try test.mailbox.take(20).count == 20)
    #expect(monotonicNow() - started >= 200_000_000)
    #expect(writes.allSatisfy { $0.outcome.error?.primaryCode == 5 })
    // A lock is nothing that is wrong with the database.
    #expect(test.driver.isAvailable)
    lock.release()
    #expect(try test.outcome(of: test.create("after")).row != nil)
  }

  @Test func honoursDeadlinesAndCancelsInALockWait() throws {
    let fixture = try SQLiteFixture { $0.busyTimeout = 60_000_000_000 }
    let test = try DriverTest(fixture, streams: 1)
    defer { test.shutdown() }
    let lock = try lock(fixture)
    func insert(_ title: String, deadline: UInt64 = 0) -> PillionDatabase.Operation {
      test.operation(
        "INSERT INTO post (title) VALUES (#1)", [.text(title)], effect: .none, isWrite: true, deadline: deadline)
    }
    let late = insert("late", deadline: monotonicNow() + 200_000_000)
    let (left, patient) = (insert("left"), insert("patient"))
    for write in [late, left, patient] { test.driver.submit(write) }
    usleep(50_000)
    test.driver.cancel(left)
    let ended = try test.mailbox.take(2)
    #expect(ended.count == 2 && ended.contains { $0 === late } && ended.contains { $0 === left })
    #expect(late.outcome.error?.code == .pillion(.timeout))
    #expect(left.outcome.error?.code == .pillion(.cancelled))
    lock.release()
    #expect(try test.mailbox.take(1).first === patient)
    #expect(patient.outcome.isDone)
    #expect(try test.value("SELECT group_concat(title) FROM post") == "patient")
  }

  @Test func shutsDownDuringALockWait() throws {
    let fixture = try SQLiteFixture()
    let test = try DriverTest(fixture, streams: 1)
    let lock = try lock(fixture)
    let write = test.create("waiting")
    test.driver.submit(write)
    usleep(50_000)
    test.shutdown()
    // Not what the end of the busy timeout would say.
    #expect(write.outcome.error?.code == .pillion(.unavailable))
    lock.release()
  }

  /// RAISE(ROLLBACK) ends the transaction of the whole group: the others run again and are answered truly.
  @Test func restartsAGroupThatLostItsTransaction() throws {
    let fixture = try SQLiteFixture()
    let test = try DriverTest(fixture, streams: 1)
    defer { test.shutdown() }
    try test.execute(
      """
      CREATE TRIGGER destructive BEFORE INSERT ON post WHEN NEW.title LIKE 'bad %'
      BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END
      """)
    let bad: Set<Int> = [3, 40, 41, 77, 99]
    let writes = (0..<100).map { test.create(.text(bad.contains($0) ? "bad \($0)" : "post \($0)")) }
    // Held back by a lock, so that they wait together.
    let lock = try lock(fixture)
    for write in writes { test.driver.submit(write) }
    usleep(50_000)
    lock.release()
    #expect(try test.mailbox.take(100).count == 100)
    for (number, write) in writes.enumerated() {
      if bad.contains(number) {
        #expect(write.outcome.error?.code == .sqlite(1811) && write.outcome.error?.message == "all of it")
      } else {
        #expect(write.outcome.row?.title == "post \(number)")
      }
    }
    #expect(try test.value("SELECT count(*) FROM post") == "95")
    #expect(try test.value("SELECT count(DISTINCT title) FROM post") == "95")
  }

  /// A write that is stopped while it runs takes the group's transaction along; the others are repeated.
  @Test func repeatsTheNeighboursOfAStoppedWrite() throws {
    let fixture = try SQLiteFixture { $0.statementTimeout = 100_000_000 }
    let test = try DriverTest(fixture, streams: 1)
    defer { test.shutdown() }
    let slow = test.operation(
      "INSERT INTO post (title) \(DriverTest.endlessSQL(.sqlite).replacing("max(n), 'n'", with: "max(n)"))",
      effect: .none, isWrite: true)
    let before = (0..<20).map { test.create(.text("before \($0)")) }
    let after = (0..<20).map { test.create(.text("after \($0)")) }
    let lock = try lock(fixture)
    for write in before + [slow] + after { test.driver.submit(write) }
    usleep(50_000)
    lock.release()
    #expect(try test.mailbox.take(41).count == 41)
    #expect(slow.outcome.error?.code == .pillion(.timeout), "\(slow.outcome)")
    #expect((before + after).allSatisfy { $0.outcome.row != nil })
    #expect(try test.value("SELECT count(*) FROM post") == "40")
  }

  /// The path leads nowhere, or to another file: nothing is acknowledged that is not in the file of that name.
  @Test func noticesADeletedFileAndHeals() throws {
    let fixture = try SQLiteFixture()
    let test = try DriverTest(fixture, streams: 2)
    defer { test.shutdown() }
    #expect(try test.outcome(of: test.create("lost")).row != nil)
    let kept = fixture.path + ".kept"
    try FileManager.default.moveItem(atPath: fixture.path, toPath: kept)
    #expect(try test.outcome(of: test.create("nowhere")).error?.primaryCode == 14)
    #expect(!test.driver.isAvailable)
    #expect(!FileManager.default.fileExists(atPath: fixture.path))

    for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: fixture.path + suffix) }
    let other = try DriverTest(try SQLiteFixture { $0.location = fixture.configuration.location }, streams: 1)
    try other.fill(3)
    other.shutdown()
    let row = try #require(try test.outcome(of: test.create("here")).row)
    #expect(row.id == 4)
    #expect(test.driver.isAvailable)
    try test.eventually("the readers see the new file") { try test.outcome(of: test.select(id: 2)).row?.id == 2 }
    let reader = test.open()
    try reader.run()
    #expect(reader.rows.count == 4)
  }

  /// The log is copied into the file by the way and begins again from its start.
  @Test func keepsTheLogShort() throws {
    let fixture = try SQLiteFixture { $0.checkpointPages = 50 }
    let test = try DriverTest(fixture, streams: 1)
    defer { test.shutdown() }
    let text = String(repeating: "x", count: 2000)
    for round in 0..<40 {
      for number in 0..<20 { test.driver.submit(test.create(.text("\(round) \(number) \(text)"))) }
      _ = try test.mailbox.take(20)
    }
    let attributes = try FileManager.default.attributesOfItem(atPath: fixture.path + "-wal")
    let size = try #require(attributes[.size] as? Int)
    #expect(size < 1 << 20, "\(size) bytes after 1.6 MB of rows")
    #expect(try test.value("PRAGMA integrity_check") == "ok")
  }

  @Test func refusesMoreThanTheQueueHolds() throws {
    let fixture = try SQLiteFixture { $0.queueLimit = 10 }
    let test = try DriverTest(fixture, streams: 1)
    defer { test.shutdown() }
    let lock = try lock(fixture)
    let writes = (0..<200).map { test.create(.text("post \($0)")) }
    for write in writes { test.driver.submit(write) }
    let refused = try test.mailbox.take(150)
    #expect(refused.allSatisfy { ($0 as? PillionDatabase.Operation)?.outcome.error?.code == .pillion(.exhausted) })
    lock.release()
    _ = try test.mailbox.take(200 - refused.count)
    let stored = writes.count { $0.outcome.row != nil }
    #expect(stored >= 10)
    #expect(try test.value("SELECT count(*) FROM post") == "\(stored)")
  }
}

/// Another process's lock, as far as SQLite can tell: a second connection with an open write transaction.
private final class ForeignLock: Sendable {
  private let admin: Locked<SQLiteAdminConnection?>

  init(path: String) throws {
    var configuration = SQLiteConfiguration(location: .file(path))
    configuration.mustExist = true
    let connection = try SQLiteAdminConnection(configuration: configuration)
    _ = try connection.query("BEGIN IMMEDIATE")
    admin = Locked(connection)
  }

  func release() {
    admin.withLock { admin in
      _ = try? admin?.query("ROLLBACK")
      admin = nil
    }
  }
}
