import Foundation
import PillionService
import PillionTransport
import Testing

/// `docs/errors.md` prints the table of the code, row by row.
@Suite struct ErrorDocumentTests {
  private struct Row {
    var sqlStates: [String]
    var sqliteCodes: [Int32]
    var sqliteMessages: [String]
    var code: String
    var reason: String
    var isRetryable: Bool
  }

  private func rows() throws -> [Row] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "docs/errors.md"), encoding: .utf8)
    let lines = text.split(separator: "\n").drop { !$0.hasPrefix("| condition | SQLSTATE |") }.dropFirst(2)
    return try lines.prefix { $0.hasPrefix("|") }.map { line in
      let cells = line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
        .map { $0.trimmingCharacters(in: .whitespaces) }
      try #require(cells.count == 6, "\(line)")
      // `22xxx` and `57Pxx` stand for all that begin so.
      let states = cells[1].split(separator: " ").map { state in
        String(state.reversed().drop { $0 == "x" }.reversed())
      }
      // `1 "no such" or "has no column", 17`: code 1 counts by its message only.
      let quoted = cells[2].split(separator: "\"", omittingEmptySubsequences: false).map(String.init)
      let messages = quoted.indices.filter { $0 % 2 == 1 }.map { quoted[$0] }
      let codes = quoted.indices.filter { $0 % 2 == 0 }.flatMap { quoted[$0].split { !$0.isNumber } }.compactMap {
        Int32($0)
      }
      return Row(
        sqlStates: states, sqliteCodes: messages.isEmpty ? codes : codes.filter { $0 != 1 }, sqliteMessages: messages,
        code: cells[3], reason: cells[4], isRetryable: cells[5] == "yes")
    }
  }

  @Test func agreesWithTheCode() throws {
    let rows = try rows()
    #expect(rows.map(\.reason) == ErrorRule.table.map(\.reason) + ["INTERNAL"])
    for (row, rule) in zip(rows, ErrorRule.table) {
      #expect(row.reason == rule.reason)
      #expect(row.code == rule.code.description, "\(row.reason)")
      #expect(row.isRetryable == rule.isRetryable, "\(row.reason)")
      #expect(row.sqlStates == rule.sqlStates, "\(row.reason)")
      #expect(row.sqliteCodes == rule.sqliteCodes, "\(row.reason)")
      #expect(row.sqliteMessages == rule.sqliteMessages, "\(row.reason)")
    }
    let last = try #require(rows.last)
    #expect(last.sqlStates == ["other"] && last.code == ErrorRule.internal.code.description && !last.isRetryable)
  }
}
