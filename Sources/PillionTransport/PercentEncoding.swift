/// The encoding of `grpc-message` (gRPC's `PROTOCOL-HTTP2.md`, "Responses").
enum PercentEncoding {
  private static let hex = Array("0123456789ABCDEF".utf8)

  /// The message that was encoded; a `%` that no two digits follow stands for itself.
  static func decode(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      if byte == UInt8(ascii: "%"), digits.utf8.count == 2, digits.first != "+", let value = UInt8(digits, radix: 16) {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends `message`; bytes outside 0x20–0x7E and `%` become `%XX`. Appends at most `limit` bytes and no part of a
  /// character.
  static func append(_ message: String, to text: inout [UInt8], limit: Int) {
    let end = text.count &+ limit
    for character in message.unicodeScalars {
      let start = text.count
      for byte in UTF8.encode(character) ?? UTF8.encodedReplacementCharacter {
        if byte >= 0x20, byte <= 0x7E, byte != UInt8(ascii: "%") {
          text.append(byte)
        } else {
          text.append(UInt8(ascii: "%"))
          text.append(hex[Int(byte >> 4)])
          text.append(hex[Int(byte & 15)])
        }
      }
      if text.count > end {
        text.removeSubrange(start...)
        return
      }
    }
  }
}
