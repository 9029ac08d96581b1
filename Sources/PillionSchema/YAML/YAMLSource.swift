/// A file's text as Yams reads it, with marks in it that let duplicate keys through.
///
/// Yams stops at the first mapping that has a key twice and tells one of the two places. To find every duplicate with
/// both places, the reader puts a mark in front of that key, which makes it another key, and reads again: the n-th mark
/// is n times one private-use character that the text does not hold. Names and columns are freed of the marks before
/// anybody sees them.
struct YAMLSource {
  /// Without a byte order mark.
  private(set) var text: String
  /// Characters that YAML forbids, in order (YAML 1.2, section 5.1), with the byte order mark inside the text.
  private(set) var illegalCharacters: [(line: Int, column: Int, scalar: Unicode.Scalar)] = []
  /// Lines without their breaks.
  private var lines: [[Unicode.Scalar]] = []
  private var marker: Unicode.Scalar?
  private var marks = 0

  init(text: String) {
    var scalars = text.unicodeScalars[...]
    if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
    var line: [Unicode.Scalar] = []
    var previous: Unicode.Scalar?
    var privateUse = Set<Unicode.Scalar>()
    for scalar in scalars {
      switch scalar {
      case "\n" where previous == "\r":
        break
      // What libyaml counts as line breaks.
      case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
        lines.append(line)
        line.removeAll()
      default:
        line.append(scalar)
        if !YAMLSource.isAllowed(scalar) { illegalCharacters.append((lines.count + 1, line.count, scalar)) }
        if YAMLSource.markers.contains(scalar.value) { privateUse.insert(scalar) }
      }
      previous = scalar
    }
    lines.append(line)
    self.text = String(String.UnicodeScalarView(scalars))
    marker = YAMLSource.markers.lazy.compactMap(Unicode.Scalar.init).first { !privateUse.contains($0) }
  }

  /// Puts a mark into the key that starts at this place of `text`. False if that cannot be done: the key has an anchor
  /// or a tag, or is no scalar, or there are too many marks already.
  mutating func mark(line: Int, column: Int) -> Bool {
    guard let marker, marks < 100, lines.indices.contains(line - 1), lines[line - 1].indices.contains(column - 1),
      let first = character(line: line, column: column), !"&!*[{?:,|>".unicodeScalars.contains(first)
    else { return false }
    marks += 1
    let isQuoted = first == "\"" || first == "'"
    lines[line - 1].insert(
      contentsOf: repeatElement(marker, count: marks), at: isQuoted ? column : column - 1)
    var view = String.UnicodeScalarView()
    for line in lines {
      view.append(contentsOf: line)
      view.append("\n")
    }
    text = String(view)
    return true
  }

  /// `text` without marks.
  func unmarked(_ text: String) -> String {
    guard marks > 0, let marker, text.unicodeScalars.contains(marker) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != marker }))
  }

  /// The place in the file of a place in `text`; the end of the last line for one beyond it, where libyaml sees the
  /// end of the file.
  func originalPlace(line: Int, column: Int) -> (line: Int, column: Int) {
    guard lines.indices.contains(line - 1) else {
      guard let last = lines.last else { return (1, 1) }
      return originalPlace(line: lines.count, column: last.count + 1)
    }
    guard marks > 0, let marker else { return (line, column) }
    return (line, column - lines[line - 1].prefix(max(0, column - 1)).filter { $0 == marker }.count)
  }

  /// The character at a place of `text`; nil beyond the line's end.
  func character(line: Int, column: Int) -> Unicode.Scalar? {
    guard lines.indices.contains(line - 1), lines[line - 1].indices.contains(column - 1) else { return nil }
    return lines[line - 1][column - 1]
  }

  /// The first private-use characters of plane 0.
  private static let markers: ClosedRange<UInt32> = 0xE000...0xE0FF

  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
    default: false
    }
  }
}
