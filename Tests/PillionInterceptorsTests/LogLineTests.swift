import Foundation
import PillionSchema
import Testing

@testable import PillionInterceptors
@testable import PillionTransport

@Suite struct LogLineTests {
  private func text(_ body: (LineBytes) -> Void) -> String {
    let line = LineBytes(capacity: 1)
    body(line)
    return String(decoding: line.bytes, as: UTF8.self)
  }

  @Test(arguments: ["plain", "a\"b\\c", "a\nb\rc\td", "", "\0\u{1b}[31m\u{7f}\u{85}\u{9f}", "ü😀 é\u{a0}", "\r\n"])
  func `a text in quotes is JSON in one line`(_ value: String) throws {
    let quoted = text { $0.append(json: value) }
    #expect(try JSONDecoder().decode([String].self, from: Data("[\(quoted)]".utf8)) == [value])
    #expect(quoted.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) })
  }

  @Test(arguments: [(0, "0"), (7, "7"), (10, "10"), (1234, "1234"), (Int.max, "9223372036854775807"), (-5, "0")])
  func numbers(_ number: Int, _ expected: String) {
    #expect(text { $0.append(decimal: number) } == expected)
  }

  @Test(arguments: [
    (0, "0.000"), (999, "0.000"), (1_500_000, "1.500"), (12_345_678, "12.345"), (60_000_000_000, "60000.000"),
  ])
  func durations(_ nanoseconds: Int64, _ expected: String) {
    #expect(text { $0.append(milliseconds: nanoseconds) } == expected)
  }

  @Test func `the time is RFC 3339 in UTC`() throws {
    let clock = LineClock()
    let line = text { clock.append(to: $0, at: 1) }
    #expect(text { clock.append(to: $0, at: 1) } == line)
    #expect(line.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(line)")
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    #expect(abs(try style.parse(line).timeIntervalSinceNow) < 60)
  }

  @Test func `ids that are made are all different and well-formed`() {
    let maker = RequestIDMaker()
    let ids = (0..<10_000).compactMap { _ in RequestID.made(maker.next()).text }
    #expect(Set(ids).count == 10_000)
    #expect(ids.allSatisfy { $0.utf8.count == 16 && RequestIDInterceptor.isWellFormed($0) })
  }

  @Test(arguments: [
    (0, "0000000000000000"), (0x0123_4567_89ab_cdef, "0123456789abcdef"), (.max, "ffffffffffffffff"),
    (0x9a00_0000_0000_00f0, "9a000000000000f0"),
  ])
  func `an id that is made is its 16 hexadecimal digits`(_ number: UInt64, _ expected: String) {
    #expect(RequestID.made(number).text == expected)
  }

  @Test(arguments: [
    ("a", true), ("A-b_c.d:e/f+g=h@9", true), (String(repeating: "x", count: 128), true), ("", false), ("a b", false),
    (String(repeating: "x", count: 129), false), ("a\nb", false), ("a\"b", false), ("é", false), ("*/", false),
  ])
  func `ids that a client may send`(_ id: String, _ isWellFormed: Bool) {
    #expect(RequestIDInterceptor.isWellFormed(id) == isWellFormed)
  }

  @Test func `whole lines are written, and what no one reads is dropped and counted`() async throws {
    let pipe = Pipe()
    let writer = LogWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor)
    let line = Array((String(repeating: "x", count: 99) + "\n").utf8)
    let batch = (0..<1000).flatMap { _ in line }
    // 5 MB, of which 4 MiB may wait.
    for _ in 0..<50 { writer.write(batch, lines: 1000) }
    let reader = Task.detached { try pipe.fileHandleForReading.readToEnd() }
    for _ in 0..<10 { writer.finish() }
    try pipe.fileHandleForWriting.close()
    let lines = String(decoding: try await reader.value ?? Data(), as: UTF8.self).split(separator: "\n")
    let whole = lines.filter { $0.utf8.count == 99 }.count
    let told = lines.compactMap { $0.firstMatch(of: /log lines dropped","count":(\d+)}/).flatMap { Int($0.1) } }
    #expect(whole + told.reduce(0, +) == 50_000 && whole >= 40_000 && !told.isEmpty)
  }
}
