/// Reads one file's text into a tree.
struct YAMLReader {
  /// Deeper than any definition; libyaml itself stops at 1,000 levels.
  private static let maximumDepth = 32
  /// Aliases can make a small file a large tree.
  private static let maximumNodes = 1_000_000

  private typealias Event = YAMLEvents.Event

  /// What an anchor names: a whole value, since none refers to itself.
  private struct Anchored {
    /// Nil: there is an error in it.
    var node: YAMLNode?
    var nodes: Int
    /// Levels below its own.
    var height: Int
  }

  private let path: String
  private let sink: DiagnosticSink
  private let lines: TextLines
  private let events: YAMLEvents
  private var anchors: [String: Anchored] = [:]
  private var nodes = 0
  /// The deepest level of the value at hand.
  private var deepest = 0

  private init(path: String, lines: TextLines, sink: DiagnosticSink) {
    self.path = path
    self.sink = sink
    self.lines = lines
    events = YAMLEvents(String(String.UnicodeScalarView(lines.scalars)).utf8)
  }

  /// The root of the file's only document; nil if the file is empty or cannot be read, which `sink` then knows.
  static func read(path: String, text: String, sink: DiagnosticSink) -> YAMLNode? {
    let lines = TextLines(text)
    let illegal = lines.scalars.indices.lazy.filter { !isAllowed(lines.scalars[$0]) }.prefix(20)
    for offset in illegal {
      let line = lines.line(at: offset)
      sink.error(
        at: SourceLocation(file: path, line: line + 1, column: offset - lines.start(ofLine: line) + 1),
        "the character U+\(padded: lines.scalars[offset]) is not allowed in YAML")
    }
    guard illegal.isEmpty else { return nil }
    var reader = YAMLReader(path: path, lines: lines, sink: sink)
    do throws(YAMLEvents.Failure) {
      return try reader.document()
    } catch {
      reader.report(error)
      return nil
    }
  }

  /// YAML 1.2, section 5.1, but for the byte order mark inside the text.
  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
    default: false
    }
  }

  private mutating func document() throws(YAMLEvents.Failure) -> YAMLNode? {
    _ = try events.next()
    guard case .documentStart = try events.next().kind else {
      sink.error(
        at: SourceLocation(file: path, line: 1, column: 1), "the file is empty", suggestion: "expected 'models:'")
      return nil
    }
    let root = try value(events.next(), depth: 0)
    _ = try events.next()
    if case .documentStart = try events.next().kind {
      sink.error(
        at: location(try events.next().mark), "a second YAML document", suggestion: "make it a file of its own")
    }
    return root
  }

  /// At the end of a file libyaml begins a new line, which is not there unless the last one has a break.
  private func location(_ mark: YAMLEvents.Mark) -> SourceLocation {
    let last = lines.line(lines.count - 1)
    guard mark.line < lines.count || last.endIndex < lines.scalars.count else {
      return SourceLocation(file: path, line: lines.count, column: last.count + 1)
    }
    return SourceLocation(file: path, line: mark.line + 1, column: mark.column + 1)
  }

  private func report(_ failure: YAMLEvents.Failure) {
    guard let mark = failure.mark else { return sink.error(at: SourceLocation(file: path), failure.message) }
    let isTab = lines.line(mark.line).dropFirst(mark.column).first == "\t"
    sink.error(
      at: location(mark), failure.message, suggestion: isTab ? "indent with spaces, YAML knows no tabs" : nil)
  }

  // MARK: Values

  /// The value that begins with `event`, and what an anchor at it names from there on.
  private mutating func value(_ event: Event, depth: Int) throws(YAMLEvents.Failure) -> YAMLNode? {
    if case .alias(let name) = event.kind { return try aliased(name, event, depth: depth) }
    let (before, outside) = (nodes, deepest)
    deepest = depth
    let node = try written(event, depth: depth)
    if let anchor = event.anchor {
      anchors[anchor] = Anchored(node: node, nodes: nodes - before, height: deepest - depth)
    }
    deepest = max(deepest, outside)
    return node
  }

  private mutating func aliased(_ name: String, _ event: Event, depth: Int) throws(YAMLEvents.Failure) -> YAMLNode? {
    guard let anchored = anchors[name] else {
      throw YAMLEvents.Failure(message: "found undefined alias", mark: event.mark)
    }
    guard count(anchored.nodes), isWithinDepth(depth + anchored.height, event) else { return nil }
    return anchored.node
  }

  private mutating func written(_ event: Event, depth: Int) throws(YAMLEvents.Failure) -> YAMLNode? {
    guard count(1), isWithinDepth(depth, event) else {
      try skip(event)
      return nil
    }
    let location = location(event.mark)
    switch event.kind {
    case .scalar(let text, let isPlain):
      let isTagged = checkTag(of: event, allowing: "str")
      return YAMLNode(value: .scalar(YAMLScalar(text: text, isPlain: isPlain && !isTagged)), location: location)
    case .listStart:
      checkTag(of: event, allowing: "seq")
      return YAMLNode(value: .list(try items(depth: depth)), location: location)
    case .mappingStart:
      checkTag(of: event, allowing: "map")
      return YAMLNode(value: .mapping(try entries(depth: depth)), location: location)
    default: return nil
    }
  }

  /// Whether so many more values may follow. Beyond the limit nothing is counted: aliases of aliases would be more than
  /// there are numbers for.
  private mutating func count(_ more: Int) -> Bool {
    guard nodes <= Self.maximumNodes else { return false }
    nodes += more
    if nodes <= Self.maximumNodes { return true }
    sink.error(at: SourceLocation(file: path), "holds more than \(Self.maximumNodes) values, aliases counted")
    return false
  }

  private mutating func isWithinDepth(_ depth: Int, _ event: Event) -> Bool {
    deepest = max(deepest, depth)
    if depth < Self.maximumDepth { return true }
    sink.error(at: location(event.mark), "nested deeper than \(Self.maximumDepth) levels")
    return false
  }

  /// Whether a tag is given; any but the one that says what the value is anyway is an error.
  @discardableResult
  private func checkTag(of event: Event, allowing allowed: String) -> Bool {
    guard let tag = event.tag else { return false }
    if tag != "tag:yaml.org,2002:\(allowed)", tag != "!" {
      sink.error(at: location(event.mark), "the tag '\(tag)' means nothing here", suggestion: "leave it out")
    }
    return true
  }

  private mutating func items(depth: Int) throws(YAMLEvents.Failure) -> [YAMLNode] {
    var items: [YAMLNode] = []
    while true {
      let event = try events.next()
      if case .listEnd = event.kind { return items }
      if let item = try value(event, depth: depth + 1) { items.append(item) }
    }
  }

  private mutating func entries(depth: Int) throws(YAMLEvents.Failure) -> [YAMLEntry] {
    var entries: [YAMLEntry] = []
    var firstPlaces: [String: SourceLocation] = [:]
    while true {
      let event = try events.next()
      if case .mappingEnd = event.kind { return entries }
      guard let key = try key(event, depth: depth + 1) else {
        try skip(events.next())
        continue
      }
      guard let value = try value(events.next(), depth: depth + 1) else { continue }
      if let first = firstPlaces[key.value] {
        sink.error(
          at: key.location,
          "the key '\(key.value)' is written twice in this mapping, first at \(first.line):\(first.column)")
      } else {
        firstPlaces[key.value] = key.location
        entries.append(YAMLEntry(key: key.value, keyLocation: key.location, value: value))
      }
    }
  }

  /// The key that begins with `event`; nil for one that cannot be any.
  private mutating func key(_ event: Event, depth: Int) throws(YAMLEvents.Failure) -> Located<String>? {
    let location = location(event.mark)
    guard let node = try value(event, depth: depth) else { return nil }
    guard case .scalar(let scalar) = node.value else {
      sink.error(at: location, "a key must be text, found \(node.kind)")
      return nil
    }
    if scalar.isPlain, scalar.text == "<<" {
      sink.error(at: location, "merge keys ('<<') are not supported", suggestion: "write the keys out")
      return nil
    }
    return Located(scalar.text, at: location)
  }

  /// Passes over the rest of the value that begins with `event`.
  private func skip(_ event: Event) throws(YAMLEvents.Failure) {
    var event = event
    var depth = 0
    while true {
      switch event.kind {
      case .listStart, .mappingStart: depth += 1
      case .listEnd, .mappingEnd: depth -= 1
      default: break
      }
      if depth == 0 { return }
      event = try events.next()
    }
  }
}

extension DefaultStringInterpolation {
  /// Four hexadecimal digits at least.
  fileprivate mutating func appendInterpolation(padded scalar: Unicode.Scalar) {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    appendLiteral(String(repeating: "0", count: max(0, 4 - digits.count)) + digits)
  }
}
