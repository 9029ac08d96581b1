/// Reads JSON (RFC 8259) into claims, strictly: two members of one name, which readers understand differently, text
/// behind the value, lone surrogates and bytes that are not UTF-8 are errors.
package struct JSONClaims {
  package struct Malformed: Error, Sendable {}

  private static let maximumDepth = 32

  private let bytes: ArraySlice<UInt8>
  private var offset: Int
  private var depth = 0

  private init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    offset = bytes.startIndex
  }

  package static func parse(_ bytes: [UInt8]) throws(Malformed) -> ClaimValue {
    var reader = JSONClaims(bytes[...])
    let value = try reader.value()
    reader.skipSpace()
    guard reader.offset == reader.bytes.endIndex else { throw Malformed() }
    return value
  }

  private var peek: UInt8? { offset < bytes.endIndex ? bytes[offset] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { offset += 1 }
  }

  private mutating func accept(_ byte: UInt8) -> Bool {
    skipSpace()
    guard peek == byte else { return false }
    offset += 1
    return true
  }

  private mutating func value() throws(Malformed) -> ClaimValue {
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["): return .array(try array())
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ text: StaticString, _ value: ClaimValue) throws(Malformed) -> ClaimValue {
    let end = offset + text.utf8CodeUnitCount
    let isSame = end <= bytes.endIndex && text.withUTF8Buffer { $0.elementsEqual(bytes[offset..<end]) }
    guard isSame else { throw Malformed() }
    offset = end
    return value
  }

  private mutating func enter() throws(Malformed) {
    depth += 1
    guard depth <= Self.maximumDepth else { throw Malformed() }
    offset += 1
  }

  private mutating func object() throws(Malformed) -> [String: ClaimValue] {
    try enter()
    defer { depth -= 1 }
    var members: [String: ClaimValue] = [:]
    if accept(UInt8(ascii: "}")) { return members }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw Malformed() }
      let name = try string()
      guard accept(UInt8(ascii: ":")) else { throw Malformed() }
      let value = try value()
      guard members.updateValue(value, forKey: name) == nil else { throw Malformed() }
    } while accept(UInt8(ascii: ","))
    guard accept(UInt8(ascii: "}")) else { throw Malformed() }
    return members
  }

  private mutating func array() throws(Malformed) -> [ClaimValue] {
    try enter()
    defer { depth -= 1 }
    var items: [ClaimValue] = []
    if accept(UInt8(ascii: "]")) { return items }
    repeat { items.append(try value()) } while accept(UInt8(ascii: ","))
    guard accept(UInt8(ascii: "]")) else { throw Malformed() }
    return items
  }

  private mutating func string() throws(Malformed) -> String {
    offset += 1
    var text: [UInt8] = []
    while let byte = peek {
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: text, as: UTF8.self) else { throw Malformed() }
        return text
      case UInt8(ascii: "\\"): try escape(into: &text)
      case ..<0x20: throw Malformed()
      default: text.append(byte)
      }
    }
    throw Malformed()
  }

  private mutating func escape(into text: inout [UInt8]) throws(Malformed) {
    guard let byte = peek else { throw Malformed() }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if code & 0xFC00 == 0xD800 {
        guard peek == UInt8(ascii: "\\") else { throw Malformed() }
        offset += 1
        guard peek == UInt8(ascii: "u") else { throw Malformed() }
        offset += 1
        let low = try hexadecimal()
        guard low & 0xFC00 == 0xDC00 else { throw Malformed() }
        code = 0x10000 + (code & 0x3FF) << 10 + (low & 0x3FF)
      }
      guard let scalar = Unicode.Scalar(code) else { throw Malformed() }
      text.append(contentsOf: Character(scalar).utf8)
    default: throw Malformed()
    }
  }

  private mutating func hexadecimal() throws(Malformed) -> UInt32 {
    guard bytes.endIndex - offset >= 4 else { throw Malformed() }
    var code: UInt32 = 0
    for byte in bytes[offset..<offset + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw Malformed() }
      code = code << 4 | UInt32(digit)
    }
    offset += 4
    return code
  }

  private mutating func number() throws(Malformed) -> ClaimValue {
    let start = offset
    if peek == UInt8(ascii: "-") { offset += 1 }
    let whole = digits()
    guard whole > 0, whole == 1 || bytes[offset - whole] != UInt8(ascii: "0") else { throw Malformed() }
    var isWhole = true
    if peek == UInt8(ascii: ".") {
      offset += 1
      isWhole = false
      guard digits() > 0 else { throw Malformed() }
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      offset += 1
      isWhole = false
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { offset += 1 }
      guard digits() > 0 else { throw Malformed() }
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isWhole, let number = Int64(text) { return .int(number) }
    guard let number = Double(text), number.isFinite else { throw Malformed() }
    return .double(number)
  }

  /// How many there were.
  private mutating func digits() -> Int {
    let start = offset
    while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { offset += 1 }
    return offset - start
  }
}

extension ClaimValue {
  /// The members of an object; nil for anything else.
  package var members: [String: ClaimValue]? {
    if case .object(let members) = self { return members }
    return nil
  }

  package var text: String? {
    if case .string(let text) = self { return text }
    return nil
  }
}
