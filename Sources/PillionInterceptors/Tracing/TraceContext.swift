/// Which trace a call belongs to, and after what in it: W3C Trace Context, level 1.
struct TraceContext: Sendable, Hashable {
  var trace: SpanID.Trace
  /// Of the caller; nil: the trace begins here.
  var parent: SpanID?
  var isSampled: Bool
  /// `tracestate`, passed on as it came.
  var state = ""

  /// Reads a `traceparent`; nil for what section 3.2 calls invalid. Of versions to come, what version 00 has counts.
  init?(traceparent text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 55, bytes[2] == Self.dash, bytes[35] == Self.dash, bytes[52] == Self.dash,
      let version = Hexadecimal.value(bytes[0..<2]), version != 0xFF,
      version == 0 ? bytes.count == 55 : bytes.count == 55 || bytes[55] == Self.dash,
      let high = Hexadecimal.value(bytes[3..<19]), let low = Hexadecimal.value(bytes[19..<35]), high | low != 0,
      let parent = Hexadecimal.value(bytes[36..<52]), parent != 0,
      let flags = Hexadecimal.value(bytes[53..<55])
    else { return nil }
    trace = SpanID.Trace(high: high, low: low)
    self.parent = SpanID(value: parent)
    isSampled = flags & 1 == 1
  }

  /// A trace that begins here.
  init(trace: SpanID.Trace, isSampled: Bool) {
    self.trace = trace
    self.isSampled = isSampled
  }

  /// What is said of a span within this trace, as `traceparent`.
  func traceparent(_ span: SpanID) -> String { "00-\(trace)-\(span)-\(isSampled ? "01" : "00")" }

  private static let dash = UInt8(ascii: "-")

  /// The values of `tracestate` as one; empty for what section 3.3 calls invalid, which is to be forgotten.
  static func state(_ values: [String]) -> String {
    var keys: Set<Substring> = []
    var members: [String] = []
    for member in values.joined(separator: ",").split(separator: ",") {
      let text = member.drop { $0 == " " || $0 == "\t" }
      let trimmed = String(text.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
      if trimmed.isEmpty { continue }
      guard let equals = trimmed.firstIndex(of: "="), isKey(trimmed[..<equals].utf8),
        isValue(trimmed[trimmed.index(after: equals)...].utf8), keys.insert(trimmed[..<equals]).inserted
      else { return "" }
      members.append(trimmed)
    }
    return members.count <= 32 ? members.joined(separator: ",") : ""
  }

  private static func isKey(_ key: Substring.UTF8View) -> Bool {
    guard let first = key.first, key.count <= 256, isLetterOrDigit(first) else { return false }
    return key.allSatisfy { isLetterOrDigit($0) || "_-*/@".utf8.contains($0) }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isValue(_ value: Substring.UTF8View) -> Bool {
    !value.isEmpty && value.count <= 256
      && value.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=") }
  }
}

/// The name of a span within its trace; never zero.
struct SpanID: Sendable, Hashable, CustomStringConvertible {
  /// The name of a trace; never zero.
  struct Trace: Sendable, Hashable, CustomStringConvertible {
    var high: UInt64
    var low: UInt64

    static func random() -> Trace { Trace(high: .random(in: .min ... .max), low: .random(in: 1 ... .max)) }

    var description: String { Hexadecimal.text(high) + Hexadecimal.text(low) }
  }

  var value: UInt64

  static func random() -> SpanID { SpanID(value: .random(in: 1 ... .max)) }

  var description: String { Hexadecimal.text(value) }
}

/// Numbers in lower-case hexadecimal digits, the only ones that `traceparent` has.
enum Hexadecimal {
  /// Sixteen digits.
  static func text(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Nil for anything else; of at most sixteen digits.
  static func value(_ digits: ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit &- UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit &- UInt8(ascii: "a") &+ 10)
      default: return nil
      }
    }
    return value
  }
}
