/// The value of `grpc-timeout`: one to eight digits and a unit (gRPC's `PROTOCOL-HTTP2.md`, "Requests").
enum GRPCTimeout {
  /// Nanoseconds, at most `Int64.max` of them; nil when `text` is not a timeout. Zero is one that has run out.
  static func nanoseconds(_ text: UnsafeBufferPointer<UInt8>) -> UInt64? {
    guard text.count >= 2, text.count <= 9 else { return nil }
    var value: UInt64 = 0
    for digit in text.dropLast() {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      value = value * 10 + UInt64(digit - UInt8(ascii: "0"))
    }
    let unit: UInt64
    switch text[text.count - 1] {
    case UInt8(ascii: "H"): unit = 3_600_000_000_000
    case UInt8(ascii: "M"): unit = 60_000_000_000
    case UInt8(ascii: "S"): unit = 1_000_000_000
    case UInt8(ascii: "m"): unit = 1_000_000
    case UInt8(ascii: "u"): unit = 1_000
    case UInt8(ascii: "n"): unit = 1
    default: return nil
    }
    let (product, overflow) = value.multipliedReportingOverflow(by: unit)
    return overflow ? UInt64(Int64.max) : min(product, UInt64(Int64.max))
  }
}
