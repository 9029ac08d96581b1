/// Makes lines of a comment from text that people wrote.
enum Comment {
  /// Columns that a wrapped line has at most, its indent and `// ` aside.
  static let width = 100

  /// The lines of `text`: trailing blanks stripped, blank lines at both ends dropped, control characters made blanks.
  ///
  /// Comments are printed with `//`, so only an end of line could end one; every form of it starts a new line here.
  /// A line that ends in a backslash would swallow the next one in the C++ code that protoc's plugins make: it gets a
  /// full stop.
  static func lines(_ text: String?) -> [String] {
    guard let text else { return [] }
    var lines: [String] = []
    var line = String.UnicodeScalarView()
    var previous: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n" where previous == "\r": break
      case "\n", "\r", "\u{0B}", "\u{0C}", "\u{85}", "\u{2028}", "\u{2029}":
        lines.append(finished(line))
        line = String.UnicodeScalarView()
      default:
        line.append(scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? " " : scalar)
      }
      previous = scalar
    }
    lines.append(finished(line))
    let kept = lines.drop { $0.isEmpty }
    guard let last = kept.lastIndex(where: { !$0.isEmpty }) else { return [] }
    return Array(kept[...last])
  }

  private static func finished(_ line: String.UnicodeScalarView) -> String {
    var line = line
    while let last = line.last, last.properties.isWhitespace { line.removeLast() }
    if line.last == "\\" { line.append(".") }
    return String(line)
  }

  /// The sentences one after another, broken between words into lines of at most `width` characters.
  static func wrapped(_ sentences: [String]) -> [String] {
    var lines: [String] = []
    var line = ""
    let text = sentences.flatMap { Comment.lines($0) }.joined(separator: " ")
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if !line.isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " \(word)"
    }
    if !line.isEmpty { lines.append(line) }
    return lines.flatMap { Comment.lines($0) }
  }
}
