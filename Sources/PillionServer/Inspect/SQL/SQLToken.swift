import PillionDatabase

/// One token of SQL, with its place in the text.
struct SQLToken: Hashable {
  enum Kind: Hashable {
    /// A bare word as written.
    case word(String)
    /// `"a"`, and `` `a` `` or `[a]` in SQLite.
    case quoted(String)
    case text(String)
    /// `x'00'`
    case blob([UInt8])
    case number(String)
    case symbol(String)
  }

  var kind: Kind
  /// UTF-8 offsets.
  var range: Range<Int>

  /// Whether the token is this word, in any case.
  func isWord(_ word: String) -> Bool {
    if case .word(let text) = kind { text.utf8.count == word.utf8.count && text.asciiLowercased == word } else { false }
  }

  func isSymbol(_ symbol: String) -> Bool { kind == .symbol(symbol) }
}

/// Parts SQL into tokens as both databases do; comments and blanks go. What is malformed ends the text.
struct SQLTokenizer {
  private let bytes: [UInt8]
  private let dialect: Dialect
  private var position = 0

  static func tokens(_ text: String, _ dialect: Dialect) -> [SQLToken] {
    var tokenizer = SQLTokenizer(bytes: Array(text.utf8), dialect: dialect)
    var tokens: [SQLToken] = []
    while let token = tokenizer.next() { tokens.append(token) }
    return tokens
  }

  private init(bytes: [UInt8], dialect: Dialect) {
    self.bytes = bytes
    self.dialect = dialect
  }

  private func byte(_ offset: Int = 0) -> UInt8? {
    bytes.indices.contains(position + offset) ? bytes[position + offset] : nil
  }

  private mutating func next() -> SQLToken? {
    skipBlanks()
    let start = position
    guard let first = byte(), let kind = kind(first) else { return nil }
    return SQLToken(kind: kind, range: start..<position)
  }

  private mutating func skipBlanks() {
    while let first = byte() {
      if first == UInt8(ascii: " ") || (9...13).contains(first) {
        position += 1
      } else if first == UInt8(ascii: "-"), byte(1) == UInt8(ascii: "-") {
        while let next = byte(), next != UInt8(ascii: "\n") { position += 1 }
      } else if first == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
        position += 2
        while let next = byte(), !(next == UInt8(ascii: "*") && byte(1) == UInt8(ascii: "/")) { position += 1 }
        position = min(position + 2, bytes.count)
      } else {
        return
      }
    }
  }

  private mutating func kind(_ first: UInt8) -> SQLToken.Kind? {
    switch first {
    case UInt8(ascii: "'"): return enclosed(UInt8(ascii: "'")).map(SQLToken.Kind.text)
    case UInt8(ascii: "\""): return enclosed(UInt8(ascii: "\"")).map(SQLToken.Kind.quoted)
    case UInt8(ascii: "`") where dialect == .sqlite: return enclosed(UInt8(ascii: "`")).map(SQLToken.Kind.quoted)
    case UInt8(ascii: "[") where dialect == .sqlite:
      return enclosed(UInt8(ascii: "]"), doubles: false).map(SQLToken.Kind.quoted)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(number())
    case UInt8(ascii: ".") where byte(1).map(Self.isDigit) == true: return .number(number())
    case _ where Self.isWord(first): return word()
    default: return .symbol(symbol())
    }
  }

  /// The text up to `end`, which doubled stands for itself; nil without an end.
  private mutating func enclosed(_ end: UInt8, doubles: Bool = true, escapes: Bool = false) -> String? {
    position += 1
    var content: [UInt8] = []
    while let next = byte() {
      position += 1
      if escapes, next == UInt8(ascii: "\\"), let escaped = byte() {
        position += 1
        switch escaped {
        case UInt8(ascii: "n"): content.append(10)
        case UInt8(ascii: "t"): content.append(9)
        case UInt8(ascii: "r"): content.append(13)
        default: content.append(escaped)
        }
      } else if next != end {
        content.append(next)
      } else if doubles, byte() == end {
        position += 1
        content.append(end)
      } else {
        return String(decoding: content, as: UTF8.self)
      }
    }
    return nil
  }

  private mutating func number() -> String {
    let start = position
    while let next = byte() {
      let isSign = next == UInt8(ascii: "+") || next == UInt8(ascii: "-")
      let isExponent = position > start && bytes[position - 1] | 0x20 == UInt8(ascii: "e")
      guard Self.isWord(next) || Self.isDigit(next) || next == UInt8(ascii: ".") || (isSign && isExponent) else {
        break
      }
      position += 1
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func word() -> SQLToken.Kind? {
    let start = position
    while let next = byte(), Self.isWord(next) || Self.isDigit(next) || next == UInt8(ascii: "$") { position += 1 }
    let word = String(decoding: bytes[start..<position], as: UTF8.self)
    guard byte() == UInt8(ascii: "'"), word.utf8.count == 1 else { return .word(word) }
    switch word {
    case "e", "E": return enclosed(UInt8(ascii: "'"), escapes: true).map(SQLToken.Kind.text)
    case "x", "X": return enclosed(UInt8(ascii: "'")).flatMap(Self.hexadecimal).map(SQLToken.Kind.blob)
    case "b", "B": return enclosed(UInt8(ascii: "'")).map(SQLToken.Kind.text)
    default: return .word(word)
    }
  }

  static func hexadecimal(_ digits: some StringProtocol) -> [UInt8]? {
    let values = digits.utf8.map { UInt8(String(UnicodeScalar($0)), radix: 16) }
    guard values.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: values.count, by: 2) {
      guard let high = values[index], let low = values[index + 1] else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static let symbols = [
    "!~~*", "!~~", "~~*", "!~*", "->>", "#>>", "<=", ">=", "<>", "!=", "==", "||", "~~", "!~", "~*", "->", "#>", "@>",
    "<@", "<<", ">>", "&&", "::",
  ].map { Array($0.utf8) }

  private mutating func symbol() -> String {
    let rest = bytes[position...]
    let found = Self.symbols.first { rest.starts(with: $0) }
    let start = position
    position += found?.count ?? 1
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

  private static func isWord(_ byte: UInt8) -> Bool {
    (byte | 0x20 >= 97 && byte | 0x20 <= 122) || byte == UInt8(ascii: "_") || byte >= 0x80
  }
}
