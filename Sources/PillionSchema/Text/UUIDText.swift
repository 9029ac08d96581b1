/// The text forms of a UUID (RFC 9562, section 4).
package enum UUIDText {
  /// `8-4-4-4-12` in lower case from either that form or 32 digits without dashes, in any case; nil for anything else.
  package static func canonical(_ text: some StringProtocol) -> String? {
    var digits: [UInt8] = []
    let bytes = Array(text.utf8)
    guard bytes.count == 36 || bytes.count == 32 else { return nil }
    for (index, byte) in bytes.enumerated() {
      if bytes.count == 36, [8, 13, 18, 23].contains(index) {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): digits.append(byte)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digits.append(byte | 0x20)
      default: return nil
      }
    }
    var canonical: [UInt8] = []
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { canonical.append(UInt8(ascii: "-")) }
      canonical.append(digit)
    }
    return String(decoding: canonical, as: UTF8.self)
  }
}
