import Yams

/// Reads one file's text into a tree, by Yams (libyaml, YAML 1.1's syntax); the only file that knows Yams.
struct YAMLReader {
  /// Deeper than any definition; libyaml itself stops at 1,000 levels.
  private static let maximumDepth = 32
  /// Aliases can make a small file a large tree.
  private static let maximumNodes = 1_000_000

  private let path: String
  private let sink: DiagnosticSink
  private var source: YAMLSource
  private var nodes = 0
  /// First places of keys that a mapping has twice.
  private var duplicates: [Located<String>] = []

  private init(path: String, source: YAMLSource, sink: DiagnosticSink) {
    self.path = path
    self.source = source
    self.sink = sink
  }

  /// The root of the file's only document; nil if the file is empty or cannot be read, which `sink` then knows.
  static func read(path: String, text: String, sink: DiagnosticSink) -> YAMLNode? {
    let source = YAMLSource(text: text)
    for illegal in source.illegalCharacters.prefix(20) {
      sink.error(
        at: SourceLocation(file: path, line: illegal.line, column: illegal.column),
        "the character U+\(padded: illegal.scalar) is not allowed in YAML")
    }
    guard source.illegalCharacters.isEmpty else { return nil }
    var reader = YAMLReader(path: path, source: source, sink: sink)
    return reader.read()
  }

  private mutating func read() -> YAMLNode? {
    while true {
      do {
        // No resolver rules: what a scalar means is decided by `YAMLScalar`.
        let parser = try Parser(yaml: source.text, resolver: .basic, encoding: .utf8)
        guard let root = try parser.nextRoot() else {
          sink.error(
            at: SourceLocation(file: path, line: 1, column: 1), "the file is empty", suggestion: "expected 'models:'")
          return nil
        }
        if let second = try parser.nextRoot() {
          sink.error(at: location(second.mark), "a second YAML document", suggestion: "make it a file of its own")
        }
        return convert(root, depth: 0)
      } catch YamlError.duplicatedKeysInMapping(let names, let context) {
        let duplicate = Located(source.unmarked(names.first ?? ""), at: location(context.mark))
        duplicates.append(duplicate)
        if source.mark(line: context.mark.line, column: context.mark.column) { continue }
        reportDuplicates()
        return nil
      } catch {
        reportDuplicates()
        report(error)
        return nil
      }
    }
  }

  /// Where the tree that would tell the second places is not to be had.
  private func reportDuplicates() {
    for duplicate in duplicates {
      sink.error(at: duplicate.location, "the key '\(duplicate.value)' is written twice in this mapping")
    }
  }

  private func location(_ mark: Mark?) -> SourceLocation {
    guard let mark else { return SourceLocation(file: path, line: 1, column: 1) }
    let place = source.originalPlace(line: mark.line, column: mark.column)
    return SourceLocation(file: path, line: place.line, column: place.column)
  }

  private func report(_ error: any Error) {
    guard let error = error as? YamlError else {
      sink.error(at: SourceLocation(file: path), "cannot be read as YAML")
      return
    }
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let isTab = source.character(line: mark.line, column: mark.column) == "\t"
      sink.error(
        at: location(mark), ([context?.text, problem].compactMap { $0 }).joined(separator: ", "),
        suggestion: isTab ? "indent with spaces, YAML knows no tabs" : nil)
    default:
      sink.error(at: SourceLocation(file: path), "cannot be read as YAML")
    }
  }

  private mutating func convert(_ node: Node, depth: Int) -> YAMLNode? {
    nodes += 1
    if nodes > YAMLReader.maximumNodes {
      if nodes == YAMLReader.maximumNodes + 1 {
        sink.error(at: SourceLocation(file: path), "holds more than \(YAMLReader.maximumNodes) values, aliases counted")
      }
      return nil
    }
    let location = location(node.mark)
    guard depth < YAMLReader.maximumDepth else {
      sink.error(at: location, "nested deeper than \(YAMLReader.maximumDepth) levels")
      return nil
    }
    switch node {
    case .scalar(let scalar):
      let tag = checkedTag(scalar.tag, allowing: .str, at: location)
      let text = source.unmarked(scalar.string)
      return YAMLNode(
        value: .scalar(YAMLScalar(text: text, isPlain: scalar.style == .plain && !tag)), location: location)
    case .sequence(let sequence):
      _ = checkedTag(sequence.tag, allowing: .seq, at: location)
      return YAMLNode(value: .list(sequence.compactMap { convert($0, depth: depth + 1) }), location: location)
    case .mapping(let mapping):
      _ = checkedTag(mapping.tag, allowing: .map, at: location)
      return YAMLNode(value: .mapping(entries(of: mapping, depth: depth)), location: location)
    case .alias:
      sink.error(at: location, "an alias stands where its own value is being made")
      return nil
    }
  }

  /// Whether a tag is given; any but `allowed` is an error.
  private func checkedTag(_ tag: Tag, allowing allowed: Tag.Name, at location: SourceLocation) -> Bool {
    let name = tag.description
    if name.isEmpty { return false }
    if name != allowed.rawValue, name != "!" {
      sink.error(at: location, "the tag '\(name)' means nothing here", suggestion: "leave it out")
    }
    return true
  }

  private mutating func entries(of mapping: Node.Mapping, depth: Int) -> [YAMLEntry] {
    var entries: [YAMLEntry] = []
    var firstPlaces: [String: SourceLocation] = [:]
    for (key, value) in mapping {
      let location = location(key.mark)
      guard case .scalar(let scalar) = key else {
        sink.error(at: location, "a key must be text, found \(key.mapping == nil ? "a list" : "a mapping")")
        continue
      }
      let name = source.unmarked(scalar.string)
      if scalar.style == .plain, name == "<<" {
        sink.error(at: location, "merge keys ('<<') are not supported", suggestion: "write the keys out")
        continue
      }
      guard let value = convert(value, depth: depth + 1) else { continue }
      if let first = firstPlaces[name] {
        sink.error(
          at: location, "the key '\(name)' is written twice in this mapping, first at \(first.line):\(first.column)")
      } else {
        firstPlaces[name] = location
        entries.append(YAMLEntry(key: name, keyLocation: location, value: value))
      }
    }
    return entries
  }
}

extension DefaultStringInterpolation {
  /// Four hexadecimal digits at least.
  fileprivate mutating func appendInterpolation(padded scalar: Unicode.Scalar) {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    appendLiteral(String(repeating: "0", count: max(0, 4 - digits.count)) + digits)
  }
}
