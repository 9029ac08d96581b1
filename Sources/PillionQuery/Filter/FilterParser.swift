/// Reads a filter's text: AIP-160's grammar, with OR binding tighter than AND.
///
/// It works on bytes and goes over them once.
struct FilterParser {
  /// Where reading stopped and why.
  struct Problem: Error {
    var offset: Int
    var message: String
  }

  private let bytes: [UInt8]
  private let limits: FilterLimits
  /// Whether `claims.…`, `principal` and `peer.…` are values.
  private let knowsCaller: Bool
  private var offset = 0
  private var depth = 0
  private var terms = 0

  private init(_ bytes: [UInt8], limits: FilterLimits, knowsCaller: Bool) {
    self.bytes = bytes
    self.limits = limits
    self.knowsCaller = knowsCaller
  }

  /// Nil for a filter that says nothing.
  static func parse(
    _ bytes: [UInt8], limits: FilterLimits, knowsCaller: Bool = false
  ) throws(Problem) -> FilterSyntax? {
    guard bytes.count <= limits.maximumBytes else {
      throw Problem(
        offset: limits.maximumBytes,
        message: "the filter has \(bytes.count) bytes, at most \(limits.maximumBytes) are allowed")
    }
    var parser = FilterParser(bytes, limits: limits, knowsCaller: knowsCaller)
    parser.skipSpace()
    if parser.isAtEnd { return nil }
    let syntax = try parser.expression()
    guard parser.isAtEnd else { throw parser.unexpected("AND, OR or the end") }
    return syntax
  }

  // MARK: Expressions

  /// `sequence {AND sequence}`
  private mutating func expression() throws(Problem) -> FilterSyntax {
    let first = try sequence()
    guard acceptKeyword("AND") else { return first }
    var parts = [first]
    repeat { parts.append(try sequence()) } while acceptKeyword("AND")
    return .all(parts)
  }

  /// `factor {factor}`: side by side means AND, before the word does.
  private mutating func sequence() throws(Problem) -> FilterSyntax {
    let first = try factor()
    guard isAtFactor else { return first }
    var parts = [first]
    repeat { parts.append(try factor()) } while isAtFactor
    return .all(parts)
  }

  private var isAtFactor: Bool {
    !isAtEnd && peek != UInt8(ascii: ")") && !isAtKeyword("AND") && !isAtKeyword("OR")
  }

  /// `term {OR term}`
  private mutating func factor() throws(Problem) -> FilterSyntax {
    let first = try term()
    guard acceptKeyword("OR") else { return first }
    var parts = [first]
    repeat { parts.append(try term()) } while acceptKeyword("OR")
    return .any(parts)
  }

  /// `[NOT | -] simple`
  private mutating func term() throws(Problem) -> FilterSyntax {
    skipSpace()
    if accept(UInt8(ascii: "-")) || acceptKeyword("NOT") {
      return .not(try nested { (parser) throws(Problem) in try parser.simple() })
    }
    return try simple()
  }

  /// `restriction | (expression)`
  private mutating func simple() throws(Problem) -> FilterSyntax {
    skipSpace()
    guard accept(UInt8(ascii: "(")) else { return .restriction(try restriction()) }
    let inner = try nested { (parser) throws(Problem) in try parser.expression() }
    guard accept(UInt8(ascii: ")")) else { throw unexpected("AND, OR or `)`") }
    skipSpace()
    return inner
  }

  private mutating func nested<Result>(
    _ body: (inout FilterParser) throws(Problem) -> Result
  ) throws(Problem) -> Result {
    depth += 1
    guard depth <= limits.maximumDepth else {
      throw Problem(offset: offset, message: "the filter is nested deeper than \(limits.maximumDepth) levels")
    }
    let result = try body(&self)
    depth -= 1
    return result
  }

  // MARK: Comparisons

  private mutating func restriction() throws(Problem) -> FilterSyntax.Restriction {
    try countTerm()
    let subject = try subject()
    skipSpace()
    let start = offset
    guard let comparator = try comparator() else { return FilterSyntax.Restriction(subject: subject) }
    return FilterSyntax.Restriction(subject: subject, comparison: (comparator, try argument(), start))
  }

  private mutating func subject() throws(Problem) -> FilterSyntax.Subject {
    if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") { return .literal(try quoted()) }
    if isAtAnyKeyword { throw unexpected("a comparison") }
    var names = [try name("a comparison")]
    if accept(UInt8(ascii: "(")) { return .call(names[0], try callArguments()) }
    try members(&names)
    return .member(names)
  }

  /// The names behind the first, each with a `.` before it.
  private mutating func members(_ names: inout [FilterSyntax.Name]) throws(Problem) {
    while accept(UInt8(ascii: ".")) {
      guard peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") else {
        names.append(try name("a name behind the `.`"))
        continue
      }
      let literal = try quoted()
      names.append(FilterSyntax.Name(text: literal.text, offset: literal.offset))
    }
  }

  private mutating func name(_ expected: String) throws(Problem) -> FilterSyntax.Name {
    let start = offset
    while let byte = peek, Self.isNamePart(byte) { offset += 1 }
    guard offset > start else { throw unexpected(expected) }
    return FilterSyntax.Name(text: String(decoding: bytes[start..<offset], as: UTF8.self), offset: start)
  }

  /// Behind the `(` of a function.
  private mutating func callArguments() throws(Problem) -> [FilterSyntax.Literal] {
    var arguments: [FilterSyntax.Literal] = []
    skipSpace()
    if accept(UInt8(ascii: ")")) { return arguments }
    repeat {
      try countTerm()
      arguments.append(try literal())
      skipSpace()
    } while accept(UInt8(ascii: ","))
    guard accept(UInt8(ascii: ")")) else { throw unexpected("`,` or `)`") }
    return arguments
  }

  private mutating func comparator() throws(Problem) -> Comparator? {
    let start = offset
    switch peek {
    case UInt8(ascii: "="):
      offset += 1
      return .equal
    case UInt8(ascii: ":"):
      offset += 1
      return .has
    case UInt8(ascii: "<"):
      offset += 1
      return accept(UInt8(ascii: "=")) ? .lessOrEqual : .less
    case UInt8(ascii: ">"):
      offset += 1
      return accept(UInt8(ascii: "=")) ? .greaterOrEqual : .greater
    case UInt8(ascii: "!"):
      offset += 1
      guard accept(UInt8(ascii: "=")) else {
        throw Problem(offset: start, message: "expected `!=`, found `!`")
      }
      return .notEqual
    default: return nil
    }
  }

  // MARK: Values

  /// One value, or an expression of values in parentheses.
  private mutating func argument() throws(Problem) -> FilterSyntax.Argument {
    skipSpace()
    guard accept(UInt8(ascii: "(")) else {
      if let names = try callerNames() { return .caller(names) }
      let literal = try literal()
      skipSpace()
      return .literal(literal)
    }
    let inner = try nested { (parser) throws(Problem) in try parser.argumentExpression() }
    guard accept(UInt8(ascii: ")")) else { throw unexpected("AND, OR or `)`") }
    skipSpace()
    return inner
  }

  /// `claims.org.id`, `principal` or `peer.address`, where these are values.
  private mutating func callerNames() throws(Problem) -> [FilterSyntax.Name]? {
    guard knowsCaller, let byte = peek, Self.isNamePart(byte) else { return nil }
    let start = offset
    var names = [try name("a value")]
    guard CallerValue.isRoot(names[0].text) else {
      offset = start
      return nil
    }
    try members(&names)
    skipSpace()
    return names
  }

  /// As `expression`, of values; `-` is a number's sign here.
  private mutating func argumentExpression() throws(Problem) -> FilterSyntax.Argument {
    var sequences: [FilterSyntax.Argument] = []
    repeat {
      repeat {
        var alternatives = [try argumentTerm()]
        while acceptKeyword("OR") { alternatives.append(try argumentTerm()) }
        sequences.append(alternatives.count == 1 ? alternatives[0] : .any(alternatives))
      } while !isAtEnd && peek != UInt8(ascii: ")") && !isAtKeyword("AND")
    } while acceptKeyword("AND")
    return sequences.count == 1 ? sequences[0] : .all(sequences)
  }

  private mutating func argumentTerm() throws(Problem) -> FilterSyntax.Argument {
    skipSpace()
    if acceptKeyword("NOT") {
      return .not(try nested { (parser) throws(Problem) in try parser.argumentTerm() })
    }
    try countTerm()
    return try argument()
  }

  private mutating func literal() throws(Problem) -> FilterSyntax.Literal {
    skipSpace()
    if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") { return try quoted() }
    if isAtAnyKeyword { throw unexpected("a value") }
    let start = offset
    while let byte = peek, Self.isValuePart(byte) { offset += 1 }
    guard offset > start else { throw unexpected("a value") }
    if peek == UInt8(ascii: "(") {
      throw Problem(offset: start, message: "expected a value, found a function")
    }
    let text = bytes[start..<offset]
    let hasWildcard = text.contains(UInt8(ascii: "*"))
    let parts = hasWildcard ? text.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false) : [text]
    return FilterSyntax.Literal(
      parts: parts.map { String(decoding: $0, as: UTF8.self) }, isQuoted: false, offset: start)
  }

  /// Text in quotes of either kind, with `\` before what would mean something else.
  private mutating func quoted() throws(Problem) -> FilterSyntax.Literal {
    let start = offset
    let quote = bytes[offset]
    offset += 1
    var parts: [String] = []
    var part: [UInt8] = []
    while let byte = peek {
      offset += 1
      switch byte {
      case quote:
        parts.append(String(decoding: part, as: UTF8.self))
        return FilterSyntax.Literal(parts: parts, isQuoted: true, offset: start)
      case UInt8(ascii: "*"):
        parts.append(String(decoding: part, as: UTF8.self))
        part = []
      case UInt8(ascii: "\\"):
        part.append(try escaped())
      default: part.append(byte)
      }
    }
    throw Problem(offset: start, message: "the text in quotes has no end")
  }

  private mutating func escaped() throws(Problem) -> UInt8 {
    guard let byte = peek else { throw Problem(offset: offset, message: "expected a character behind `\\`") }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "*"): return byte
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "r"): return 0x0D
    default:
      throw Problem(
        offset: offset - 2, message: "unknown escape; `\\` stands before `\"`, `'`, `\\`, `*`, `n`, `t` or `r`")
    }
  }

  // MARK: Bytes

  private var isAtEnd: Bool { offset >= bytes.count }
  private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func countTerm() throws(Problem) {
    terms += 1
    guard terms <= limits.maximumTerms else {
      throw Problem(offset: offset, message: "the filter has more than \(limits.maximumTerms) terms")
    }
  }

  private mutating func accept(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    offset += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, Self.isSpace(byte) { offset += 1 }
  }

  /// Takes a keyword that stands by itself; words are upper case, so that `or` may be a name.
  private mutating func acceptKeyword(_ word: StaticString) -> Bool {
    skipSpace()
    guard isAtKeyword(word) else { return false }
    offset += word.utf8CodeUnitCount
    skipSpace()
    return true
  }

  private var isAtAnyKeyword: Bool { isAtKeyword("AND") || isAtKeyword("OR") || isAtKeyword("NOT") }

  private func isAtKeyword(_ word: StaticString) -> Bool {
    word.withUTF8Buffer { word in
      guard bytes.count - offset >= word.count else { return false }
      for index in word.indices where bytes[offset + index] != word[index] { return false }
      let next = offset + word.count
      return next == bytes.count || !Self.isNamePart(bytes[next]) && bytes[next] != UInt8(ascii: ".")
    }
  }

  private func unexpected(_ expected: String) -> Problem {
    guard let byte = peek else { return Problem(offset: offset, message: "expected \(expected), found the end") }
    var end = offset + 1
    if Self.isNamePart(byte) {
      while end < bytes.count, end - offset < 64, Self.isNamePart(bytes[end]) { end += 1 }
    } else if byte >= 0x80 {
      while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
    }
    let found = String(decoding: bytes[offset..<end], as: UTF8.self)
    return Problem(offset: offset, message: "expected \(expected), found `\(found)`")
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
  }

  /// What a bare value is made of: also the signs of times and numbers.
  static func isValuePart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "'"),
      UInt8(ascii: "="), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "!"):
      false
    default: !isSpace(byte)
    }
  }

  /// What a name is made of.
  private static func isNamePart(_ byte: UInt8) -> Bool {
    isValuePart(byte) && byte != UInt8(ascii: ".") && byte != UInt8(ascii: ":")
  }
}
