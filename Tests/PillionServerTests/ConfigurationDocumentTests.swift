import Foundation
import PillionServer
import Testing

/// `docs/configuration.md` holds the table of settings exactly as the code has them.
@Suite struct ConfigurationDocumentTests {
  private static var table: String {
    let rows = Setting.all.map { setting in
      var kind = setting.kind.rawValue
      if !setting.choices.isEmpty { kind = setting.choices.map { "`\($0)`" }.joined(separator: ", ") }
      if setting.isSecret { kind += ", secret" }
      let value = setting.defaultValue.map { "`\($0)`" } ?? "none"
      return "| `\(setting.path)` | \(kind) | \(value) | `\(setting.environmentName)` | \(setting.summary) |"
    }
    return (["| setting | kind | default | environment variable | meaning |", "|---|---|---|---|---|"] + rows)
      .joined(separator: "\n")
  }

  @Test func agreesWithTheCode() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let found = lines.drop { !$0.hasPrefix("| setting |") }.prefix { $0.hasPrefix("|") }.joined(separator: "\n")
    #expect(found == Self.table, "docs/configuration.md should hold:\n\(Self.table)")
  }

  /// A cell of the table must not end early.
  @Test func summariesFitTheTable() {
    for setting in Setting.all {
      #expect(!setting.summary.contains("|") && setting.summary.hasSuffix("."), "\(setting.path)")
    }
  }
}
