import Foundation
import Glibc
import PillionDatabase
import PillionPostgreSQL
import Synchronization
import Testing

/// Servers that go away and come back. Each test has a server of its own to mistreat.
@Suite(.serialized) struct PostgreSQLRecoveryTests {
  /// Calls from several threads, each written down with its answer.
  private final class Load: Sendable {
    struct Tally {
      var reads = 0
      var acknowledged: Set<Int64> = []
      var uncertain: Set<Int64> = []
      var refused: Set<Int64> = []
      var errors: [String: Int] = [:]
      var wrong: [String] = []
    }
    let tally = Locked(Tally())
    private let isOver = Atomic<Bool>(false)
    private let threads = Locked<[Thread]>([])
    private let running = Atomic<Int>(0)

    /// A write has the key `thread * 1_000_000 + number`, used once.
    init(_ test: PostgreSQLTest, threads count: Int, depth: Int) {
      for thread in 0..<count {
        running.add(1, ordering: .relaxed)
        let body = Thread { [self] in
          let mailbox = TestMailbox()
          var number: Int64 = 0
          while !isOver.load(ordering: .relaxed) {
            var reads: [(Int64, PillionDatabase.Operation)] = []
            var writes: [(Int64, PillionDatabase.Operation)] = []
            for slot in 0..<depth {
              number += 1
              let key = Int64(thread) * 1_000_000 + number
              let isWrite = slot % 3 == 0
              let statement = isWrite ? TestStatement.insert : TestStatement.echo
              let operation = PillionDatabase.Operation(
                steps: [Step(statement, parameters: [0, 1], effect: .respond(PostgreSQLTest.encoder))],
                parameters: Dialect.postgresql.parameters([.int(key), .text("row \(key)")]), isWrite: isWrite,
                mailbox: mailbox, deadline: monotonicNow() + 10_000_000_000)
              if isWrite { writes.append((key, operation)) } else { reads.append((key, operation)) }
              test.driver.submit(operation)
            }
            let count = (try? mailbox.take(depth, within: 60).count) ?? -1
            record(reads, writes, count == depth)
          }
          running.subtract(1, ordering: .relaxed)
        }
        threads.withLock { $0.append(body) }
        body.start()
      }
    }

    private func record(
      _ reads: [(Int64, PillionDatabase.Operation)], _ writes: [(Int64, PillionDatabase.Operation)], _ isComplete: Bool
    ) {
      tally.withLock { tally in
        if !isComplete { tally.wrong.append("not every call came back once") }
        for (key, read) in reads {
          tally.reads += 1
          if let row = read.outcome.row {
            if row != TestRow(id: key, title: "row \(key)") { tally.wrong.append("\(key) read \(row)") }
          } else {
            tally.errors["read: \(read.outcome.error.map { "\($0.code)" } ?? "\(read.outcome)")", default: 0] += 1
          }
        }
        for (key, write) in writes {
          if let row = write.outcome.row {
            if row.id != key { tally.wrong.append("\(key) wrote \(row)") }
            tally.acknowledged.insert(key)
          } else if write.outcome.error?.code == .pillion(.outcomeUnknown) {
            tally.uncertain.insert(key)
          } else {
            tally.refused.insert(key)
            tally.errors["write: \(write.outcome.error.map { "\($0.code)" } ?? "nothing")", default: 0] += 1
          }
        }
      }
    }

    func stop() {
      isOver.store(true, ordering: .relaxed)
      while running.load(ordering: .relaxed) > 0 { usleep(1000) }
    }
  }

  /// Every acknowledged write is there, no refused one is, and the errors are of the kinds that say "try again".
  private func check(_ load: Load, _ test: PostgreSQLTest) throws {
    let tally = load.tally.withLock { $0 }
    #expect(tally.wrong == [])
    let stored = Set(
      try test.fixture.makeAdmin().query("SELECT id FROM item").compactMap { $0[0].flatMap { Int64($0) } })
    #expect(tally.acknowledged.subtracting(stored).isEmpty)
    #expect(stored.intersection(tally.refused).isEmpty)
    #expect(stored.subtracting(tally.acknowledged).subtracting(tally.uncertain).isEmpty)
    #expect(tally.acknowledged.count > 100 && tally.reads > 100)
    for error in tally.errors.keys {
      #expect(error.contains("unavailable") || error.contains("57P0"), "\(tally.errors)")
    }
  }

  private func untilServed(_ test: PostgreSQLTest) throws -> Double {
    try test.eventually(within: 60, "calls are served") {
      try test.outcome(test.write(Statement("SELECT 1::bigint, 'up'", parameterTypes: []))).row != nil
    }
  }

  @Test(.timeLimit(.minutes(3))) func terminatedBackends() throws {
    let cluster = try PostgreSQLCluster()
    let test = try PostgreSQLTest(on: cluster, [TestStatement.table])
    let load = Load(test, threads: 4, depth: 30)
    for _ in 0..<30 {
      usleep(60_000)
      _ = try test.value(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'pillion' AND pid <> pg_backend_pid()"
      )
    }
    // That calls are served again is what counts; how soon depends on what else the machine does.
    _ = try untilServed(test)
    load.stop()
    try check(load, test)
    // The connections are all back.
    try test.eventually("all connections") {
      try test.value(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pillion' AND pid <> pg_backend_pid()"
      )
      .flatMap { Int($0) } ?? 0 >= 4
    }
    #expect(test.driver.isAvailable)
  }

  @Test(.timeLimit(.minutes(3)), arguments: ["fast", "immediate"])
  func restartedServer(_ mode: String) throws {
    let cluster = try PostgreSQLCluster()
    let test = try PostgreSQLTest(on: cluster, [TestStatement.table])
    for _ in 0..<3 {
      let load = Load(test, threads: 4, depth: 30)
      usleep(200_000)
      try cluster.control(["-m", mode, "stop"])
      try test.eventually("the driver knows") { !test.driver.isAvailable }
      usleep(300_000)
      try cluster.start()
      let waited = try untilServed(test)
      #expect(waited < 2)
      usleep(200_000)
      load.stop()
      try check(load, test)
      try test.admin("TRUNCATE item")
      #expect(test.driver.isAvailable)
    }
  }

  /// A crash: the postmaster throws everybody out and starts again.
  @Test(.timeLimit(.minutes(3))) func killedBackend() throws {
    let cluster = try PostgreSQLCluster()
    let test = try PostgreSQLTest(on: cluster, [TestStatement.table])
    let load = Load(test, threads: 4, depth: 30)
    for _ in 0..<3 {
      usleep(300_000)
      let pid = try test.value(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'pillion' AND pid <> pg_backend_pid() LIMIT 1")
      try #require(kill(try #require(pid.flatMap { Int32($0) }), SIGKILL) == 0)
      usleep(100_000)
      #expect(try untilServed(test) < 5)
    }
    load.stop()
    try check(load, test)
  }

  /// While the server is away calls wait for the acquire timeout, once; then they fail at once, and nothing hangs. When
  /// it is back all calls are served.
  @Test func failsFastWhileDown() throws {
    let cluster = try PostgreSQLCluster()
    let test = try PostgreSQLTest(on: cluster) { $0.acquireTimeout = .milliseconds(300) }
    try cluster.control(["-m", "immediate", "stop"])
    try test.eventually("the driver knows") { !test.driver.isAvailable }
    let first = monotonicNow()
    let waiting = test.read(TestStatement.echo, [1, "x"])
    #expect(try test.outcome(waiting).error?.code == .pillion(.unavailable))
    #expect(monotonicNow() - first < 2_000_000_000)
    usleep(300_000)
    let start = monotonicNow()
    try test.run((0..<100).map { test.read(TestStatement.echo, [.int($0), "x"]) })
    #expect(monotonicNow() - start < 200_000_000)
    let stream = test.stream("SELECT 1::bigint, 'x'")
    try stream.run(within: 60)
    #expect(stream.error?.code == .pillion(.unavailable))
    try cluster.start()
    // Whichever lane has a connection first: once one answers, the other refuses nothing either.
    let seconds = try test.eventually("Lists are served") {
      let again = test.stream("SELECT 1::bigint, 'x'")
      try again.run()
      return again.rows == [TestRow(id: 1, title: "x")]
    }
    #expect(seconds < 2)
    #expect(try test.outcome(test.read(TestStatement.echo, [1, "x"])).row?.title == "x")
  }

  /// A server that has stopped answering without closing anything.
  @Test(.timeLimit(.minutes(1))) func frozenServer() throws {
    let cluster = try PostgreSQLCluster()
    let test = try PostgreSQLTest(on: cluster)
    // Four for unary calls, one for Lists; and none of another kind that is about to end.
    let admin = try test.fixture.makeAdmin()
    var pids: [Int32] = []
    try test.eventually("all connections") {
      pids = try admin.query(
        "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT set_config%' AND state = 'idle'"
      ).compactMap { $0[0].flatMap { Int32($0) } }
      return pids.count == 5
    }
    let postmaster = try String(contentsOfFile: "\(cluster.folder)/data/postmaster.pid", encoding: .utf8)
    let all = pids + [try #require(postmaster.split(separator: "\n").first.flatMap { Int32($0) })]
    for pid in all { kill(pid, SIGSTOP) }
    defer { for pid in all { kill(pid, SIGCONT) } }
    let start = monotonicNow()
    let operations = (0..<100).map {
      test.read(TestStatement.echo, [.int($0), "x"], deadline: start + 200_000_000 + 1_000_000 * UInt64($0))
    }
    try test.run(operations)
    #expect(monotonicNow() - start < 500_000_000)
    for operation in operations { #expect(operation.outcome.error?.code == .pillion(.timeout), "\(operation.outcome)") }
    try test.eventually(within: 60, "the driver knows") { !test.driver.isAvailable }
    for pid in all { kill(pid, SIGCONT) }
    #expect(try untilServed(test) < 2)
    #expect(test.driver.isAvailable)
  }

  @Test func streamsOfALostServer() throws {
    let cluster = try PostgreSQLCluster()
    let test = try PostgreSQLTest(on: cluster)
    let reader = test.stream("SELECT n, repeat('x', 1000) FROM generate_series(1, 1000000::bigint) AS n")
    try test.eventually("first rows") { try reader.takeOnce() }
    try cluster.control(["-m", "immediate", "stop"])
    try reader.run()
    #expect(reader.error != nil && !reader.isComplete)
    for (index, row) in reader.rows.enumerated() where row.id != Int64(index + 1) {
      Issue.record("row \(index) is \(row.id)")
    }
    try cluster.start()
    let again = test.stream("SELECT n, 'x' FROM generate_series(1, 5000::bigint) AS n")
    try again.run()
    #expect(again.isComplete && again.rows.count == 5000)
  }

  /// A List whose connection breaks has all its rows, or an error: it never looks complete without being so.
  @Test(.timeLimit(.minutes(2))) func terminatedStreams() throws {
    let cluster = try PostgreSQLCluster()
    let test = try PostgreSQLTest(on: cluster)
    let rows = 20_000
    for round in 0..<60 {
      let reader = test.stream("SELECT generate_series(1, \(rows)::bigint), repeat('x', 50)")
      if round % 3 > 0 { try test.eventually("first rows") { try reader.takeOnce() } }
      if round % 5 > 0 { usleep(UInt32(round) * 50) }
      _ = try test.value(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'pillion' AND pid <> pg_backend_pid()"
      )
      try reader.run()
      #expect(reader.isComplete ? reader.rows.count == rows : reader.error != nil)
      for (index, row) in reader.rows.enumerated() where row.id != Int64(index + 1) {
        throw TestFailure("row \(index) is \(row.id)")
      }
    }
  }
}
