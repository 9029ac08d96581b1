import Glibc
import PillionSchema

/// A diagnostic with the line that it is about, and a mark below the place.
struct SourceExcerpt {
  let text: String

  init(_ diagnostic: Diagnostic, colors: TerminalColors = .standardError) {
    let color: TerminalColors.Color = diagnostic.severity == .error ? .red : .yellow
    var text =
      "\(diagnostic.location): \(colors.paint("\(diagnostic.severity.rawValue):", color)) \(diagnostic.message)"
    text += diagnostic.suggestion.map { "; \($0)" } ?? ""
    let location = diagnostic.location
    if location.line > 0, let line = Self.line(location.line, of: location.file) {
      let number = "\(location.line)"
      text += "\n  \(number) | \(line.map { $0 == "\t" ? " " : String($0) }.joined())"
      if location.column > 0 {
        let margin = String(repeating: " ", count: number.count + 2 + min(location.column, Self.width))
        text += "\n  \(margin)\(colors.paint("^", color))"
      }
    }
    self.text = text
  }

  /// Columns that are shown of a line.
  private static let width = 160

  private static func line(_ number: Int, of file: String) -> String? {
    let lines = TextFile.read(file)?.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    guard let lines, lines.indices.contains(number - 1) else { return nil }
    return String(lines[number - 1].prefix(width))
  }
}
