/// Strings and numbers of JSON text.
extension JSONReader {
  // MARK: Strings

  /// Reads a string at its opening quote; writes length and UTF-8.
  mutating func readString(into writer: inout WireWriter) throws(WireError) {
    index &+= 1
    let mark = writer.beginLengthDelimited()
    while true {
      let start = index
      while index < count {
        let byte = base.load(fromByteOffset: index, as: UInt8.self)
        if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
        index &+= 1
      }
      writer.append(bytes: UnsafeRawBufferPointer(start: base + start, count: index &- start))
      switch next {
      case UInt8(ascii: "\""):
        index &+= 1
        writer.endLengthDelimited(mark)
        return
      case UInt8(ascii: "\\"):
        index &+= 1
        try readEscape(into: &writer)
      default:
        throw unexpected()
      }
    }
  }

  private mutating func readEscape(into writer: inout WireWriter) throws(WireError) {
    let escape = next
    index &+= 1
    switch escape {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): writer.append(byte: escape)
    case UInt8(ascii: "b"): writer.append(byte: 0x08)
    case UInt8(ascii: "f"): writer.append(byte: 0x0C)
    case UInt8(ascii: "n"): writer.append(byte: 0x0A)
    case UInt8(ascii: "r"): writer.append(byte: 0x0D)
    case UInt8(ascii: "t"): writer.append(byte: 0x09)
    case UInt8(ascii: "u"):
      var scalar = try readHex()
      if scalar & 0xFC00 == 0xD800 {
        guard next == UInt8(ascii: "\\") else { throw halfPair }
        index &+= 1
        guard next == UInt8(ascii: "u") else { throw halfPair }
        index &+= 1
        let low = try readHex()
        guard low & 0xFC00 == 0xDC00 else { throw halfPair }
        scalar = 0x10000 &+ (scalar & 0x3FF) &<< 10 &+ low & 0x3FF
      }
      guard let character = Unicode.Scalar(scalar) else { throw halfPair }
      for unit in String(character).utf8 { writer.append(byte: unit) }
    default:
      throw WireError("JSON text has an unknown escape")
    }
  }

  private var halfPair: WireError { WireError("JSON text has half a surrogate pair") }

  private mutating func readHex() throws(WireError) -> UInt32 {
    var number: UInt32 = 0
    for _ in 0..<4 {
      let digit: UInt8
      switch next {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = next &- UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = next &- UInt8(ascii: "a") &+ 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = next &- UInt8(ascii: "A") &+ 10
      default: throw unexpected()
      }
      number = number &<< 4 | UInt32(digit)
      index &+= 1
    }
    return number
  }

  // MARK: Numbers

  /// `-? (0 | [1-9][0-9]*) (\.[0-9]+)? ([eE][+-]?[0-9]+)?`
  mutating func readNumber() throws(WireError) -> Double {
    let start = index
    let isNegative = next == UInt8(ascii: "-")
    if isNegative { index &+= 1 }
    let firstDigit = next
    let digits = readDigits()
    guard digits > 0, digits == 1 || firstDigit != UInt8(ascii: "0") else {
      if digits > 0 { throw WireError("JSON text has a number with a leading zero") }
      throw unexpected()
    }
    var isInteger = true
    if next == UInt8(ascii: ".") {
      isInteger = false
      index &+= 1
      guard readDigits() > 0 else { throw unexpected() }
    }
    if next | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      index &+= 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { index &+= 1 }
      guard readDigits() > 0 else { throw unexpected() }
    }
    if isInteger && digits <= 15 {
      // Exact: below 2^53.
      var number: Int64 = 0
      for offset in (index &- digits)..<index {
        number = number &* 10 &+ Int64(base.load(fromByteOffset: offset, as: UInt8.self) &- UInt8(ascii: "0"))
      }
      return isNegative ? -Double(number) : Double(number)
    }
    let text = String(decoding: UnsafeRawBufferPointer(start: base + start, count: index &- start), as: UTF8.self)
    guard let number = Double(text), number.isFinite else {
      throw WireError("JSON text has a number that is too large for a double")
    }
    return number
  }

  private mutating func readDigits() -> Int {
    let start = index
    while case UInt8(ascii: "0")...UInt8(ascii: "9") = next { index &+= 1 }
    return index &- start
  }
}
