import PillionDatabase
import Testing

@testable import PillionPostgreSQL

@Suite struct PostgreSQLUnitTests {
  @Test func ringKeepsOrderAtBothEnds() {
    var ring = Ring<Int>()
    var model: [Int] = []
    for number in 0..<1000 {
      switch number % 7 {
      case 0, 1, 2:
        ring.append(number)
        model.append(number)
      case 3, 4:
        ring.prepend(number)
        model.insert(number, at: 0)
      default:
        #expect(ring.removeFirst() == (model.isEmpty ? nil : model.removeFirst()))
      }
      #expect(ring.count == model.count && ring.first == model.first)
    }
    #expect((0..<ring.count).map { ring[$0] } == model)
    while !model.isEmpty { #expect(ring.removeFirst() == model.removeFirst()) }
    #expect(ring.removeFirst() == nil && ring.isEmpty)
  }

  /// Who finds no connection for long is refused at once, until the server lets somebody in again.
  @Test func patienceBeginsAnewWithTheServer() throws {
    let configuration = PostgreSQLConfiguration(connectionString: "")
    var core = PointLaneCore(configuration, try Poller(), Availability(), StatementCounts())
    let mailbox = TestMailbox()
    func read() -> Operation {
      Operation(
        steps: [Step(TestStatement.select, parameters: [], effect: .requireRow)], parameters: Parameters(),
        isWrite: false, mailbox: mailbox)
    }
    let patience = configuration.acquireTimeout.nanoseconds
    core.startWithout(at: 0)
    core.acceptFailure(DatabaseError(.pillion(.unavailable), "refused"))
    let refused = read()
    core.accept(refused, at: patience + 1)
    #expect(refused.outcome.error?.code == .pillion(.unavailable) && core.queue.isEmpty)

    core.serverAnswers(at: patience + 2)
    let patient = read()
    core.accept(patient, at: patience + 3)
    core.expire(at: patience + 4)
    #expect(patient.outcome.error == nil && core.queue.count == 1)
    core.expire(at: 2 * patience + 4)
    #expect(patient.outcome.error?.code == .pillion(.unavailable) && core.queue.isEmpty)
  }

  @Test func backoffDoublesToItsCap() {
    var backoff = Backoff()
    let down = DatabaseError(.pillion(.unavailable), "refused")
    var spans = (0..<40).map { _ in backoff.fail(down) }
    #expect(spans[0] <= 60_000_000 && spans[0] >= 40_000_000)
    #expect(spans.allSatisfy { $0 <= 600_000_000 })
    backoff.succeed()
    #expect(backoff.fail(down) <= 60_000_000)
    let refused = DatabaseError(.sqlState("28P01"), "password")
    spans = (0..<40).map { _ in backoff.fail(refused) }
    #expect(spans[39] >= 25_000_000_000 && spans[39] <= 38_400_000_000)
  }

  @Test(arguments: [
    (
      "connection to server at \"h\", port 1 failed: FATAL:  28P01: password authentication failed for user \"u\"\nLOCATION:  auth_failed, auth.c:326\n",
      DatabaseError.Code.sqlState("28P01"), "password authentication failed for user \"u\""
    ),
    (
      "connection to server at \"h\" failed: Connection refused\n\tIs the server running?\nconnection to server at \"i\" failed: SCHWERWIEGEND:  53300: too many clients: 100\n",
      .sqlState("53300"), "too many clients: 100"
    ),
    (
      "connection to server at \"::1\", port 1 failed: Connection refused\n\tIs the server running on that host?\n",
      .pillion(.unavailable),
      "connection to server at \"::1\", port 1 failed: Connection refused; Is the server running on that host?"
    ),
    ("", .pillion(.unavailable), ""),
  ])
  func refusalsCarryTheirCode(_ text: String, _ code: DatabaseError.Code, _ message: String) {
    let error = Opening.refusal(text)
    #expect(error.code == code)
    #expect(error.message == message)
  }

  @Test func statementCacheEvictsTheOldest() {
    var cache = StatementCache(limit: 3)
    for id in 1...3 { #expect(cache.prepare(id).deallocates == []) }
    #expect(cache.ready(1) != nil)
    let fourth = cache.prepare(4)
    #expect(fourth.deallocates == ["p2"] && fourth.prepares)
    #expect(cache.ready(2) == nil && cache.ready(1) != nil && cache.ready(4) != nil)
    cache.markStale(1)
    #expect(cache.ready(1) == nil)
    #expect(cache.prepare(1).deallocates == ["p1"])
    cache.forget(1)
    #expect(cache.ready(1) == nil)
    #expect(cache.prepare(1).deallocates == [])
  }

  @Test func binderRefusesWhatLibpqWouldGetWrong() {
    var binder = ParameterBinder()
    func refusal(_ parameters: Parameters, _ indices: [Int]?) -> DatabaseError.Code? {
      do throws(DatabaseError) {
        _ = try binder.bind(parameters, at: indices) { $0.count }
        return nil
      } catch {
        return error.code
      }
    }
    var parameters = Parameters()
    parameters.append(text: "a\0b")
    parameters.append(integer: 1)
    parameters.appendNull()
    parameters.append(text: "")
    #expect(refusal(parameters, [0]) == .sqlState("22021"))
    #expect(refusal(parameters, [1]) == .pillion(.internal))
    #expect(refusal(parameters, [2, 3, 3, 2]) == nil)
    #expect(refusal(parameters, [4]) == .pillion(.internal))
    #expect(refusal(parameters, [-1]) == .pillion(.internal))
    #expect(refusal(parameters, Array(repeating: 2, count: 65_536)) == .sqlState("54023"))
    #expect(refusal(parameters, Array(repeating: 2, count: 65_535)) == nil)
  }

  @Test func emptyValuesAreNotNull() throws {
    var binder = ParameterBinder()
    var parameters = Parameters()
    parameters.append(binary: UnsafeRawBufferPointer(start: nil, count: 0))
    parameters.append(text: "")
    parameters.appendNull()
    let isNull = try binder.bind(parameters, at: nil) { bound in
      (0..<Int(bound.count)).map { bound.values[$0] == nil }
    }
    #expect(isNull == [false, false, true])
  }
}

@Suite struct PostgreSQLOpeningTests {
  private func refusal(_ connectionString: String) -> DatabaseError? {
    do throws(DatabaseError) {
      var configuration = PostgreSQLConfiguration(connectionString: connectionString)
      configuration.connectTimeout = .seconds(2)
      try PostgreSQLDriver(configuration: configuration).shutdown()
      return nil
    } catch {
      return error
    }
  }

  @Test func unreachableServer() {
    #expect(refusal("host=127.0.0.1 port=1 user=u")?.code == .pillion(.unavailable))
    #expect(refusal("host=/nonexistent user=u")?.code == .pillion(.unavailable))
  }

  @Test(arguments: ["host", "postgresql://u:se%cret@h/d", "nonsense='se", "postgresql://[::1/"])
  func unreadableConnectionString(_ text: String) throws {
    let error = try #require(refusal(text))
    #expect(error.code == .pillion(.unavailable))
    #expect(!error.debugDescription.contains("se%cret") && !error.debugDescription.contains("'se"))
  }

  @Test func refusedLoginAndMissingDatabase() throws {
    let server = try PostgreSQLCluster.sharedConnectionString()
    try #require(!server.contains("://"), "needs a keyword string")
    #expect(refusal("\(server) dbname=no_such_database")?.code == .sqlState("3D000"))
    let role = refusal("\(server) user=no_such_role password=wrong")
    guard case .sqlState(let state) = role?.code else {
      Issue.record("\(String(describing: role))")
      return
    }
    #expect(state.hasPrefix("28"))
  }

  /// The second host is tried when the first refuses.
  @Test func severalHosts() throws {
    let cluster = try PostgreSQLCluster()
    #expect(refusal("host=127.0.0.1,127.0.0.1 port=1,\(cluster.port) user=postgres dbname=postgres") == nil)
  }

  @Test func sessionsAreSetUp() throws {
    let test = try PostgreSQLTest { $0.statementTimeout = .milliseconds(1500) }
    for (setting, value) in [
      ("TimeZone", "UTC"), ("client_encoding", "UTF8"), ("statement_timeout", "1500ms"),
      ("application_name", "pillion"),
      ("DateStyle", "ISO, MDY"),
    ] {
      let show = Statement("SELECT 1::bigint, current_setting('\(setting)')", parameterTypes: [])
      #expect(try test.outcome(test.read(show)).row?.title == value)
    }
  }

  @Test func adminConnectionRunsAllOrNothing() throws {
    let fixture = try PostgreSQLFixture()
    let admin = try fixture.makeAdmin()
    try admin.execute(["CREATE TABLE a (id int)", "INSERT INTO a VALUES (1), (NULL)"])
    #expect(try admin.query("SELECT id, 'x' FROM a ORDER BY id") == [["1", "x"], [nil, "x"]])
    #expect(throws: DatabaseError.self) { try admin.execute(["INSERT INTO a VALUES (2)", "INSERT INTO b VALUES (2)"]) }
    #expect(try admin.query("SELECT count(*) FROM a") == [["2"]])
    do throws(DatabaseError) {
      _ = try admin.query("SELECT nonsense")
      Issue.record("nonsense was found")
    } catch {
      #expect(error.code == .sqlState("42703"))
    }
    #expect(admin.dialect == .postgresql)
  }
}
