/// A scalar as written, and what it means by YAML 1.2's core schema (section 10.3.2).
///
/// YAML 1.1's other readings (`no` as false, `017` as 15, `1_000`, `12:30` as 750) are text here, so that no value
/// changes its meaning in silence; messages say how to write what was probably meant.
package struct YAMLScalar: Sendable {
  /// Exactly the scalar's content: `0.10` keeps its zero.
  package var text: String
  /// Whether it stands without quotes, and so may be something else than text.
  var isPlain: Bool

  enum Meaning: Sendable, Hashable {
    case null
    case bool(Bool)
    /// Decimal, `0x` or `0o`; the sign and the magnitude.
    case integer(isNegative: Bool, magnitude: UInt64)
    /// A number that is not whole, or too large for 64 bits.
    case float(Double)
    case text
  }

  var meaning: Meaning {
    guard isPlain else { return .text }
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .float(.infinity)
    case "-.inf", "-.Inf", "-.INF": return .float(-.infinity)
    case ".nan", ".NaN", ".NAN": return .float(.nan)
    default: return integer ?? float ?? .text
    }
  }

  /// What an error message calls the scalar.
  package var kind: String {
    switch meaning {
    case .null: "nothing"
    case .bool, .float(.infinity), .float(-.infinity): excerpt
    case .integer, .float: "the number \(excerpt)"
    case .text: "the text '\(excerpt)'"
    }
  }

  /// The text, cut to what fits a message.
  package var excerpt: String {
    let line = text.prefix { !$0.isNewline }
    return line.count > 40 || line.count < text.count ? line.prefix(40) + "…" : text
  }

  private var integer: Meaning? {
    var digits = text[...]
    let isNegative = digits.hasPrefix("-")
    if isNegative || digits.hasPrefix("+") { digits = digits.dropFirst() }
    var radix = 10
    if digits.count == text.count {
      if digits.hasPrefix("0x") { radix = 16 }
      if digits.hasPrefix("0o") { radix = 8 }
    }
    if radix != 10 { digits = digits.dropFirst(2) }
    guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
    // 017 is 15 to YAML 1.1 and 17 to YAML 1.2: text to us.
    if radix == 10, first == UInt8(ascii: "0"), digits.utf8.count > 1 { return nil }
    return UInt64(digits, radix: radix).map { .integer(isNegative: isNegative && $0 > 0, magnitude: $0) }
  }

  /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, but 017.
  private var float: Meaning? {
    var bytes = text.utf8[...]
    if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { bytes.removeFirst() }
    let isDigit = { (byte: UInt8) in byte >= 48 && byte <= 57 }
    let whole = bytes.prefix(while: isDigit)
    bytes = bytes.dropFirst(whole.count)
    var fraction = whole.prefix(0)
    var hasPoint = false
    if bytes.first == UInt8(ascii: ".") {
      hasPoint = true
      fraction = bytes.dropFirst().prefix(while: isDigit)
      bytes = bytes.dropFirst(1 + fraction.count)
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return nil }
    var hasExponent = false
    if let letter = bytes.first, letter | 0x20 == UInt8(ascii: "e") {
      hasExponent = true
      bytes.removeFirst()
      if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { bytes.removeFirst() }
      guard !bytes.isEmpty, bytes.allSatisfy(isDigit) else { return nil }
      bytes = bytes.suffix(0)
    }
    guard bytes.isEmpty else { return nil }
    if !hasPoint, !hasExponent, whole.first == UInt8(ascii: "0"), whole.count > 1 { return nil }
    // Double wants no point at the end.
    let number = text.utf8.last == UInt8(ascii: ".") ? String(text.dropLast()) : text
    return Double(number.hasPrefix("+") ? String(number.dropFirst()) : number).map { .float($0) }
  }
}
