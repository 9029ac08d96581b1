import PillionDatabase
import PillionService
import PillionTransport
import Testing

/// The bytes of `google.rpc.Status`, and what of an error reaches a client.
@Suite struct StatusDetailsTests {
  /// A length-delimited field.
  private func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
    let count = content.count
    let length = count < 128 ? [UInt8(count)] : [UInt8(count & 0x7f) | 0x80, UInt8(count >> 7)]
    return [number << 3 | 2] + length + content
  }

  private func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

  private func any(_ name: String, _ content: [UInt8]) -> [UInt8] {
    field(3, field(1, "type.googleapis.com/google.rpc.\(name)") + field(2, content))
  }

  @Test func withoutDetails() {
    #expect(Status(.notFound, "gone", details: [] as [StatusDetail]).details == [8, 5] + field(2, "gone"))
    #expect(Status(.notFound, "", details: [] as [StatusDetail]).details == [8, 5])
  }

  @Test func errorInfo() {
    let status = Status(
      .alreadyExists, "x", details: [.errorInfo(reason: "UNIQUE_VIOLATION", metadata: [("a", "b"), ("c", "")])])
    let content =
      field(1, "UNIQUE_VIOLATION") + field(2, "pillion") + field(3, field(1, "a") + field(2, "b"))
      + field(3, field(1, "c"))
    #expect(status.details == [8, 6] + field(2, "x") + any("ErrorInfo", content))
    #expect(status.code == .alreadyExists && status.message == "x")
  }

  @Test func badRequest() {
    let violations = [
      FieldViolation(field: "title", description: "is required"), FieldViolation(field: "größe", description: "Δ < 0"),
    ]
    let content =
      field(1, field(1, "title") + field(2, "is required")) + field(1, field(1, "größe") + field(2, "Δ < 0"))
    #expect(
      Status(.invalidArgument, "m", details: [.badRequest(violations)]).details
        == [8, 3] + field(2, "m") + any("BadRequest", content))
    #expect(
      Status(.invalidArgument, "m", details: [.badRequest([] as [FieldViolation])]).details
        == [8, 3] + field(2, "m") + field(3, field(1, "type.googleapis.com/google.rpc.BadRequest") + [0x12, 0]))
  }

  @Test(
    arguments: [
      (0, []), (100, [0x10, 0x80, 0xc2, 0xd7, 0x2f]), (2000, [0x08, 2]),
      (1500, [0x08, 1, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01]), (1, [0x10, 0xc0, 0x84, 0x3d]),
    ] as [(Int, [UInt8])])
  func retryInfo(_ milliseconds: Int, _ duration: [UInt8]) {
    let details = Status(.unavailable, "", details: [.retry(milliseconds: milliseconds)]).details
    let name = field(1, "type.googleapis.com/google.rpc.RetryInfo")
    #expect(details == [8, 14] + field(3, name + field(2, field(1, duration))))
  }

  private final class Observer: ServiceObserver {
    func codeFailed(_ error: any Error, path: String, requestID: String) {}

    func databaseFailed(_ error: DatabaseError, rule: ErrorRule, path: String, requestID: String) {}
  }

  private func policy(detailed: Bool) -> ErrorPolicy { ErrorPolicy(isDetailed: detailed, observer: Observer()) }

  private func text(_ status: Status) -> String { String(decoding: status.details, as: UTF8.self) }

  /// The database's own words, its names and its values stay where they are.
  @Test func minimalSaysNothingOfTheDatabase() {
    let error = DatabaseError(
      .sqlState("23505"), "duplicate key value hush1", detail: "Key (email)=(hush2) exists", table: "hush3",
      column: "hush4", constraint: "hush5", sql: "INSERT hush6")
    let status = policy(detailed: false).status(for: error, path: "/blog.PostController/Create")
    #expect(status.code == .alreadyExists && !status.message.contains("hush") && !text(status).contains("hush"))
    #expect(text(status).contains("UNIQUE_VIOLATION") && text(status).contains("request_id"))
  }

  @Test func detailedSaysMore() {
    let error = DatabaseError(
      .sqlState("23505"), "duplicate key", detail: "Key (email)=(hush)", table: "user", constraint: "user_email_key",
      sql: "INSERT hush")
    let status = policy(detailed: true).status(for: error, path: "/x")
    #expect(status.message.contains("duplicate key") && text(status).contains("user_email_key"))
    #expect(!status.message.contains("hush") && !text(status).contains("hush"), "values and SQL stay in the log")
  }

  /// What nobody but the operator can understand is a request id and nothing else.
  @Test(arguments: [DatabaseError(.sqlState("42601"), "syntax"), DatabaseError(.sqlState("XX001"), "page 7")])
  func requestIDs(_ error: DatabaseError) throws {
    let first = policy(detailed: false).status(for: error, path: "/x")
    let second = policy(detailed: false).status(for: error, path: "/x")
    let pattern = /Internal error, request id (?<id>[0-9a-f]{16})\./
    let id = try #require(try pattern.wholeMatch(in: first.message)).id
    #expect(text(first).contains(id))
    #expect(first.message != second.message)
  }

  @Test func aTriggersWordsArePassedOn() {
    let status = policy(detailed: false).status(for: DatabaseError(.sqlState("P0001"), "too late"), path: "/x")
    #expect(status.code == .failedPrecondition && status.message == "too late")
  }

  @Test func violationsAreSummedUp() {
    let violations = (1...5).map { FieldViolation(field: "f\($0)", description: "is wrong") }
    let policy = policy(detailed: false)
    #expect(policy.status(for: Array(violations.prefix(1))).message == "Invalid request: f1 is wrong.")
    let status = policy.status(for: violations)
    #expect(status.message == "Invalid request: f1 is wrong; f2 is wrong; f3 is wrong; and 2 more.")
    #expect(text(status).contains("f5"), "all are in the details")
    #expect(status.code == .invalidArgument)
  }
}
