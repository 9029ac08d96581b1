import PillionWire

/// Checks JSON text (RFC 8259) and finds the elements of an array in it, without recursion.
struct JSONScanner {
  /// Arrays and objects inside each other; as SQLite's own limit.
  static let depthLimit = 1_000

  enum Kind { case null, `true`, `false`, number, string, escapedString, array, object }

  private var scanner: ByteScanner
  /// A bit for each open array or object, set for objects.
  private var open = InlineArray<16, UInt64>(repeating: 0)
  private var depth = 0

  init(_ bytes: UnsafeRawBufferPointer) { scanner = ByteScanner(bytes) }

  /// Whether the bytes are one JSON value in UTF-8.
  static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var scanner = JSONScanner(bytes)
    return bytes.isValidUTF8 && scanner.value() != nil && scanner.isAtEnd
  }

  /// Whether nothing but white space is left.
  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return scanner.isAtEnd
    }
  }

  /// Takes white space and this character.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    return scanner.take(character)
  }

  /// Takes one value; nil if there is none. The slice is the value without white space around it.
  mutating func value() -> (kind: Kind, text: UnsafeRawBufferPointer)? {
    skipSpace()
    let start = scanner.position
    depth = 0
    var outermost: Kind?
    while true {
      guard let kind = startOfValue() else { return nil }
      if outermost == nil { outermost = kind }
      guard let isComplete = endOfValue(isOpen: kind == .array || kind == .object) else { return nil }
      if isComplete { break }
    }
    return outermost.map { ($0, UnsafeRawBufferPointer(rebasing: scanner.bytes[start..<scanner.position])) }
  }

  private mutating func skipSpace() {
    while let byte = scanner.peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { scanner.skip() }
  }

  /// Takes a scalar, or opens an array or object.
  private mutating func startOfValue() -> Kind? {
    skipSpace()
    switch scanner.peek {
    case UInt8(ascii: "\""): return string()
    case UInt8(ascii: "["): return push(isObject: false) ? .array : nil
    case UInt8(ascii: "{"): return push(isObject: true) ? .object : nil
    case UInt8(ascii: "n"): return scanner.take(word: "null") ? .null : nil
    case UInt8(ascii: "t"): return scanner.take(word: "true") ? .true : nil
    case UInt8(ascii: "f"): return scanner.take(word: "false") ? .false : nil
    default: return number()
    }
  }

  /// Closes what ends here. False if another value must follow, nil if it is not JSON.
  private mutating func endOfValue(isOpen: Bool) -> Bool? {
    if isOpen {
      skipSpace()
      if scanner.take(isObject ? "}" : "]") {
        depth &-= 1
      } else {
        return !isObject || key() ? false : nil
      }
    }
    while depth > 0 {
      skipSpace()
      if scanner.take(",") {
        return !isObject || key() ? false : nil
      }
      guard scanner.take(isObject ? "}" : "]") else { return nil }
      depth &-= 1
    }
    return true
  }

  private mutating func push(isObject: Bool) -> Bool {
    guard depth < Self.depthLimit else { return false }
    scanner.skip()
    let bit: UInt64 = 1 &<< UInt64(depth & 63)
    if isObject { open[depth >> 6] |= bit } else { open[depth >> 6] &= ~bit }
    depth &+= 1
    return true
  }

  /// Whether the innermost of what is open is an object.
  private var isObject: Bool {
    let index = max(0, depth &- 1)
    return open[index >> 6] & (1 &<< UInt64(index & 63)) != 0
  }

  private mutating func key() -> Bool {
    skipSpace()
    guard string() != nil else { return false }
    skipSpace()
    return scanner.take(":")
  }

  private mutating func string() -> Kind? {
    guard scanner.take("\"") else { return nil }
    var kind = Kind.string
    while let byte = scanner.peek {
      scanner.skip()
      switch byte {
      case UInt8(ascii: "\""): return kind
      case UInt8(ascii: "\\"):
        kind = .escapedString
        guard escape() else { return nil }
      case 0..<0x20: return nil
      default: break
      }
    }
    return nil
  }

  private mutating func escape() -> Bool {
    guard let byte = scanner.peek else { return false }
    scanner.skip()
    switch byte {
    case UInt8(ascii: "u"): return JSONScanner.hexadecimal(&scanner) != nil
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return true
    default: return false
    }
  }

  private mutating func number() -> Kind? {
    _ = scanner.take("-")
    if scanner.take("0") {
      if scanner.digit() != nil { return nil }
    } else if !digits() {
      return nil
    }
    if scanner.take("."), !digits() { return nil }
    if scanner.take("e") || scanner.take("E") {
      if !scanner.take("-") { _ = scanner.take("+") }
      if !digits() { return nil }
    }
    return .number
  }

  private mutating func digits() -> Bool {
    guard scanner.digit() != nil else { return false }
    while scanner.digit() != nil {}
    return true
  }

  private static func hexadecimal(_ scanner: inout ByteScanner) -> UInt32? {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = scanner.peek else { return nil }
      switch byte {
      case 0x30...0x39: value = value &<< 4 | UInt32(byte &- 0x30)
      case 0x41...0x46: value = value &<< 4 | UInt32(byte &- 0x37)
      case 0x61...0x66: value = value &<< 4 | UInt32(byte &- 0x57)
      default: return nil
      }
      scanner.skip()
    }
    return value
  }

  /// The text of a string that `value()` has found, its quotes included; nil if it holds half a surrogate pair.
  static func unescaped(_ string: UnsafeRawBufferPointer) -> [UInt8]? {
    var text: [UInt8] = []
    text.reserveCapacity(string.count)
    var scanner = ByteScanner(string)
    scanner.skip()
    while let byte = scanner.peek, byte != UInt8(ascii: "\"") {
      scanner.skip()
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        continue
      }
      guard let escaped = scanner.peek else { return nil }
      scanner.skip()
      switch escaped {
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0C)
      case UInt8(ascii: "n"): text.append(0x0A)
      case UInt8(ascii: "r"): text.append(0x0D)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "u"):
        guard let character = character(&scanner) else { return nil }
        text.append(contentsOf: Unicode.UTF8.encode(character) ?? Unicode.UTF8.encodedReplacementCharacter)
      default: text.append(escaped)
      }
    }
    return text
  }

  /// The character behind `\u`; the second half of a pair has a `\u` of its own.
  private static func character(_ scanner: inout ByteScanner) -> Unicode.Scalar? {
    guard let high = hexadecimal(&scanner) else { return nil }
    guard (0xD800...0xDBFF).contains(high) else { return Unicode.Scalar(high) }
    guard scanner.take(word: "\\u"), let low = hexadecimal(&scanner), (0xDC00...0xDFFF).contains(low) else {
      return nil
    }
    return Unicode.Scalar(0x10000 &+ (high &- 0xD800) &<< 10 &+ (low &- 0xDC00))
  }

  /// Appends the bytes as a JSON string. UTF-8 stays; what JSON must escape is escaped.
  static func append(string bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        text.append(UInt8(ascii: "\\"))
        text.append(byte)
      case 0..<0x20:
        text.append(contentsOf: "\\u00".utf8)
        text.append(0x30 &+ (byte &>> 4))
        text.append(byte & 15 < 10 ? 0x30 &+ (byte & 15) : 0x57 &+ (byte & 15))
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }
}

extension String {
  /// Whether the text is one JSON value.
  package var isJSON: Bool {
    var text = self
    return text.withUTF8 { JSONScanner.isValid(UnsafeRawBufferPointer($0)) }
  }
}
