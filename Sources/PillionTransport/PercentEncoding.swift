/// The encoding of `grpc-message` (gRPC's `PROTOCOL-HTTP2.md`, "Responses").
enum PercentEncoding {
  private static let hex = Array("0123456789ABCDEF".utf8)

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
