import Foundation
import PillionSchema
@testable import PillionServer
@testable import PillionTransport
import Testing

@Suite struct DevelopmentTests {
  @Test(
    arguments: [
      ([:], true, true), ([:], false, false), (["NO_COLOR": "1"], true, false), (["NO_COLOR": ""], true, true),
      (["CLICOLOR_FORCE": "1"], false, true), (["CLICOLOR_FORCE": "0"], false, false), (["TERM": "dumb"], true, false),
      (["CLICOLOR_FORCE": "1", "NO_COLOR": "1"], true, false),
    ] as [([String: String], Bool, Bool)])
  func colours(_ environment: [String: String], _ isTerminal: Bool, _ expected: Bool) {
    #expect(TerminalColors(environment: environment, isTerminal: isTerminal).areOn == expected)
  }

  private func summary(_ status: StatusCode = .ok, _ nanoseconds: Int64 = 1_250_000) -> CallSummary {
    CallSummary(status: status, durationNanoseconds: nanoseconds, requestBytes: 31, responseBytes: 40)
  }

  @Test func aCallIsALine() {
    let log = CallLog(colors: TerminalColors(areOn: false))
    #expect(
      log.line("/blog.PostController/Create", summary(), at: "2024-05-01T12:30:01.500Z")
        == "12:30:01  OK                     1.2 ms  blog.PostController/Create  31 B → 40 B")
    let colored = CallLog(colors: TerminalColors(areOn: true))
    #expect(colored.line("/a/b", summary(.notFound), at: "").contains("\u{1B}[33mNOT_FOUND"))
    #expect(colored.line("/a/b", summary(.internal), at: "").contains("\u{1B}[31mINTERNAL"))
  }

  /// A client chooses the path: it may not paint, or make a second line.
  @Test(arguments: ["/a\u{1B}[31m/b", "/a\r\n/b", "/\u{85}\u{9B}2J", "", "/", "no slash", "/ü"])
  func aPathCannotMoveTheCursor(_ path: String) {
    let line = CallLog(colors: TerminalColors(areOn: false)).line(path, summary(.unimplemented, -5), at: "short")
    #expect(!line.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) })
  }

  @Test func anErrorIsShownInItsPlace() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("excerpt-\(UUID().uuidString).yaml")
    try Data("first\n\tsecond: strnig\n".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    func excerpt(_ line: Int, _ column: Int) -> String {
      let location = SourceLocation(file: file.path, line: line, column: column)
      let diagnostic = Diagnostic(at: location, "unknown type", suggestion: "did you mean string?")
      return SourceExcerpt(diagnostic, colors: TerminalColors(areOn: false)).text
    }
    let head = "\(file.path):2:10: error: unknown type; did you mean string?"
    #expect(excerpt(2, 10) == "\(head)\n  2 |  second: strnig\n               ^")
    // Places that are not there, or not known, have no excerpt.
    #expect(!excerpt(9, 1).contains("\n") && !excerpt(0, 0).contains("\n"))
    #expect(excerpt(2, .max).split(separator: "\n").count == 3)
  }

  @Test func nobodyWantsToKnow() {
    #expect(ServiceManager(environment: [:]) == nil)
    #expect(ServiceManager(environment: ["NOTIFY_SOCKET": ""]) == nil)
    #expect(ServiceManager(environment: ["NOTIFY_SOCKET": "vsock:2:1234"]) == nil)
    #expect(ServiceManager(environment: ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 107)]) == nil)
  }

  @Test(
    arguments: [
      (["WATCHDOG_USEC": "20000000"], 5000), (["WATCHDOG_USEC": "1"], 1), (["WATCHDOG_USEC": "0"], nil),
      (["WATCHDOG_USEC": "-1"], nil), (["WATCHDOG_USEC": "x"], nil), ([:], nil),
      (["WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "\(getpid())"], 5000),
      (["WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"], nil),
    ] as [([String: String], Int?)])
  func signsOfLife(_ environment: [String: String], _ expected: Int?) {
    let manager = ServiceManager(environment: environment.merging(["NOTIFY_SOCKET": "@x"]) { first, _ in first })
    #expect(manager != nil && manager?.keepaliveMilliseconds == expected)
  }
}
