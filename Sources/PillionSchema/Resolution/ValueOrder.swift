extension DefaultValue {
  /// Whether this comes before `other`, both being values of `type`; nil if the type has no order or a value is not a
  /// number.
  package func isLess(than other: DefaultValue, as type: ScalarType) -> Bool? {
    switch (self, other) {
    case (.int(let one), .int(let other)): return one < other
    case (.uint(let one), .uint(let other)): return one < other
    case (.double(let one), .double(let other)): return one.isNaN || other.isNaN ? nil : one < other
    case (.text(let one), .text(let other)):
      switch type {
      case .decimal: return DecimalText(one).flatMap { left in DecimalText(other).map { left < $0 } }
      case .timestamp: return Instant(rfc3339: one).flatMap { left in Instant(rfc3339: other).map { left < $0 } }
      case .date: return CalendarDate(iso8601: one).flatMap { left in CalendarDate(iso8601: other).map { left < $0 } }
      case .time: return TimeOfDay(iso8601: one).flatMap { left in TimeOfDay(iso8601: other).map { left < $0 } }
      default: return nil
      }
    default: return nil
    }
  }

  /// The same value as a bound; nil if it cannot be one.
  package var bound: Bound? {
    switch self {
    case .int(let value): .int(value)
    case .uint(let value): .uint(value)
    case .double(let value): value.isNaN ? nil : .double(value)
    case .text(let value): .text(value)
    case .null, .bool, .bytes, .list, .now: nil
    }
  }

  /// The same value as a choice; nil if it cannot be one.
  package var choice: Choice? {
    switch self {
    case .int(let value): .int(value)
    case .uint(let value): Int64(exactly: value).map(Choice.int)
    case .text(let value): .text(value)
    case .null, .bool, .double, .bytes, .list, .now: nil
    }
  }

  /// In the units of `max_length`; nil if the value has no length.
  var length: Int? {
    switch self {
    case .text(let value): value.unicodeScalars.count
    case .bytes(let bytes): bytes.count
    case .list(let items): items.count
    case .null, .bool, .int, .uint, .double, .now: nil
    }
  }

  /// What a message calls the value.
  var excerpt: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .uint(let value): "\(value)"
    case .double(let value): "\(value)"
    case .text(let value): "'\(YAMLScalar(text: value, isPlain: false).excerpt)'"
    case .bytes(let value): "\(value.count) bytes"
    case .list(let value): "\(value.count) items"
    case .now: "now"
    }
  }
}
