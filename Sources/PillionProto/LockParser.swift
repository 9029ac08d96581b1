package import PillionSchema

extension Lock {
  /// Reads a lock file.
  ///
  /// - Parameter file: its path, for diagnostics.
  /// - Returns: what could be read, and everything that is wrong; with an error the lock must not be used, as numbers
  ///   may be missing from it.
  package static func parse(_ text: String, file: String) -> (lock: Lock, diagnostics: [Diagnostic]) {
    var parser = LockParser(file: file)
    // On bytes: "\r\n" is one Character.
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for line in lines {
      parser.line += 1
      parser.read(Substring(line).unicodeScalars)
    }
    parser.finish()
    return (parser.lock, parser.diagnostics)
  }
}

/// Reads line after line; knows the section it is in.
private struct LockParser {
  let file: String
  var line = 0
  var lock = Lock()
  var diagnostics: [Diagnostic] = []
  private var hasVersion = false
  /// The line of each message, service, rpc, number and name, so that a second one can say where the first is.
  private var lines: [String: Int] = [:]
  private var section = Section.none

  init(file: String) { self.file = file }

  private enum Section {
    case none
    case message(String)
    case service(String)
    case enumeration(String)
    /// Below a line that made no sense: its lines are read past, one finding is enough.
    case broken
  }

  /// A run of characters that are not blanks.
  private struct Word {
    var text: String
    /// From 1, in characters.
    var column: Int
  }

  mutating func read(_ scalars: Substring.UnicodeScalarView) {
    let words = Self.words(scalars)
    guard let first = words.first, !first.text.hasPrefix("#") else { return }
    if first.column == 1, ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].contains(first.text) {
      return error(first, "merge conflict", suggestion: "keep the lines of both sides and give no number twice")
    }
    guard hasVersion else {
      hasVersion = true
      if words.map(\.text).joined(separator: " ") == Lock.version { return }
      return error(
        first, first.text == "version" ? "unknown version of the lock file" : "the lock file has no version line",
        suggestion: "expected `\(Lock.version)`")
    }
    switch first.text {
    case "message" where first.column == 1: header(words) { .message($0) }
    case "service" where first.column == 1: header(words) { .service($0) }
    case "enum" where first.column == 1: header(words) { .enumeration($0) }
    default:
      switch section {
      case .message(let name): field(words, of: name)
      case .service(let name): method(words, of: name)
      case .enumeration(let name): value(words, of: name)
      case .broken: return
      case .none: error(first, "unknown line", suggestion: "expected `message NAME`, `enum NAME` or `service NAME`")
      }
    }
  }

  mutating func finish() {
    guard !hasVersion else { return }
    diagnostics.append(
      Diagnostic(
        at: SourceLocation(file: file), "the lock file is empty",
        suggestion: "restore it from version control; without it fields would be numbered anew"))
  }

  private mutating func header(_ words: [Word], section make: (String) -> Section) {
    section = .broken
    guard words.count > 1 else { return error(after: words, "a name is missing") }
    let name = words[1]
    guard isDottedName(name.text) else { return error(name, "`\(name.text)` is not a name") }
    let isMessage = words[0].text == "message"
    guard let (formerNames, next) = isMessage ? was(words, at: 2) : ([], 2), let isReserved = reserved(words, at: next)
    else { return }
    let section = make(name.text)
    switch section {
    case .message:
      guard isFirst("message \(name.text)", name, suggestion: "put the lines of both under one") else { return }
      lock.messages[name.text] = Lock.Message(formerNames: formerNames, isReserved: isReserved)
    case .service:
      guard isFirst("service \(name.text)", name, suggestion: "put the lines of both under one") else { return }
      lock.services[name.text] = Lock.Service(isReserved: isReserved)
      lock.places[name.text] = SourceLocation(file: file, line: line, column: name.column)
    case .enumeration:
      guard isFirst("enum \(name.text)", name, suggestion: "put the lines of both under one") else { return }
      lock.enums[name.text] = Lock.Message(isReserved: isReserved)
    case .none, .broken: return
    }
    self.section = section
  }

  /// `4 groups repeated int32 reserved`.
  private mutating func field(_ words: [Word], of message: String) {
    guard let number = number(words[0]) else { return }
    guard words.count > 1 else { return error(after: words, "the field's name is missing") }
    let name = words[1]
    guard isName(name.text) else { return error(name, "`\(name.text)` is not a field's name") }
    guard words.count > 2 else { return error(after: words, "the field's type is missing") }
    var type = words[2].text
    var next = 3
    if type == "repeated" || type == "optional" {
      guard words.count > 3 else { return error(after: words, "the field's type is missing") }
      type = words[3].text
      next = 4
    }
    guard isDottedName(type), type != "reserved" else {
      return error(words[next - 1], "`\(type)` is not a type")
    }
    if next == 4 { type = "\(words[2].text) \(type)" }
    guard let (formerNames, end) = was(words, at: next), let isReserved = reserved(words, at: end) else { return }
    let isReservedMessage = lock.messages[message]?.isReserved ?? false
    let fields = lock.messages[message]?.fields ?? []
    if let other = fields.first(where: { $0.number == number }) {
      return error(
        words[0],
        "number \(number) a second time in \(message); `\(other.name)` has it at \(place("\(message) \(number)"))",
        suggestion: "give the field that is not released yet the next free number")
    }
    if !isReserved, isReservedMessage {
      return error(name, "`\(name.text)` is in use in a reserved message", suggestion: "add `reserved` to the line")
    }
    if !isReserved, let other = fields.first(where: { $0.name == name.text && !$0.isReserved }) {
      return error(
        name,
        "field `\(name.text)` a second time in \(message); it has number \(other.number) at \(place("\(message) \(other.number)"))",
        suggestion: "keep the line that is released")
    }
    lines["\(message) \(number)"] = line
    let field = Lock.Field(
      number: number, name: name.text, type: type, formerNames: formerNames, isReserved: isReserved)
    lock.messages[message]?.insert(field)
  }

  /// `2 POST_LANGUAGE_DE reserved`.
  private mutating func value(_ words: [Word], of enumeration: String) {
    guard let number = number(words[0]) else { return }
    guard words.count > 1 else { return error(after: words, "the value's name is missing") }
    let name = words[1]
    guard isName(name.text) else { return error(name, "`\(name.text)` is not a value's name") }
    guard let isReserved = reserved(words, at: 2) else { return }
    let suggestion = "give the value that is not released yet the next free number"
    guard isFirst("number \(number)", words[0], in: enumeration, suggestion: suggestion),
      isFirst("value \(name.text)", name, in: enumeration, suggestion: "keep the line that is released")
    else { return }
    if !isReserved, lock.enums[enumeration]?.isReserved ?? false {
      return error(name, "`\(name.text)` is in use in a reserved enum", suggestion: "add `reserved` to the line")
    }
    lock.enums[enumeration]?.insert(
      Lock.Field(number: number, name: name.text, type: "enum", isReserved: isReserved))
  }

  private mutating func number(_ word: Word) -> Int32? {
    guard word.text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      error(word, "`\(word.text)` is not a field number", suggestion: "expected `NUMBER NAME TYPE`")
      return nil
    }
    guard let number = Int32(word.text), Lock.isFieldNumber(number) else {
      error(word, "number \(word.text) is out of range: 1 to 536870911, less 19000 to 19999")
      return nil
    }
    return number
  }

  /// `List PostListRequest -> stream Post reserved`.
  private mutating func method(_ words: [Word], of service: String) {
    let name = words[0]
    guard isName(name.text) else { return error(name, "`\(name.text)` is not an rpc's name") }
    guard words.count > 1 else { return error(after: words, "the request's type is missing") }
    guard isDottedName(words[1].text) else { return error(words[1], "`\(words[1].text)` is not a type") }
    guard words.count > 2 else { return error(after: words, "`->` is missing") }
    guard words[2].text == "->" else { return error(words[2], "`\(words[2].text)` where `->` should be") }
    let isStream = words.count > 3 && words[3].text == "stream"
    let index = isStream ? 4 : 3
    guard words.count > index else { return error(after: words, "the response's type is missing") }
    let response = words[index]
    guard isDottedName(response.text) else { return error(response, "`\(response.text)` is not a type") }
    guard let isReserved = reserved(words, at: index + 1) else { return }
    if !isReserved, lock.services[service]?.isReserved ?? false {
      return error(name, "`\(name.text)` is in use in a reserved service", suggestion: "add `reserved` to the line")
    }
    guard isFirst("rpc \(name.text)", name, in: service, suggestion: "keep one of the two lines") else { return }
    lock.services[service]?.methods[name.text] = Lock.Method(
      request: words[1].text, response: response.text, isServerStreaming: isStream, isReserved: isReserved)
  }

  /// Former names behind `was` at `index`, none if there is something else, and the index behind them; nil after an error.
  private mutating func was(_ words: [Word], at index: Int) -> ([String], Int)? {
    guard words.count > index, words[index].text == "was" else { return ([], index) }
    guard words.count > index + 1 else {
      error(after: words, "the former name is missing")
      return nil
    }
    let names = words[index + 1].text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard names.allSatisfy(isName) else {
      error(words[index + 1], "`\(words[index + 1].text)` is not a name, or names with commas between them")
      return nil
    }
    return (names, index + 2)
  }

  /// Whether this is the first line about `thing`; an error with both places if not.
  private mutating func isFirst(
    _ thing: String, _ word: Word, in owner: String? = nil, suggestion: String
  ) -> Bool {
    let key = owner.map { "\($0) \(thing)" } ?? thing
    guard lines[key] == nil else {
      let scope = owner.map { " in \($0)" } ?? ""
      error(word, "\(thing) a second time\(scope); the first is at \(place(key))", suggestion: suggestion)
      return false
    }
    lines[key] = line
    return true
  }

  private func place(_ key: String) -> String { "\(SourceLocation(file: file, line: lines[key] ?? 0))" }

  /// Whether the line's last word, at `index`, is `reserved`; nil after an error.
  private mutating func reserved(_ words: [Word], at index: Int) -> Bool? {
    guard words.count > index else { return false }
    guard words[index].text == "reserved" else {
      error(words[index], "`\(words[index].text)` where the line should end or say `reserved`")
      return nil
    }
    guard words.count == index + 1 else {
      error(words[index + 1], "`\(words[index + 1].text)` where the line should end")
      return nil
    }
    return true
  }

  private mutating func error(_ word: Word, _ message: String, suggestion: String? = nil) {
    diagnostics.append(
      Diagnostic(at: SourceLocation(file: file, line: line, column: word.column), message, suggestion: suggestion))
  }

  private mutating func error(after words: [Word], _ message: String) {
    let column = words.last.map { $0.column + $0.text.unicodeScalars.count } ?? 1
    diagnostics.append(Diagnostic(at: SourceLocation(file: file, line: line, column: column), message))
  }

  /// The line's words up to a comment.
  private static func words(_ line: Substring.UnicodeScalarView) -> [Word] {
    var words: [Word] = []
    var word = ""
    var column = 0
    for scalar in line {
      column += 1
      if scalar == " " || scalar == "\t" || scalar == "\r" {
        if !word.isEmpty { words.append(Word(text: word, column: column - word.unicodeScalars.count)) }
        word = ""
      } else {
        word.unicodeScalars.append(scalar)
      }
    }
    if !word.isEmpty { words.append(Word(text: word, column: column + 1 - word.unicodeScalars.count)) }
    guard let comment = words.firstIndex(where: { $0.text.hasPrefix("#") }) else { return words }
    return Array(words[..<comment])
  }

  private func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
      case UInt8(ascii: "0")...UInt8(ascii: "9"): true
      default: false
      }
    }
  }

  private func isDottedName(_ text: String) -> Bool {
    text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isName(String($0)) }
  }
}

extension Lock.Message {
  /// Inserts the field where its number belongs.
  mutating func insert(_ field: Lock.Field) {
    let index = fields.firstIndex { $0.number > field.number } ?? fields.endIndex
    fields.insert(field, at: index)
  }
}
