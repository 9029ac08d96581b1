/// The 128 bits of a UUID (RFC 9562).
struct UUIDBytes: Equatable {
  let high: UInt64
  let low: UInt64

  /// `8-4-4-4-12` hexadecimal digits, or 32 of them without dashes, in either case.
  init?(text bytes: UnsafeRawBufferPointer) {
    let hasDashes = bytes.count == 36
    guard hasDashes || bytes.count == 32 else { return nil }
    var words: (UInt64, UInt64) = (0, 0)
    var digits = 0
    for index in 0..<bytes.count {
      let byte = bytes[index]
      if hasDashes && (index == 8 || index == 13 || index == 18 || index == 23) {
        if byte != UInt8(ascii: "-") { return nil }
        continue
      }
      guard let nibble = Self.nibble(byte) else { return nil }
      if digits < 16 { words.0 = words.0 &<< 4 | nibble } else { words.1 = words.1 &<< 4 | nibble }
      digits &+= 1
    }
    (high, low) = words
  }

  /// 16 bytes in network order.
  init?(binary bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 16 else { return nil }
    high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
    low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
  }

  /// Lower case, with dashes or without.
  func text(hasDashes: Bool = true) -> ShortText {
    var text = ShortText()
    if hasDashes {
      text.append(hexadecimal: high &>> 32, width: 8)
      text.append("-")
      text.append(hexadecimal: high &>> 16, width: 4)
      text.append("-")
      text.append(hexadecimal: high, width: 4)
      text.append("-")
      text.append(hexadecimal: low &>> 48, width: 4)
      text.append("-")
      text.append(hexadecimal: low, width: 12)
    } else {
      text.append(hexadecimal: high, width: 16)
      text.append(hexadecimal: low, width: 16)
    }
    return text
  }

  var binary: ShortText {
    var binary = ShortText()
    binary.append(bigEndian: high)
    binary.append(bigEndian: low)
    return binary
  }

  private static func nibble(_ byte: UInt8) -> UInt64? {
    switch byte {
    case 0x30...0x39: UInt64(byte &- 0x30)
    case 0x41...0x46: UInt64(byte &- 0x37)
    case 0x61...0x66: UInt64(byte &- 0x57)
    default: nil
    }
  }
}
