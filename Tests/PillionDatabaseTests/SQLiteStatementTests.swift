import Foundation
import PillionDatabase
import PillionSQLite
import Testing

@testable import PillionSQLite

/// Statements, values and errors below the lanes.
@Suite struct SQLiteStatementTests {
  private func connection(_ configure: (inout SQLiteConfiguration) -> Void = { _ in }) throws -> Connection {
    let fixture = try SQLiteFixture(inMemory: true, configure: configure)
    let watch = Watch(status: LaneStatus(), configuration: fixture.configuration, stopsAtShutdown: false)
    return try Connection(fixture.configuration, role: .writer, watch: watch, mayCreate: true)
  }

  @Test(
    arguments: [
      (2067, "UNIQUE constraint failed: post.title", "post", "title", nil),
      (2067, "UNIQUE constraint failed: post.a, post.b", "post", "a, b", nil),
      (2067, "UNIQUE constraint failed: my.table.col", "my.table", "col", nil),
      (2067, "UNIQUE constraint failed: index 'lower_title'", nil, nil, "lower_title"),
      (1555, "UNIQUE constraint failed: post.id", "post", "id", nil),
      (1299, "NOT NULL constraint failed: post.title", "post", "title", nil),
      (275, "CHECK constraint failed: rating > 0", nil, nil, "rating > 0"),
      (3091, "cannot store TEXT value in INTEGER column post.rating", "post", "rating", nil),
      (787, "FOREIGN KEY constraint failed", nil, nil, nil),
      (1811, "NOT NULL constraint failed: post.title", nil, nil, nil),
      (5, "database is locked", nil, nil, nil),
      (2067, "", nil, nil, nil),
      (2067, "UNIQUE constraint failed: ", nil, nil, nil),
    ] as [(Int32, String, String?, String?, String?)])
  func readsMessages(_ code: Int32, _ message: String, _ table: String?, _ column: String?, _ constraint: String?) {
    let error = SQLiteError.make(code, message)
    #expect(error.code == .sqlite(code) && error.message == message)
    #expect(error.table == table && error.column == column && error.constraint == constraint)
  }

  /// Every kind of value comes back as it went in.
  @Test(arguments: [true, false])
  func valuesKeepTheirBytes(_ copies: Bool) throws {
    let connection = try connection()
    try connection.execute("CREATE TABLE t (a, b, c, d, e, f, g, h)")
    var parameters = Parameters()
    parameters.appendNull()
    parameters.append(integer: .min)
    parameters.append(real: -.infinity)
    parameters.append(text: "")
    parameters.append(text: "a\0b🦐")
    [].withUnsafeBytes { parameters.append(binary: $0) }
    [UInt8]([0, 255, 0]).withUnsafeBytes { parameters.append(binary: $0) }
    parameters.append(integer: .max)
    let insert = try PreparedStatement(
      "INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", on: connection.handle)
    try parameters.bytes.withUnsafeBytes { bytes in
      try insert.bind(0..<8, of: parameters, bytes: copies ? nil : bytes)
      #expect(try insert.step() == false)
      insert.reset()
    }
    let select = try PreparedStatement("SELECT * FROM t", on: connection.handle)
    #expect(try select.step())
    let rows = RowBuffer()
    let back = Parameters(copying: try rows.read(select))
    #expect(back.entries.map(\.kind) == parameters.entries.map(\.kind))
    #expect(back.entries.map(\.kind) == [.null, .integer, .real, .text, .text, .binary, .binary, .integer])
    #expect(back.entries.map(\.word) == parameters.entries.map(\.word))
    #expect(back.bytes == parameters.bytes)
  }

  @Test func readsRowsWiderThanTheBuffer() throws {
    let connection = try connection()
    let select = try PreparedStatement(
      "SELECT \((0..<500).map(String.init).joined(separator: ", "))", on: connection.handle)
    #expect(try select.step())
    let rows = RowBuffer()
    #expect(try rows.read(select).map(\.word) == (0..<500).map { UInt64($0) })
  }

  @Test func refusesWrongNumbersOfValues() throws {
    let connection = try connection()
    let select = try PreparedStatement("SELECT ?1", on: connection.handle)
    var parameters = Parameters()
    parameters.append(integer: 1)
    #expect(throws: DatabaseError.self) { try select.bind([1], of: parameters, bytes: nil) }
    #expect(throws: DatabaseError.self) { try select.bind([-1], of: parameters, bytes: nil) }
    #expect(throws: DatabaseError.self) { try select.bind([0, 0], of: parameters, bytes: nil) }
    #expect(throws: DatabaseError.self) { _ = try PreparedStatement("  -- nothing", on: connection.handle) }
  }

  @Test func forgetsTheStatementNotUsedForLongest() throws {
    let connection = try connection()
    var cache = StatementCache(limit: 10)
    let statements = (0..<11).map { Statement("SELECT \($0)", parameterTypes: []) }
    let first = try cache.statement(for: statements[0], on: connection.handle)
    let second = try cache.statement(for: statements[1], on: connection.handle)
    for statement in statements[2..<10] { _ = try cache.statement(for: statement, on: connection.handle) }
    #expect(try cache.statement(for: statements[0], on: connection.handle) === first)
    _ = try cache.statement(for: statements[10], on: connection.handle)
    #expect(cache.count == 10)
    #expect(try cache.statement(for: statements[0], on: connection.handle) === first)
    #expect(try cache.statement(for: statements[1], on: connection.handle) !== second)
  }

  /// A changed table is noticed by statements that were prepared before.
  @Test func preparesAgainAfterASchemaChange() throws {
    let fixture = try SQLiteFixture()
    let test = try DriverTest(fixture, streams: 1)
    defer { test.shutdown() }
    let read = { test.operation("SELECT id, title FROM post", effect: .requireRow, isWrite: false) }
    try test.execute("INSERT INTO post (id, title) VALUES (1, 'one')")
    for _ in 0..<10 { #expect(try test.outcome(of: test.select(id: 1)).row?.title == "one") }
    try test.execute("ALTER TABLE post ADD COLUMN extra TEXT DEFAULT 'x'")
    for _ in 0..<10 { #expect(try test.outcome(of: test.select(id: 1)).row?.title == "one") }
    try test.execute("DROP TRIGGER no_shouting", "ALTER TABLE post RENAME COLUMN title TO headline")
    #expect(try test.outcome(of: read()).error?.code == .sqlite(1))
    try test.execute("DROP TABLE post")
    let error = try #require(try test.outcome(of: read()).error)
    #expect(error.code == .sqlite(1) && error.message.hasPrefix("no such table"))
  }

  @Test(arguments: [
    "SELECT \"no such column\"",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'x'",
    "SELECT load_extension('x')",
    "ATTACH ':memory:' AS other",
    "SELECT fts3_tokenizer('simple', x'00')",
    "SELECT zeroblob(200000000)",
  ])
  func closesWhatAnAttackerCouldUse(_ sql: String) throws {
    let connection = try connection()
    #expect(throws: DatabaseError.self) { try connection.execute(sql) }
  }

  /// As Django makes them for every JSONField; a version of SQLite calls its own functions unsafe.
  @Test func schemasWithJSONFunctionsCanBeRead() throws {
    let fixture = try SQLiteFixture()
    let watch = Watch(status: LaneStatus(), configuration: fixture.configuration, stopsAtShutdown: false)
    for _ in 0..<2 {
      let writer = try Connection(fixture.configuration, role: .writer, watch: watch, mayCreate: true)
      try writer.trustSchema(true)
      try writer.execute("CREATE TABLE IF NOT EXISTS j (a TEXT CHECK (json_valid(a) OR a IS NULL))")
      try writer.execute("CREATE VIEW IF NOT EXISTS v AS SELECT json_extract(a, '$.b') AS b FROM j")
      try writer.execute("INSERT INTO j SELECT '{}' FROM v UNION SELECT NULL")
    }
    let reader = try Connection(fixture.configuration, role: .reader, watch: watch, mayCreate: false)
    try reader.execute("SELECT b FROM v")
    #expect(reader.trustsSchema == Connection.refusesJSON)
  }

  @Test(arguments: [
    ("CREATE TABLE j (a JSON, json_data TEXT, b CHECK (b <> 'json') /* json */)", false),
    ("CREATE VIEW j AS SELECT a AS json FROM t", false),
    ("CREATE TABLE j (a CHECK (JSON_VALID (a)))", true), ("CREATE VIEW j AS SELECT \"json_array\"(a) FROM t", true),
    ("CREATE VIEW j AS SELECT json(a) FROM t", true), ("CREATE VIEW j AS SELECT a ->> '$.b' FROM t", true),
    ("CREATE VIEW j AS SELECT e.value FROM t, json_each(t.a) AS e", true),
    ("CREATE TRIGGER j AFTER INSERT ON t BEGIN UPDATE t SET a = json_set(a, '$.b', 1); END", true),
  ])
  func onlySchemasWithJSONFunctionsAreTrusted(_ sql: String, _ hasFunction: Bool) throws {
    let fixture = try SQLiteFixture()
    let watch = Watch(status: LaneStatus(), configuration: fixture.configuration, stopsAtShutdown: false)
    let early = try Connection(fixture.configuration, role: .writer, watch: watch, mayCreate: true)
    try early.execute("CREATE TABLE t (a TEXT)")
    let maker = try Connection(fixture.configuration, role: .writer, watch: watch, mayCreate: false)
    try maker.trustSchema(true)
    try maker.execute(sql)
    let late = try Connection(fixture.configuration, role: .reader, watch: watch, mayCreate: false)
    #expect(late.trustsSchema == (hasFunction && Connection.refusesJSON))
    // One that is open already finds out when it needs it: the statement fails once.
    let insert = Statement("INSERT INTO t VALUES ('{}')", parameterTypes: [])
    do throws(DatabaseError) {
      try early.run(insert)
    } catch {
      #expect(early.mendsTrust(after: error))
      try early.run(insert)
    }
    if !sql.contains("TRIGGER") { try early.run(Statement("SELECT * FROM j", parameterTypes: [])) }
  }

  @Test func connectionsAreSetAsDocumented() throws {
    let fixture = try SQLiteFixture()
    let configuration = fixture.configuration
    let watch = Watch(status: LaneStatus(), configuration: configuration, stopsAtShutdown: false)
    let rows = RowBuffer()
    func value(_ connection: Connection, _ pragma: String) throws -> Int64 {
      let statement = try PreparedStatement("PRAGMA \(pragma)", on: connection.handle)
      #expect(try statement.step())
      let cells = try rows.read(statement)
      return cells[0].kind == .text ? Int64(cells[0].bytes.count) : Int64(bitPattern: cells[0].word)
    }
    let writer = try Connection(configuration, role: .writer, watch: watch, mayCreate: true)
    #expect(try value(writer, "journal_mode") == 3)  // the length of "wal"
    #expect(try value(writer, "synchronous") == 2)
    #expect(try value(writer, "foreign_keys") == 1)
    #expect(try value(writer, "trusted_schema") == 0)
    #expect(try value(writer, "wal_autocheckpoint") == 0)
    for role in [Connection.Role.reader, .stream] {
      let reader = try Connection(configuration, role: role, watch: watch, mayCreate: false)
      #expect(try value(reader, "query_only") == 1)
      #expect(try value(reader, "trusted_schema") == 0)
      #expect(throws: DatabaseError.self) { try reader.execute("CREATE TABLE t (a)") }
    }
  }
}
