import PillionDatabase
import Testing

@testable import PillionSQLite

/// SQL of a program's own on a session.
@Suite struct SQLiteSessionTests {
  private func rows(_ sql: String, _ values: [SessionValue]) throws -> [[SessionValue]] {
    let test = try DriverTest(try SQLiteFixture(), streams: 1)
    defer { test.shutdown() }
    return try test.driver.makeSession().rows(sql, values, for: Job(mailbox: test.mailbox))
  }

  /// SQLite numbers `$2` by where it stands; to a program it is the second value, as on PostgreSQL.
  @Test(arguments: ["SELECT $2, $1, $2", "SELECT ?2, ?1, ?2"])
  func placeholdersGoByTheirNumbers(sql: String) throws {
    #expect(try rows(sql, [.integer(7), .text("b")]) == [[.text("b"), .integer(7), .text("b")]])
  }

  @Test func placeholdersWithoutNumbersGoByTheirPlaces() throws {
    #expect(try rows("SELECT ?, ?", [.integer(7), .text("b")]) == [[.integer(7), .text("b")]])
  }

  @Test(arguments: [("SELECT $1", 0), ("SELECT $1", 2), ("SELECT 1", 1), ("SELECT $3", 2), ("SELECT $0", 1)])
  func valuesAreAsManyAsPlaceholders(sql: String, count: Int) {
    #expect(throws: DatabaseError.self) { try rows(sql, Array(repeating: .integer(1), count: count)) }
  }
}
