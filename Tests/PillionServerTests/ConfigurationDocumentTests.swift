import Foundation
import PillionInterceptors
import PillionSchema
import PillionServer
import Testing

/// `docs/configuration.md` holds the tables of settings exactly as the code has them.
@Suite struct ConfigurationDocumentTests {
  private static func table(_ columns: String, _ rows: [String]) -> String {
    let rule = columns.split(separator: "|").map { _ in "---" }.joined(separator: "|")
    return (["| \(columns) |", "|\(rule)|"] + rows).joined(separator: "\n")
  }

  private static func row(_ setting: Setting, name: String, environment: String?) -> String {
    var kind = setting.kind.rawValue
    if !setting.choices.isEmpty { kind = setting.choices.map { "`\($0)`" }.joined(separator: ", ") }
    if setting.isSecret { kind += ", secret" }
    let value = setting.defaultValue.map { "`\($0)`" } ?? "none"
    let reload = setting.isReloadable ? "yes" : "no"
    return
      "| `\(name)` | \(kind) | \(value) | \(reload) | \(environment.map { "`\($0)`" } ?? "–") | \(setting.summary) |"
  }

  private static var settings: String {
    table(
      "setting | kind | default | reload | environment variable | meaning",
      Setting.all.map { row($0, name: $0.path, environment: $0.environmentName) })
  }

  private static var interceptors: String {
    let definitions = InterceptorRegistry.builtIn + [InterceptorRegistry().plugin]
    let rows = definitions.flatMap { definition -> [String] in
      let head = "| **`\(definition.name)`** | | | | | \(definition.summary) |"
      return [head]
        + definition.settings.flatMap { setting in
          [row(setting, name: setting.path, environment: definition.environmentName(setting))]
            + setting.items.map { row($0, name: "\(setting.path)[].\($0.path)", environment: nil) }
        }
    }
    return table("interceptor, setting | kind | default | reload | environment variable | meaning", rows)
  }

  @Test(arguments: [("| setting |", settings), ("| interceptor, setting |", interceptors)])
  func agreesWithTheCode(_ start: String, _ table: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let found = lines.drop { !$0.hasPrefix(start) }.prefix { $0.hasPrefix("|") }.joined(separator: "\n")
    #expect(found == table, "docs/configuration.md should hold:\n\(table)")
  }

  /// A cell of the table must not end early.
  @Test func summariesFitTheTable() {
    let interceptors = InterceptorRegistry.builtIn.flatMap { definition in
      definition.settings.flatMap { [$0] + $0.items }
    }
    for setting in Setting.all + interceptors {
      #expect(!setting.summary.contains("|") && setting.summary.hasSuffix("."), "\(setting.path)")
    }
    let names = InterceptorRegistry.builtIn.map(\.name)
    #expect(Set(names).count == names.count)
  }
}
