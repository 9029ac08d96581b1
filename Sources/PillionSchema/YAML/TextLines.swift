/// The lines of a YAML text, parted where libyaml parts them, so that its marks lead to scalars.
struct TextLines {
  /// Without a byte order mark.
  let scalars: [Unicode.Scalar]
  /// Offsets of first scalars.
  private let starts: [Int]

  init(_ text: String) {
    var scalars = Array(text.unicodeScalars)
    if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
    var starts = [0]
    for (offset, scalar) in scalars.enumerated() {
      let isBreak = ["\n", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar)
      let isReturn = scalar == "\r" && !(offset + 1 < scalars.count && scalars[offset + 1] == "\n")
      if isBreak || isReturn { starts.append(offset + 1) }
    }
    if starts.last == scalars.count, starts.count > 1 { starts.removeLast() }
    self.scalars = scalars
    self.starts = starts
  }

  var count: Int { starts.count }

  /// A line without its break.
  func line(_ index: Int) -> ArraySlice<Unicode.Scalar> {
    guard starts.indices.contains(index) else { return [] }
    let end = starts.indices.contains(index + 1) ? starts[index + 1] : scalars.count
    let line = scalars[starts[index]..<end]
    return line.dropLast(line.reversed().prefix { ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains($0) }.count)
  }

  func scalar(_ offset: Int) -> Unicode.Scalar? { scalars.indices.contains(offset) ? scalars[offset] : nil }

  /// The offset of a place; nil beyond the text.
  func offset(_ location: SourceLocation) -> Int? {
    guard starts.indices.contains(location.line - 1) else { return nil }
    return min(starts[location.line - 1] + location.column - 1, scalars.count)
  }

  /// The offset of a line's first scalar; the text's end for a line behind the last.
  func start(ofLine line: Int) -> Int { starts.indices.contains(line) ? starts[line] : scalars.count }

  /// The line that holds the scalar at an offset.
  func line(at offset: Int) -> Int { (starts.lastIndex { $0 <= offset }) ?? 0 }

  /// Behind an anchor and a tag, the value itself.
  func skipProperties(_ offset: Int) -> Int {
    var offset = offset
    while scalar(offset) == "&" || scalar(offset) == "!" {
      while let next = scalar(offset), next != " ", next != "\n" { offset += 1 }
      while let next = scalar(offset), next == " " || next == "\n" || next == "\r" { offset += 1 }
    }
    return offset
  }
}
