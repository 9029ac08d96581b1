import PillionSchema

/// One value of a request or a definition: checked, and not yet in the form of a database.
enum BoundValue {
  case bool(Bool)
  /// int32, int64, uint32.
  case integer(Int64)
  case unsigned(UInt64)
  case float(Float)
  case double(Double)
  /// A string, or a decimal that is canonical already.
  case text(UnsafeRawBufferPointer)
  /// A decimal that had to be made canonical.
  case made([UInt8])
  /// JSON text.
  case json(UnsafeRawBufferPointer)
  case bytes(UnsafeRawBufferPointer)
  case timestamp(Instant)
  /// Days since 1970-01-01.
  case date(Int)
  /// Nanoseconds since midnight.
  case time(Int64)
  case duration(TimeSpan)
  case uuid(UUIDBytes)

  /// The value that a text of this type says: what the proto's string has, JSON text of json. Checks everything that
  /// does not depend on the database.
  init(text bytes: UnsafeRawBufferPointer, as scalar: ScalarType) throws(ValueError) {
    switch scalar {
    case .bytes: self = .bytes(bytes)
    case .uuid:
      guard let uuid = UUIDBytes(text: bytes) else {
        throw ValueError("must be a UUID: 32 hexadecimal digits, in groups of 8-4-4-4-12 or without dashes")
      }
      self = .uuid(uuid)
    case .decimal: self = try Self.decimal(bytes)
    case .date:
      var scanner = ByteScanner(bytes)
      guard let date = scanner.date(), scanner.isAtEnd else {
        throw ValueError("must be a date in ISO 8601 (YYYY-MM-DD)")
      }
      self = .date(date.daysSinceEpoch)
    case .time:
      var scanner = ByteScanner(bytes)
      guard let time = scanner.timeOfDay(), scanner.isAtEnd else {
        throw ValueError("must be a time in ISO 8601 (HH:MM:SS)")
      }
      self = .time(time)
    case .timestamp:
      guard let text = TimestampText(rfc3339: bytes) else {
        throw ValueError("must be a timestamp in RFC 3339 (YYYY-MM-DDTHH:MM:SSZ)")
      }
      guard let instant = text.instant else { throw ValueError(Self.timestampRange) }
      self = .timestamp(instant)
    case .duration:
      guard let span = TimeSpan(iso8601: bytes) else {
        throw ValueError(
          "must be a duration in ISO 8601 without years and months (P1DT2H30M), within ±315,576,000,000 seconds")
      }
      self = .duration(span)
    case .json:
      guard JSONScanner.isValid(bytes) else { throw ValueError("must be JSON") }
      self = .json(bytes)
    case .string, .bool, .int32, .int64, .uint32, .uint64, .float, .double: self = .text(bytes)
    }
  }

  static let timestampRange = "must be between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z"

  private static func decimal(_ bytes: UnsafeRawBufferPointer) throws(ValueError) -> BoundValue {
    switch DecimalBytes.check(bytes) {
    case .canonical: return .text(bytes)
    case .other:
      if let made = DecimalBytes.canonical(bytes) { return .made(made) }
    case .tooLong:
      let (integer, fraction) = (DecimalBytes.integerLimit, DecimalBytes.fractionLimit)
      throw ValueError("must have at most \(integer) digits before the point and \(fraction) behind it")
    case .malformed: break
    }
    throw ValueError("must be a plain decimal number (-123.45)")
  }

  /// A `google.protobuf.Timestamp`.
  static func timestamp(seconds: Int64, nanoseconds: Int32) throws(ValueError) -> BoundValue {
    guard let instant = Instant(seconds: seconds, nanoseconds: nanoseconds) else {
      throw ValueError(
        (0...999_999_999).contains(nanoseconds) ? timestampRange : "must have nanoseconds between 0 and 999,999,999")
    }
    return .timestamp(instant)
  }

  /// A `google.protobuf.Duration`.
  static func duration(seconds: Int64, nanoseconds: Int32) throws(ValueError) -> BoundValue {
    guard let span = TimeSpan(seconds: seconds, nanoseconds: nanoseconds) else {
      throw ValueError(
        "must be within ±315,576,000,000 seconds, with nanoseconds of the same sign and within ±999,999,999")
    }
    return .duration(span)
  }
}
