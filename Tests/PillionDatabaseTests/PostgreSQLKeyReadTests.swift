import Glibc
import PillionDatabase
import PillionPostgreSQL
import Testing

/// Reads by key keep to few connections as long as they are done in a moment.
@Suite struct PostgreSQLKeyReadTests {
  /// Answers with the key and with the process that found it.
  private static func step(pause: Double) -> Step {
    let columns = "SELECT id, pg_backend_pid()::text"
    let table = "FROM item, pg_sleep(\(pause)) WHERE id"
    let gathering = ReadGathering(
      Statement("\(columns), id \(table) = ANY ($1)", parameterTypes: [1016]), key: .integer)
    return Step(
      Statement("\(columns) \(table) = $1", parameterTypes: [20]), parameters: [0],
      effect: .respond(PostgreSQLTest.encoder), gathering: .reads(gathering))
  }

  private func makeTest(eventLoops: Int) throws -> PostgreSQLTest {
    let test = try PostgreSQLTest([TestStatement.table, "INSERT INTO item SELECT g, '' FROM generate_series(0, 99) g"])
    {
      $0.pointConnections = 6
      $0.eventLoops = eventLoops
    }
    try test.eventually("all connections") {
      test.driver.statistics.lanes.first { $0.name == "point" }?.connections == 6
    }
    return test
  }

  private func reads(_ count: Int, of step: Step, _ test: PostgreSQLTest) -> [Operation] {
    (0..<count).map { number in
      Operation(
        steps: [step], parameters: Dialect.postgresql.parameters([.int(Int64(number % 110))]), isWrite: false,
        mailbox: test.mailbox)
    }
  }

  @Test(arguments: [(1, 1), (2, 1), (4, 2), (64, 5)]) func keepToFewConnections(eventLoops: Int, expected: Int) throws {
    let test = try makeTest(eventLoops: eventLoops)
    let reads = reads(300, of: Self.step(pause: 0), test)
    test.submit(reads)
    _ = try test.mailbox.take(300)
    for (number, read) in reads.enumerated() {
      if number % 110 < 100 {
        #expect(read.outcome.row?.id == Int64(number % 110))
      } else {
        #expect(read.outcome.isNotFound)
      }
    }
    // In shares of 64 keys.
    #expect(Set(reads.compactMap(\.outcome.row?.title)).count == expected)
  }

  @Test func spreadWhereTheyTakeLong() throws {
    let test = try makeTest(eventLoops: 2)
    let reads = reads(4, of: Self.step(pause: 0.2), test)
    for read in reads {
      test.driver.submit(read)
      usleep(20_000)
    }
    _ = try test.mailbox.take(4)
    #expect(Set(reads.compactMap(\.outcome.row?.title)).count == 4)
  }
}
