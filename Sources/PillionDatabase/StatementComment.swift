/// What a statement tells of the call that it is for, as sqlcommenter writes it: ` /*request_id='x'*/` behind the SQL.
///
/// Servers show it where they show statements: in `pg_stat_activity` and in their log.
package enum StatementComment {
  private static let hex = Array("0123456789ABCDEF".utf8)

  /// Every byte but letters, digits, `-`, `.`, `_` and `~` becomes `%XX`: nothing ends the quotation or the comment.
  package static func text(requestID: String) -> String {
    var bytes = Array(" /*request_id='".utf8)
    for byte in requestID.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      default: bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes + Array("'*/".utf8), as: UTF8.self)
  }
}
