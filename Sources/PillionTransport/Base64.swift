/// Base64 as `-bin` metadata uses it (gRPC's `PROTOCOL-HTTP2.md`): written without padding, read with or without.
enum Base64 {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// 255 for a byte that is no digit.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
    return values
  }()

  static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
    text.reserveCapacity(text.count + (bytes.count * 4 + 2) / 3)
    var index = 0
    while index + 2 < bytes.count {
      let word = Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2])
      text.append(digits[word >> 18])
      text.append(digits[word >> 12 & 63])
      text.append(digits[word >> 6 & 63])
      text.append(digits[word & 63])
      index += 3
    }
    switch bytes.count - index {
    case 1:
      text.append(digits[Int(bytes[index]) >> 2])
      text.append(digits[Int(bytes[index]) << 4 & 63])
    case 2:
      let word = Int(bytes[index]) << 8 | Int(bytes[index + 1])
      text.append(digits[word >> 10])
      text.append(digits[word >> 4 & 63])
      text.append(digits[word << 2 & 63])
    default:
      break
    }
  }

  /// nil for anything that is not base64; bits left over in the last digit are ignored.
  static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 3 / 4)
    var word = 0
    var digitCount = 0
    var padding = 0
    for character in text {
      if character == UInt8(ascii: "=") {
        padding += 1
        continue
      }
      let value = values[Int(character)]
      guard value != 255, padding == 0 else { return nil }
      word = (word << 6 | Int(value)) & 0xFF_FFFF
      digitCount += 1
      if digitCount & 3 == 0 {
        bytes.append(UInt8(word >> 16))
        bytes.append(UInt8(word >> 8 & 255))
        bytes.append(UInt8(word & 255))
      }
    }
    let rest = digitCount & 3
    guard padding == 0 || (padding <= 2 && rest + padding == 4) else { return nil }
    switch rest {
    case 0: break
    case 2: bytes.append(UInt8(word >> 4 & 255))
    case 3:
      bytes.append(UInt8(word >> 10 & 255))
      bytes.append(UInt8(word >> 2 & 255))
    default: return nil
    }
    return bytes
  }
}
