import Glibc
import PillionSchema

/// Type OIDs of PostgreSQL (src/include/catalog/pg_type.dat); 0 lets the server decide from the column.
enum PostgreSQLType {
  /// Of a parameter that holds one value. Text goes without a type, so that it fits text, varchar, citext, enums, inet,
  /// uuid and jsonb columns alike.
  static func parameter(_ scalar: ScalarType) -> UInt32 {
    switch scalar {
    case .bool: 16
    case .int32, .int64, .uint32: 20
    case .uint64, .decimal: 1700
    case .float: 700
    case .double: 701
    case .bytes: 17
    case .timestamp: 1184
    case .date: 1082
    case .time: 1083
    case .duration: 1186
    case .string, .uuid, .json: 0
    }
  }

  /// Of a parameter that holds an array; 0 where it is sent as text.
  static func array(_ scalar: ScalarType) -> UInt32 {
    switch scalar {
    case .bool: 1000
    case .int32, .int64, .uint32: 1016
    case .float: 1021
    case .double: 1022
    case .bytes: 1001
    case .timestamp: 1185
    case .date: 1182
    case .time: 1183
    case .duration: 1187
    case .string, .uuid, .json, .uint64, .decimal: 0
    }
  }

  /// The casts of a select list, after which a value is in the form that `PostgreSQLReader` reads.
  static func cast(_ scalar: ScalarType, isArray: Bool) -> String {
    let array = isArray ? "[]" : ""
    return switch scalar {
    case .bool: "::bool\(array)"
    case .int32, .int64, .uint32: "::int8\(array)"
    case .float: "::float4\(array)"
    case .double: "::float8\(array)"
    case .bytes: "::bytea\(array)"
    case .timestamp: "::timestamptz\(array)"
    case .date: "::date\(array)"
    case .time: "::time\(array)"
    case .duration: "::interval\(array)"
    // Through numeric, for the text of a float may have an exponent.
    case .decimal: "::numeric\(array)::text\(array)"
    case .string, .uuid, .json, .uint64: "::text\(array)"
    }
  }
}

extension BoundValue {
  /// The form in which PostgreSQL takes the value: binary for what has a type of its own, text for the rest.
  func postgreSQLForm() throws(ValueError) -> ParameterForm {
    var binary = ShortText()
    switch self {
    case .text(let bytes), .json(let bytes):
      try Self.refuseNUL(bytes)
      return .text(bytes)
    case .made(let text): return .madeText(text)
    case .uuid(let uuid): return .shortText(uuid.text())
    case .unsigned(let number):
      var text = ShortText()
      text.append(number)
      return .shortText(text)
    case .bytes(let bytes): return .binary(bytes)
    case .bool(let bool): binary.append(bool ? 1 : 0 as UInt8)
    case .integer(let number): binary.append(bigEndian: number)
    case .float(let number): binary.append(bigEndian: number.bitPattern)
    case .double(let number): binary.append(bigEndian: number.bitPattern)
    case .timestamp(let instant):
      binary.append(bigEndian: instant.microseconds &- PostgreSQLReader.epochSeconds &* 1_000_000)
    case .date(let day): binary.append(bigEndian: Int32(truncatingIfNeeded: day &- PostgreSQLReader.epochDays))
    case .time(let nanoseconds): binary.append(bigEndian: nanoseconds / 1_000)
    case .duration(let span):
      // Days apart from the time, as Django's driver sends a timedelta.
      let days = span.seconds / 86_400
      binary.append(bigEndian: span.microseconds &- days &* 86_400_000_000)
      binary.append(bigEndian: Int32(truncatingIfNeeded: days))
      binary.append(bigEndian: 0 as Int32)
    }
    return .shortBinary(binary)
  }

  /// libpq takes text parameters as C strings and would cut them, and PostgreSQL's text cannot hold the character
  /// (its manual, section 8.3).
  private static func refuseNUL(_ bytes: UnsafeRawBufferPointer) throws(ValueError) {
    guard let base = bytes.baseAddress, memchr(base, 0, bytes.count) != nil else { return }
    throw ValueError("must not contain U+0000, which PostgreSQL's text cannot hold")
  }
}
