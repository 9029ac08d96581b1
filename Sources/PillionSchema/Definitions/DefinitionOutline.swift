/// Where the text of a definition file can take more models and fields, so that what is there stays as it is.
package struct DefinitionOutline: Sendable {
  /// A mapping of names: `models`, or the `fields` of a model.
  package struct Names: Sendable {
    package enum Style: Sendable, Hashable {
      /// One name a line, indented by so many columns; more go before this line, counted from 0.
      case block(line: Int, indent: Int)
      /// In braces; more go before this scalar of the text, behind a comma if one is needed.
      case flow(offset: Int, needsComma: Bool)
      /// An alias of another mapping.
      case alias
    }

    package var style: Style
    /// What stands in comments as `# name:`, and so was left out on purpose.
    package var commentedOut: Set<String>
  }

  /// What is to be added to one of the mappings.
  package struct Addition: Sendable {
    package var style: Names.Style
    /// Whole lines, indented, for a mapping of one name a line.
    package var lines: [String]
    /// `name: value` texts, for a mapping in braces.
    package var items: [String]

    package init(to style: Names.Style, lines: [String], items: [String]) {
      self.style = style
      self.lines = lines
      self.items = items
    }
  }

  package let models: Names
  /// By the model's name.
  package private(set) var fields: [String: Names] = [:]
  private let lines: TextLines
  private let hasByteOrderMark: Bool

  /// Nil for a text that is no definition file.
  package init?(path: String, text: String) {
    let sink = DiagnosticSink()
    guard let root = YAMLReader.read(path: path, text: text, sink: sink), !sink.hasErrors,
      let entry = root.entry("models"), case .mapping(let entries) = entry.value.value
    else { return nil }
    lines = TextLines(text)
    hasByteOrderMark = text.unicodeScalars.first == "\u{FEFF}"
    let all = 0..<lines.count
    models = Names(
      style: Self.style(entry, parentIndent: entry.keyLocation.column - 1, lines), commentedOut: lines.commentedOut(all)
    )
    for (index, model) in entries.enumerated() {
      guard let fields = model.value.entry("fields") else { continue }
      let next = entries.indices.contains(index + 1) ? entries[index + 1].keyLocation.line - 1 : lines.count
      let first = min(model.keyLocation.line - 1, next)
      self.fields[model.key] = Names(
        style: Self.style(fields, parentIndent: fields.keyLocation.column - 1, lines),
        commentedOut: lines.commentedOut(first..<next))
    }
  }

  /// The text with the additions, which are in the order of the file where they meet; every other scalar stays.
  package func text(adding additions: [Addition]) -> String {
    let lineBreak = lines.scalars.contains("\r") ? "\r\n" : "\n"
    var insertions: [(offset: Int, text: String)] = []
    for addition in additions {
      switch addition.style {
      case .block(let line, _):
        let offset = lines.start(ofLine: line)
        let text = addition.lines.joined(separator: lineBreak)
        let endsLine = offset == 0 || offset < lines.scalars.count || lines.scalars.last == "\n"
        insertions.append((offset, endsLine ? text + lineBreak : lineBreak + text))
      case .flow(let offset, let needsComma):
        let text = addition.items.joined(separator: ", ")
        insertions.append((offset, (needsComma ? ", " : " ") + text))
      case .alias: continue
      }
    }
    var result = String.UnicodeScalarView()
    if hasByteOrderMark { result.append("\u{FEFF}") }
    var position = 0
    for (_, insertion) in insertions.enumerated().sorted(by: { ($0.1.offset, $0.0) < ($1.1.offset, $1.0) }) {
      result.append(contentsOf: lines.scalars[position..<insertion.offset])
      result.append(contentsOf: insertion.text.unicodeScalars)
      position = insertion.offset
    }
    result.append(contentsOf: lines.scalars[position...])
    return String(result)
  }

  private static func style(_ entry: YAMLEntry, parentIndent: Int, _ lines: TextLines) -> Names.Style {
    guard case .mapping(let entries) = entry.value.value, let last = entries.last,
      let key = lines.offset(entry.keyLocation), let value = lines.offset(entry.value.location), value > key
    else { return .alias }
    let start = lines.skipProperties(value)
    if lines.scalar(start) == "{" {
      guard let end = FlowText(lines.scalars).end(of: start) else { return .alias }
      return .flow(offset: end.content, needsComma: end.needsComma)
    }
    let line = lines.lastLine(of: last)
    return .block(line: line + 1, indent: last.keyLocation.column - 1)
  }
}

extension YAMLNode {
  fileprivate func entry(_ key: String) -> YAMLEntry? {
    guard case .mapping(let entries) = value else { return nil }
    return entries.first { $0.key == key }
  }
}

extension TextLines {
  /// The names of comment lines such as `# title: { type: string }`.
  fileprivate func commentedOut(_ range: Range<Int>) -> Set<String> {
    Set(
      range.compactMap { line in
        let text = String(String.UnicodeScalarView(self.line(line))).drop { $0 == " " }
        guard text.hasPrefix("#") else { return nil }
        let name = text.drop { $0 == "#" || $0 == " " }.prefix { $0 != ":" }
        let bare = name.hasPrefix("\"") && name.hasSuffix("\"") ? String(name.dropFirst().dropLast()) : String(name)
        let isName = Identifier.isLowerSnakeCase(bare) || Identifier.isUpperCamelCase(bare)
        return isName && name.endIndex < text.endIndex ? bare : nil
      })
  }

  /// The last line that belongs to an entry of a block mapping, its value included.
  fileprivate func lastLine(of entry: YAMLEntry) -> Int {
    let first = entry.keyLocation.line - 1
    let indent = entry.keyLocation.column - 1
    guard let key = offset(entry.keyLocation), let value = offset(entry.value.location), value > key,
      !(entry.value.isNull && (scalar(value) == nil || scalar(value) == "\n"))
    else { return first }
    let start = skipProperties(value)
    switch scalar(start) {
    case "{", "[": return FlowText(scalars).end(of: start).map { self.line(at: $0.bracket) } ?? first
    case "\"", "'": return FlowText(scalars).endOfQuotes(start).map { self.line(at: $0) } ?? first
    case "|", ">": return lastLine(from: line(at: start), deeperThan: indent, takesComments: true)
    case "*": return line(at: start)
    default: break
    }
    switch entry.value.value {
    case .mapping(let entries): return entries.last.map { lastLine(of: $0) } ?? first
    case .list(let items):
      guard let last = items.last else { return first }
      return lastLine(from: last.location.line - 1, deeperThan: indent, takesComments: false)
    case .scalar: return lastLine(from: line(at: start), deeperThan: indent, takesComments: false)
    }
  }

  /// Behind `line`, lines that are blank or indented deeper; blank ones at the end do not count.
  private func lastLine(from line: Int, deeperThan indent: Int, takesComments: Bool) -> Int {
    var last = line
    var next = line + 1
    while next < count {
      let text = self.line(next)
      let blanks = text.prefix { $0 == " " }.count
      let first = text.dropFirst(blanks).first
      if first != nil {
        guard blanks > indent, takesComments || first != "#" else { break }
        last = next
      }
      next += 1
    }
    return last
  }
}
