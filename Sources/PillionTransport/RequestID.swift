/// The name of a call: the client's own, or 64 bits of the server's, which become text only where they are written.
package enum RequestID: Sendable {
  case none
  /// As text these are 16 hexadecimal digits.
  case made(UInt64)
  case given(String)

  package init(_ text: String?) { self = text.map { .given($0) } ?? .none }

  package var text: String? {
    if case .none = self { return nil }
    return withBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// Lends the bytes of the text until `body` returns.
  @inlinable
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    switch self {
    case .none: return body(UnsafeRawBufferPointer(start: nil, count: 0))
    case .made(let number):
      let digits = (
        Self.digits(of: UInt32(truncatingIfNeeded: number >> 32)), Self.digits(of: UInt32(truncatingIfNeeded: number))
      )
      return withUnsafeBytes(of: digits, body)
    case .given(var text): return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
  }

  /// Eight hexadecimal digits in the order of memory, all of them made at once.
  @usableFromInline
  static func digits(of number: UInt32) -> UInt64 {
    // Every half-byte in a byte of its own.
    var values = UInt64(number)
    values = (values | values << 16) & 0x0000_FFFF_0000_FFFF
    values = (values | values << 8) & 0x00FF_00FF_00FF_00FF
    values = (values | values << 4) & 0x0F0F_0F0F_0F0F_0F0F
    // 1 where it is 10 or more: there the digit is a letter.
    let letters = (values &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    let distance = UInt64(UInt8(ascii: "a") - UInt8(ascii: "0") - 10)
    return (values &+ 0x3030_3030_3030_3030 &+ letters &* distance).bigEndian
  }
}
