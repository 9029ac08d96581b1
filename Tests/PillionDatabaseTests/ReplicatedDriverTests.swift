import PillionDatabase
import Testing

/// Copies are schemas of their own here, so that an answer says whose it is.
@Suite struct ReplicatedDriverTests {
  private static let whose = Statement("SELECT $1::bigint, current_schema()::text", parameterTypes: [20])

  @Test func readsTakeTurnsWhateverIsWrittenBetweenThem() throws {
    let primary = try PostgreSQLTest()
    let copies = try [PostgreSQLTest(), PostgreSQLTest()]
    let driver = ReplicatedDriver(primary: primary.driver, replicas: copies.map(\.driver))
    var reads: [Operation] = []
    for number in 0..<10 {
      let write = primary.write(Self.whose, [.int(Int64(number))])
      let read = primary.read(Self.whose, [.int(Int64(number))])
      for operation in [write, read] {
        driver.submit(operation)
        _ = try primary.mailbox.take(1)
      }
      #expect(write.outcome.row?.title == (try primary.outcome(primary.read(Self.whose, [0])).row?.title))
      reads.append(read)
    }
    let answered = reads.compactMap(\.outcome.row?.title)
    #expect(answered.count == 10 && Set(answered).count == 2)
    #expect(zip(answered, answered.dropFirst()).allSatisfy { $0 != $1 })
  }
}
