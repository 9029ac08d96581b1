import Foundation
import PillionDatabase
import PillionSQLite
import Testing

@Suite struct SQLiteOpeningTests {
  @Test(arguments: [
    ("sqlite:a/b.db", "a/b.db"), ("sqlite:/a/b.db", "/a/b.db"), ("sqlite:///a/b.db", "/a/b.db"),
    ("sqlite:file:x", "file:x"), ("sqlite:å.db", "å.db"), ("sqlite::memory:", ":memory:"),
  ])
  func readsURLs(_ url: String, _ path: String) throws {
    #expect(try #require(SQLiteConfiguration(url: url)).name == path)
  }

  @Test(arguments: ["", "a.db", "sqlite:", "sqlite://host/a.db", "postgresql://x", "sqlite:a\0b"])
  func refusesURLs(_ url: String) { #expect(SQLiteConfiguration(url: url) == nil) }

  @Test func memoryDatabasesAreApart() throws {
    let first = try #require(SQLiteConfiguration(url: "sqlite::memory:"))
    let second = try #require(SQLiteConfiguration(url: "sqlite::memory:"))
    #expect(first.location != second.location)
    let one = try SQLiteAdminConnection(configuration: first)
    try one.execute(["CREATE TABLE t (a)"])
    let same = try SQLiteAdminConnection(configuration: first)
    #expect(try same.query("SELECT name FROM sqlite_schema") == [["t"]])
    let other = try SQLiteAdminConnection(configuration: second)
    #expect(try other.query("SELECT name FROM sqlite_schema") == [])
  }

  private func opening(_ configuration: SQLiteConfiguration) -> DatabaseError? {
    do throws(DatabaseError) {
      try SQLiteDriver(configuration: configuration).shutdown()
      return nil
    } catch {
      return error
    }
  }

  @Test func saysWhatIsWrongWithTheFile() throws {
    let missing = try SQLiteFixture { $0.mustExist = true }
    #expect(opening(missing.configuration)?.code == .sqlite(14))
    #expect(!FileManager.default.fileExists(atPath: missing.path))

    let garbage = try SQLiteFixture()
    try Data(repeating: 0x41, count: 8192).write(to: URL(filePath: garbage.path))
    let error = try #require(opening(garbage.configuration))
    #expect(error.code == .sqlite(26))
    #expect(error.message == "\(garbage.path): file is not a database")
    // It has been left as it was.
    #expect(try Data(contentsOf: URL(filePath: garbage.path)) == Data(repeating: 0x41, count: 8192))

    let folder = try SQLiteFixture()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: false)
    #expect(opening(folder.configuration)?.primaryCode == 14)

    let nowhere = SQLiteConfiguration(location: .file("/nonexistent/folder/test.db"))
    #expect(opening(nowhere)?.primaryCode == 14)
  }

  @Test func createsAnEmptyFile() throws {
    let fixture = try SQLiteFixture()
    #expect(opening(fixture.configuration) == nil)
    #expect(FileManager.default.fileExists(atPath: fixture.path))
    // A clean end leaves no log behind.
    #expect(!FileManager.default.fileExists(atPath: fixture.path + "-wal"))
  }

  @Test func pathsAreNeverURIs() throws {
    // SQLite would open `file:/x?mode=memory` as something else.
    let configuration = try #require(SQLiteConfiguration(url: "sqlite:file:pillion-no-such-folder/x.db?mode=memory"))
    #expect(opening(configuration)?.primaryCode == 14)
  }

  @Test func readOnlyServesReads() throws {
    let writable = try SQLiteFixture()
    let test = try DriverTest(writable, streams: 1)
    try test.execute("INSERT INTO post (id, title) VALUES (1, 'one')")
    test.shutdown()

    var configuration = writable.configuration
    configuration.isReadOnly = true
    let driver = try SQLiteDriver(configuration: configuration)
    defer { driver.shutdown() }
    let (read, write) = (test.select(id: 1), test.create("two"))
    driver.submit(read)
    driver.submit(write)
    #expect(try test.mailbox.take(2).count == 2)
    #expect(read.outcome.row == TestRow(id: 1, title: "one"))
    #expect(write.outcome.error?.primaryCode == 8)
    #expect(driver.isAvailable)
    let stream = test.list()
    driver.open(stream)
    let reader = StreamReader(stream, on: driver, mailbox: test.mailbox)
    try reader.run()
    #expect(reader.rows.count == 1)
  }

  @Test func adminExecutesAllOrNothing() throws {
    let fixture = try SQLiteFixture()
    let admin = try fixture.makeAdmin()
    #expect(throws: DatabaseError.self) {
      try admin.execute(["CREATE TABLE a (x)", "INSERT INTO a VALUES (1)", "INSERT INTO nonsense VALUES (1)"])
    }
    #expect(try admin.query("SELECT name FROM sqlite_schema") == [])
    try admin.execute(["CREATE TABLE a (x, y)", "INSERT INTO a VALUES (1, NULL), (1.5, 'a' || char(0) || 'b')"])
    #expect(try admin.query("SELECT x, y FROM a ORDER BY x") == [["1", nil], ["1.5", "a\0b"]])
    #expect(throws: DatabaseError.self) { try admin.query("SELECT nonsense FROM a") }

    var configuration = fixture.configuration
    configuration.isReadOnly = true
    let reader = try SQLiteAdminConnection(configuration: configuration)
    #expect(try reader.query("SELECT count(*) FROM a") == [["2"]])
    #expect(throws: DatabaseError.self) { try reader.execute(["DELETE FROM a"]) }
  }

  /// A damaged file is an error of the calls that meet the damage, never the end of the process (G42 in small).
  @Test func survivesDamagedFiles() throws {
    let fixture = try SQLiteFixture()
    let test = try DriverTest(fixture, streams: 1)
    try test.fill(2000)
    test.shutdown()
    let good = try Data(contentsOf: URL(filePath: fixture.path))
    var random = SystemRandomNumberGenerator()
    for _ in 0..<40 {
      var bytes = good
      for _ in 0..<20 {
        let position = Int.random(in: 16..<bytes.count, using: &random)
        bytes[position] = UInt8.random(in: 0...255, using: &random)
      }
      if Bool.random() { bytes = bytes.prefix(Int.random(in: 0..<bytes.count, using: &random)) }
      let damaged = try SQLiteFixture()
      try bytes.write(to: URL(filePath: damaged.path))
      guard let driver = try? SQLiteDriver(configuration: damaged.configuration) else { continue }
      defer { driver.shutdown() }
      let jobs = [test.select(id: 700), test.create("new"), test.select(id: 1999)]
      for job in jobs { driver.submit(job) }
      let stream = test.list(mailbox: TestMailbox())
      driver.open(stream)
      #expect(try test.mailbox.take(3).count == 3)
      let reader = StreamReader(stream, on: driver, mailbox: TestMailbox())
      try? reader.run()
      driver.cancel(stream)
    }
  }
}

extension DatabaseError {
  /// SQLite's code without its extension.
  var primaryCode: Int32? {
    if case .sqlite(let code) = code { code & 0xff } else { nil }
  }
}
