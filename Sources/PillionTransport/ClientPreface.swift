/// The first 24 bytes of a client that speaks HTTP/2 (RFC 9113 §3.4).
enum ClientPreface {
  enum Match {
    /// So many bytes have matched; more must come.
    case partial(Int)
    /// All have; so many bytes of the input belong to it.
    case complete(used: Int)
    /// It is something else, to be answered with this text.
    case other(answer: String?)
  }

  private static let bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  /// Who sends so much of it means HTTP/2.
  private static let requestLineLength = 14

  /// Compares what comes after the first `matched` bytes.
  static func match(_ input: UnsafeRawBufferPointer, after matched: Int) -> Match {
    var position = matched
    for byte in input {
      guard byte == bytes[position] else {
        let isHTTP1 = position < requestLineLength && looksLikeHTTP1(input, after: matched)
        return .other(answer: isHTTP1 ? answerForHTTP1 : nil)
      }
      position += 1
      if position == bytes.count { return .complete(used: position - matched) }
    }
    return .partial(position)
  }

  /// A method's capital letters and a space; a TLS hello or noise is not answered.
  private static func looksLikeHTTP1(_ input: UnsafeRawBufferPointer, after matched: Int) -> Bool {
    let start = bytes[..<min(matched, 8)] + input.prefix(8)
    guard let space = start.firstIndex(of: UInt8(ascii: " ")), space > 2 else { return false }
    return start[..<space].allSatisfy { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") }
  }

  private static let answerForHTTP1 = {
    let body = "This port speaks gRPC over HTTP/2.\n"
    return "HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Type: text/plain\r\n"
      + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
  }()
}
