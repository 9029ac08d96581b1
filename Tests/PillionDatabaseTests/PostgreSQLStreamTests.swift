import Glibc
import PillionDatabase
import PillionPostgreSQL
import Testing

@Suite struct PostgreSQLStreamTests {
  /// Takes all chunks without keeping them.
  private func drain(_ reader: StreamReader, pause: UInt32) throws -> (rows: Int, mostBytes: Int) {
    var (rows, mostBytes) = (0, 0)
    let limit = monotonicNow() + 120_000_000_000
    while true {
      let delivery = reader.stream.take()
      for chunk in delivery.chunks { rows += chunk.rows }
      mostBytes = max(mostBytes, delivery.chunks.reduce(0) { $0 + $1.bytes.count })
      if pause > 0, !delivery.chunks.isEmpty { usleep(pause) }
      if delivery.needsResume { reader.driver.resume(reader.stream) }
      switch delivery.end {
      case .complete: return (rows, mostBytes)
      case .failed(let error): throw error
      case nil: if delivery.chunks.isEmpty { usleep(100) }
      }
      guard monotonicNow() < limit else { throw TestFailure("the stream did not end") }
    }
  }

  @Test(arguments: [0, 500]) func millionRows(_ pause: UInt32) throws {
    let test = try PostgreSQLTest()
    let reader = test.stream("SELECT n, 'row number ' || n FROM generate_series(1, 1000000::bigint) AS n")
    let (rows, mostBytes) = try drain(reader, pause: pause)
    #expect(rows == 1_000_000)
    #expect(mostBytes <= RowStream.window * (RowStream.chunkBytes + 64))
  }

  @Test func largeRows() throws {
    let test = try PostgreSQLTest()
    let reader = test.stream("SELECT n, repeat('x', 100000) FROM generate_series(1, 3000::bigint) AS n")
    let (rows, mostBytes) = try drain(reader, pause: 500)
    #expect(rows == 3000)
    #expect(mostBytes <= RowStream.window * 100_100)
  }

  /// A client that takes nothing: the driver stops reading, until it is the server that waits.
  @Test func stalledClientHoldsTheServer() throws {
    let test = try PostgreSQLTest()
    let mark = "mark_\(test.fixture.schema)"
    let reader = test.stream("SELECT generate_series(1, 10000000::bigint) AS \(mark), repeat('x', 1000)")
    try test.eventually("the server waits") {
      try test.value(
        "SELECT wait_event FROM pg_stat_activity WHERE query LIKE '%\(mark)%' AND pid <> pg_backend_pid()")
        == "ClientWrite"
    }
    try test.eventually("a full window") {
      try reader.takeOnce()
      return reader.chunks > 0
    }
    #expect(reader.mostBytes <= RowStream.window * (RowStream.chunkBytes + 1100))
    test.driver.cancel(reader.stream)
    try reader.run()
    #expect(reader.error?.code == .pillion(.cancelled))
  }

  /// Rows that come slowly are passed on before they fill a chunk.
  @Test func slowRowsArePassedOn() throws {
    let test = try PostgreSQLTest()
    // The server sends what it has after every 8 kB.
    let reader = test.stream(
      "SELECT n, repeat('x', 9000) || pg_sleep(CASE WHEN n = 3 THEN 3 ELSE 0 END)::text FROM generate_series(1, 3::bigint) AS n"
    )
    let start = monotonicNow()
    try test.eventually("the first rows") {
      try reader.takeOnce()
      return !reader.rows.isEmpty
    }
    #expect(monotonicNow() - start < 2_000_000_000)
    try reader.run()
    #expect(reader.rows.map(\.id) == [1, 2, 3])
  }

  @Test func errorInTheMiddleKeepsTheRowsBefore() throws {
    let test = try PostgreSQLTest { $0.streamConnections = 1 }
    for _ in 0..<3 {
      let reader = test.stream("SELECT 1000 / (5000 - n), 'x' FROM generate_series(1, 10000::bigint) AS n")
      try reader.run()
      #expect(reader.error?.code == .sqlState("22012"))
      #expect(reader.rows.count == 4999)
    }
  }

  @Test func listsMustNotWrite() throws {
    let test = try PostgreSQLTest([TestStatement.table])
    let reader = test.stream("INSERT INTO item VALUES (1, 'x') RETURNING id, title")
    try reader.run()
    #expect(reader.error?.code == .sqlState("25006"))
  }

  @Test func waitsNoLongerThanAllowed() throws {
    let test = try PostgreSQLTest {
      $0.streamConnections = 1
      $0.streamAcquireTimeout = .milliseconds(200)
    }
    let first = test.stream("SELECT n, repeat('x', 1000) FROM generate_series(1, 1000000::bigint) AS n")
    try test.eventually("first rows") { try first.takeOnce() }
    let second = test.stream("SELECT 1::bigint, 'x'")
    try second.run(within: 60)
    #expect(second.error?.code == .pillion(.exhausted))
    test.driver.cancel(first.stream)
    try first.run()
  }

  /// Two threads with a connection each, on which a List runs whose client takes no more.
  private static func twoThreadsWithSlowClients() throws -> (PostgreSQLTest, [StreamReader]) {
    let test = try PostgreSQLTest {
      $0.streamConnections = 2
      $0.streamThreads = 2
    }
    let slow = (0..<2).map { _ in
      test.stream("SELECT n, repeat('x', 1000) FROM generate_series(1, 1000000::bigint) AS n")
    }
    for reader in slow { try test.eventually("first rows") { try reader.takeOnce() } }
    return (test, slow)
  }

  /// A List that waits runs on whichever thread has a connection for it first.
  @Test func oneSlowClientHoldsUpNoOther() throws {
    let (test, slow) = try Self.twoThreadsWithSlowClients()
    var lane = try #require(test.driver.statistics.lanes.first { $0.name == "stream" })
    let waits = lane.waits
    let waiting = (0..<20).map { _ in test.stream("SELECT n, 'x' FROM generate_series(1, 1000::bigint) AS n") }
    lane = try #require(test.driver.statistics.lanes.first { $0.name == "stream" })
    #expect(lane.waiting == 20 && lane.busy == 2 && lane.limit == 2 && lane.connections == 2)
    test.driver.cancel(slow[1].stream)
    for reader in waiting {
      try reader.run()
      #expect(reader.isComplete && reader.rows.count == 1000)
    }
    lane = try #require(test.driver.statistics.lanes.first { $0.name == "stream" })
    #expect(lane.waiting == 0 && lane.waits == waits + 20)
    test.driver.cancel(slow[0].stream)
    for reader in slow {
      try reader.run()
      #expect(reader.error?.code == .pillion(.cancelled))
    }
  }

  /// Also the deadline of a List that another thread than the one it came to has a connection for.
  @Test func deadlinesGoAlong() throws {
    let (test, slow) = try Self.twoThreadsWithSlowClients()
    // They wait for a thread each, and the second's connection is free first.
    let waiting = (0..<2).map { _ in
      test.stream("SELECT 1::bigint, pg_sleep(60)::text", deadline: monotonicNow() + 3_000_000_000)
    }
    test.driver.cancel(slow[1].stream)
    for reader in waiting {
      try reader.run(within: 30)
      #expect(reader.error?.code == .pillion(.timeout))
    }
    test.driver.cancel(slow[0].stream)
  }

  /// All connections are used, however they are shared between the threads.
  @Test(arguments: [(1, 4), (3, 2), (5, 4), (8, 3)]) func connectionsAreShared(_ connections: Int, _ threads: Int)
    throws
  {
    let test = try PostgreSQLTest {
      $0.streamConnections = connections
      $0.streamThreads = threads
    }
    let readers = (0..<connections).map { _ in
      test.stream("SELECT n, repeat('x', 1000) FROM generate_series(1, 20000::bigint) AS n")
    }
    for reader in readers { try test.eventually("first rows") { try reader.takeOnce() || !reader.rows.isEmpty } }
    let lane = try #require(test.driver.statistics.lanes.first { $0.name == "stream" })
    #expect(lane.limit == connections && lane.busy == connections && lane.waiting == 0)
    for reader in readers {
      try reader.run(within: 60)
      #expect(reader.isComplete && reader.rows.count == 20_000)
    }
  }

  /// A client that takes nothing gives the connection back in the end.
  @Test func stalledClientIsLetGo() throws {
    let test = try PostgreSQLTest {
      $0.streamConnections = 1
      $0.stallTimeout = .milliseconds(200)
    }
    let stalled = test.stream("SELECT n, repeat('x', 1000) FROM generate_series(1, 1000000::bigint) AS n")
    usleep(400_000)
    let second = test.stream("SELECT 1::bigint, 'x'")
    try second.run(within: 60)
    #expect(second.rows.count == 1)
    try stalled.run()
    #expect(stalled.error?.code == .pillion(.timeout))
  }

  @Test func idleConnectionsAreClosed() throws {
    let test = try PostgreSQLTest {
      $0.streamConnections = 6
      $0.idleTimeout = .milliseconds(300)
      $0.pointConnections = 1
      $0.connectionString += " application_name=idle_test"
    }
    let readers = (0..<6).map { _ in
      test.stream("SELECT n, repeat('x', 1000) FROM generate_series(1, 1000::bigint) AS n")
    }
    let count = {
      Int(
        try test.value(
          "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'idle_test' AND pid <> pg_backend_pid()")
          ?? "") ?? -1
    }
    for reader in readers { try test.eventually("first rows") { try reader.takeOnce() || !reader.rows.isEmpty } }
    #expect(try count() == 7)
    for reader in readers { try reader.run() }
    try test.eventually("one stays") { try count() == 2 }
  }
}
