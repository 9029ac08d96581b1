import PillionSchema

/// Makes values of what a filter says, by the type of the field.
enum FilterLiteral {
  /// Nil if the text is no value of the type.
  static func value(_ text: String, as type: ScalarType) -> DefaultValue? {
    switch type {
    case .bool: text == "true" ? .bool(true) : text == "false" ? .bool(false) : nil
    case .int32: Int32(text).map { .int(Int64($0)) }
    case .int64: Int64(text).map(DefaultValue.int)
    case .uint32: UInt32(text).map { .uint(UInt64($0)) }
    case .uint64: UInt64(text).map(DefaultValue.uint)
    case .float: number(text).flatMap { Float($0).isFinite ? .double($0) : nil }
    case .double: number(text).map(DefaultValue.double)
    case .string: .text(text)
    case .bytes: Base64Text.bytes(text).map(DefaultValue.bytes)
    case .timestamp: (Instant(rfc3339: text)?.description).map(DefaultValue.text)
    case .date: (CalendarDate(iso8601: text)?.description).map(DefaultValue.text)
    case .time: (TimeOfDay(iso8601: text)?.description).map(DefaultValue.text)
    case .duration: (seconds(text) ?? TimeSpan(iso8601: text)).map { .text($0.description) }
    case .decimal: (DecimalText(text)?.description).map(DefaultValue.text)
    case .uuid: UUIDText.canonical(text).map(DefaultValue.text)
    case .json: nil
    }
  }

  /// What a message asks for.
  static func expected(_ type: ScalarType) -> String {
    switch type {
    case .duration: "a duration like 90s or PT1M30S"
    default: type.expectation
    }
  }

  /// A finite decimal number with or without an exponent: Swift's initializer also takes `inf` and hexadecimal.
  static func number(_ text: String) -> Double? {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "e"), UInt8(ascii: "E"):
        true
      default: false
      }
    }
    guard isPlain, let number = Double(text), number.isFinite else { return nil }
    return number
  }

  /// `1.5s`, as protobuf's JSON mapping writes durations.
  private static func seconds(_ text: String) -> TimeSpan? {
    guard text.utf8.last == UInt8(ascii: "s"), let decimal = DecimalText(text.dropLast()),
      let whole = Int64(decimal.integerDigits), decimal.fractionDigits.utf8.count <= 9
    else { return nil }
    let digits = decimal.fractionDigits + String(repeating: "0", count: 9 - decimal.fractionDigits.utf8.count)
    guard let nanoseconds = Int32(digits) else { return nil }
    return TimeSpan(
      seconds: decimal.isNegative ? -whole : whole, nanoseconds: decimal.isNegative ? -nanoseconds : nanoseconds)
  }
}
