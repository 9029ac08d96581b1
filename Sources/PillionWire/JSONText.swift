extension [UInt8] {
  mutating func append(literal: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }

  /// Appends the shortest text that reads back as the same double, integers without a fraction. `number` is finite.
  mutating func append(jsonNumber number: Double) {
    if let integer = Int64(exactly: number), number != 0 || number.sign == .plus {
      append(text: String(integer))
    } else {
      append(text: number.description)
    }
  }

  /// Appends a string of JSON from UTF-8. Only what RFC 8259, section 7 says must be escaped is.
  mutating func append(jsonString bytes: UnsafeRawBufferPointer) {
    append(UInt8(ascii: "\""))
    var start = 0
    for index in 0..<bytes.count {
      let byte = bytes[index]
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
      append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
      start = index &+ 1
      append(UInt8(ascii: "\\"))
      switch byte {
      case 0x08: append(UInt8(ascii: "b"))
      case 0x09: append(UInt8(ascii: "t"))
      case 0x0A: append(UInt8(ascii: "n"))
      case 0x0C: append(UInt8(ascii: "f"))
      case 0x0D: append(UInt8(ascii: "r"))
      case 0x20...: append(byte)
      default:
        append(literal: "u00")
        append(hexDigit: byte &>> 4)
        append(hexDigit: byte & 0x0F)
      }
    }
    append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start...]))
    append(UInt8(ascii: "\""))
  }

  private mutating func append(text: String) {
    var text = text
    text.withUTF8 { append(contentsOf: $0) }
  }

  private mutating func append(hexDigit digit: UInt8) {
    append(digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ digit &- 10)
  }
}
