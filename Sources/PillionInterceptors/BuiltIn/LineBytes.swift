/// Texts and numbers as bytes of a log line, no `String` made on the way.
extension [UInt8] {
  mutating func append(_ text: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func append(decimal number: Int) {
    if number < 10 { return append(UInt8(ascii: "0") + UInt8(Swift.max(0, number))) }
    var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
    Swift.withUnsafeMutableBytes(of: &digits) { digits in
      var start = digits.count
      var rest = number
      while rest > 0 {
        start -= 1
        digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
      }
      append(contentsOf: digits[start...])
    }
  }

  mutating func append(padded number: Int, _ width: Int) {
    var limit = 10
    for _ in 1..<width {
      if number < limit { append(UInt8(ascii: "0")) }
      limit *= 10
    }
    append(decimal: number)
  }

  /// Nanoseconds as milliseconds with three places.
  mutating func append(milliseconds nanoseconds: Int64) {
    let microseconds = Int(Swift.max(0, nanoseconds) / 1000)
    append(decimal: microseconds / 1000)
    append(UInt8(ascii: "."))
    append(padded: microseconds % 1000, 3)
  }

  /// A text in quotes that has nothing to escape.
  mutating func append(quoted text: String) {
    append(UInt8(ascii: "\""))
    append(contentsOf: text.utf8)
    append(UInt8(ascii: "\""))
  }

  /// A JSON string; control characters cannot break the line.
  mutating func append(json text: String) {
    append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { bytes in
      if bytes.allSatisfy(Self.isPlain) {
        append(contentsOf: bytes)
      } else {
        appendEscaped(bytes)
      }
    }
    append(UInt8(ascii: "\""))
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  private mutating func appendEscaped(_ bytes: UnsafeBufferPointer<UInt8>) {
    var previous: UInt8 = 0
    for byte in bytes {
      // U+0080 to U+009F are control characters too: two bytes, the second below 0xA0.
      if previous == 0xC2, byte < 0xA0 {
        removeLast()
        appendEscape(byte)
      } else if Self.isPlain(byte) || byte >= 0x80 {
        append(byte)
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        append(UInt8(ascii: "\\"))
        append(byte)
      } else {
        appendEscape(byte)
      }
      previous = byte
    }
  }

  private mutating func appendEscape(_ value: UInt8) {
    append("\\u00")
    for digit in [value >> 4, value & 15] {
      append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
}
