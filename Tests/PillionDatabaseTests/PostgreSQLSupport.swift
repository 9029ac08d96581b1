import Glibc
import PillionDatabase
import PillionPostgreSQL
import Testing

/// A driver over one schema, and what the tests of PostgreSQL share. Shuts the driver down with itself.
final class PostgreSQLTest: Sendable {
  let fixture: PostgreSQLFixture
  let driver: PostgreSQLDriver
  let mailbox = TestMailbox()

  init(
    on cluster: PostgreSQLCluster? = nil, _ statements: [String] = [],
    configure: (inout PostgreSQLConfiguration) -> Void = { _ in }
  ) throws {
    fixture = try PostgreSQLFixture(on: cluster, configure: configure)
    try fixture.makeAdmin().execute(statements)
    driver = try PostgreSQLDriver(configuration: fixture.configuration)
  }

  deinit { driver.shutdown() }

  static let encoder = TestRow.encoder(.postgresql)

  func admin(_ statements: String...) throws { try fixture.makeAdmin().execute(statements) }

  func value(_ sql: String) throws -> String? { try fixture.makeAdmin().query(sql).first?.first ?? nil }

  /// `sql` gives rows of a bigint and a text.
  func read(_ statement: Statement, _ values: [TestValue] = [], deadline: UInt64 = 0) -> Operation {
    operation(statement, values, isWrite: false, deadline: deadline)
  }

  func write(_ statement: Statement, _ values: [TestValue] = [], deadline: UInt64 = 0) -> Operation {
    operation(statement, values, isWrite: true, deadline: deadline)
  }

  private func operation(_ statement: Statement, _ values: [TestValue], isWrite: Bool, deadline: UInt64) -> Operation {
    let step = Step(statement, parameters: Array(values.indices), effect: .respond(Self.encoder))
    return Operation(
      steps: [step], parameters: Dialect.postgresql.parameters(values), isWrite: isWrite, mailbox: mailbox,
      deadline: deadline)
  }

  /// Hands all of them over at once, as an event loop does.
  func submit(_ operations: [Operation]) {
    var together = Ring<Operation>()
    for operation in operations { together.append(operation) }
    driver.submit(&together)
    #expect(together.isEmpty)
  }

  /// Submits all, one after the other, and waits for all.
  func run(_ operations: [Operation]) throws {
    for operation in operations { driver.submit(operation) }
    let jobs = try mailbox.take(operations.count)
    #expect(Set(jobs.map { ObjectIdentifier($0) }).count == operations.count && jobs.count == operations.count)
  }

  func outcome(_ operation: Operation) throws -> Operation.Outcome {
    try run([operation])
    return operation.outcome
  }

  func stream(_ sql: String, deadline: UInt64 = 0) -> StreamReader {
    let mailbox = TestMailbox()
    let stream = RowStream(
      statement: Statement(sql, parameterTypes: []), parameters: Parameters(), encoder: Self.encoder, mailbox: mailbox,
      deadline: deadline)
    driver.open(stream)
    return StreamReader(stream, on: driver, mailbox: mailbox)
  }

  /// Waits until something holds; returns after how many seconds it did.
  @discardableResult
  func eventually(within seconds: Double = 20, _ what: String, _ condition: () throws -> Bool) throws -> Double {
    let start = monotonicNow()
    while try !condition() {
      let waited = Double(monotonicNow() - start) / 1e9
      guard waited < seconds else { throw TestFailure("not within \(seconds) s: \(what)") }
      usleep(1000)
    }
    return Double(monotonicNow() - start) / 1e9
  }
}

/// One statement for all calls, as a plan has.
enum TestStatement {
  /// Gives its parameters back: the canary that shows a mixed-up answer.
  static let echo = Statement("SELECT $1::bigint, $2::text", parameterTypes: [20, 25])
  static let divide = Statement("SELECT 100 / $1::bigint, 'quotient'", parameterTypes: [20])
  static let sleep = Statement("SELECT $1::bigint, 'slept' FROM pg_sleep($1::bigint / 1000.0)", parameterTypes: [20])
  static let insert = Statement(
    "INSERT INTO item (id, title) VALUES ($1, $2) RETURNING id, title", parameterTypes: [20, 25])
  static let select = Statement("SELECT id, title FROM item WHERE id = $1", parameterTypes: [20])
  static let table = "CREATE TABLE item (id bigint PRIMARY KEY, title text NOT NULL)"
}
