/// Base64 with padding (RFC 4648, section 4): how JSON text holds bytes.
enum Base64 {
  static func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
    var index = 0
    while index < bytes.count {
      let left = bytes.count &- index
      var group = UInt32(bytes[index]) &<< 16
      if left > 1 { group |= UInt32(bytes[index &+ 1]) &<< 8 }
      if left > 2 { group |= UInt32(bytes[index &+ 2]) }
      text.append(character(group &>> 18))
      text.append(character(group &>> 12))
      text.append(left > 1 ? character(group &>> 6) : UInt8(ascii: "="))
      text.append(left > 2 ? character(group) : UInt8(ascii: "="))
      index &+= 3
    }
  }

  /// The bytes that the text stands for; nil if it is not base64. Padding may be missing.
  static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    var count = text.count
    while count > 0 && text.count &- count < 2 && text[count &- 1] == UInt8(ascii: "=") { count &-= 1 }
    guard count % 4 != 1, count == text.count || text.count % 4 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count / 4 &* 3 &+ 2)
    var buffer: UInt32 = 0
    var bits: UInt32 = 0
    for index in 0..<count {
      guard let value = value(text[index]) else { return nil }
      buffer = buffer &<< 6 | value
      bits &+= 6
      if bits >= 8 {
        bits &-= 8
        bytes.append(UInt8(truncatingIfNeeded: buffer &>> bits))
      }
    }
    return bytes
  }

  private static func character(_ value: UInt32) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: value & 63)
    return switch value {
    case 0..<26: value &+ 65
    case 26..<52: value &+ 71
    case 52..<62: value &- 4
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
  }

  private static func value(_ character: UInt8) -> UInt32? {
    switch character {
    case 65...90: UInt32(character) &- 65
    case 97...122: UInt32(character) &- 71
    case 48...57: UInt32(character) &+ 4
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
