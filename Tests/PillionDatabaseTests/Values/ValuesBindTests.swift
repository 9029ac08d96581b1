import PillionDatabase
import PillionSchema
import Testing

/// From a request's slot to a parameter.
@Suite struct ValuesBindTests {
  @Test(arguments: [
    (ScalarType.bool, ValuesSlot.word(1), ValuesParameter.binary("01"), ValuesParameter.integer(1)),
    (.bool, .absent, .binary("00"), .integer(0)),
    (.int32, .integer(-2_147_483_648), .binary("ffffffff80000000"), .integer(-2_147_483_648)),
    (.int64, .integer(.max), .binary("7fffffffffffffff"), .integer(.max)),
    (.int64, .integer(.min), .binary("8000000000000000"), .integer(.min)),
    (.int64, .absent, .binary("0000000000000000"), .integer(0)),
    (.int64, .null, .null, .null),
    (.uint32, .word(4_294_967_295), .binary("00000000ffffffff"), .integer(4_294_967_295)),
    (.uint64, .word(9_223_372_036_854_775_807), .text("9223372036854775807"), .integer(.max)),
    (.float, .double(1.5), .binary("3fc00000"), .real(1.5)),
    (.float, .double(-.infinity), .binary("ff800000"), .real(-.infinity)),
    (.double, .double(-0.0), .binary("8000000000000000"), .real(-0.0)),
    (.double, .double(.infinity), .binary("7ff0000000000000"), .real(.infinity)),
    (.double, .double(.nan), .binary("7ff8000000000000"), .text("NaN")),
    (.string, .text("é\u{1F600}"), .text("é\u{1F600}"), .text("é\u{1F600}")),
    (.string, .absent, .text(""), .text("")),
    (.bytes, .bytes([0, 255]), .binary("00ff"), .binary("00ff")),
    (.bytes, .absent, .binary(""), .binary("")),
    (.timestamp, .time(-62_135_596_800, 0), .binary("ff1fe2ffc59c6000"), .text("0001-01-01T00:00:00.000000Z")),
    (.timestamp, .time(-1, 999_999_999), .binary("fffca2fec4c81fff"), .text("1969-12-31T23:59:59.999999Z")),
    (
      .timestamp, .time(253_402_300_799, 999_999_999), .binary("0380e70b913b7fff"), .text("9999-12-31T23:59:59.999999Z")
    ),
    (.timestamp, .time(1_714_979_289, 500_000_000), .binary("0002bac280212960"), .text("2024-05-06T07:08:09.500000Z")),
    (.duration, .time(93_600, 0), .binary("00000001ad2748000000000100000000"), .text("P1DT2H")),
    (.duration, .time(-86_400, -500_000_999), .binary("fffffffffff85ee0ffffffff00000000"), .text("-P1DT0.500S")),
    (.duration, .time(315_576_000_000, 0), .binary("00000000000000000037bb9400000000"), .text("P3652500D")),
    (.date, .text("0001-01-01"), .binary("fff4dbf9"), .text("0001-01-01")),
    (.date, .text("2024-02-29"), .binary("00002279"), .text("2024-02-29")),
    (.time, .text("23:59:59.999999999"), .binary("000000141dd75fff"), .text("23:59:59.999999")),
    (.time, .text("12:30"), .binary("0000000a7a358200"), .text("12:30:00")),
    (.decimal, .text("-0.10"), .text("-0.10"), .text("-0.10")),
    (.decimal, .text("-007.50"), .text("-7.50"), .text("-7.50")),
    (.decimal, .text("-0.00"), .text("0.00"), .text("0.00")),
    (
      .decimal, .text("1234567890123456789012345678901234567890"), .text("1234567890123456789012345678901234567890"),
      .text("1234567890123456789012345678901234567890")
    ),
    (
      .uuid, .text("0A1B2C3D00004000800000000000ABCD"), .text("0a1b2c3d-0000-4000-8000-00000000abcd"),
      .text("0a1b2c3d-0000-4000-8000-00000000abcd")
    ),
    (.json, .text("null"), .text("null"), .text("null")),
  ])
  func scalars(type: ScalarType, slot: ValuesSlot, postgresql: ValuesParameter, sqlite: ValuesParameter) throws {
    #expect(try valuesBind(slot, valuesField(type), .postgresql) == postgresql)
    let bound = try valuesBind(slot, valuesField(type), .sqlite)
    #expect(bound == sqlite)
    if case .real(let number) = sqlite, case .real(let found) = bound { #expect(number.bitPattern == found.bitPattern) }
  }

  @Test(arguments: [
    (ScalarType.timestamp, "2024-05-06T09:08:09.5+02:00", "2024-05-06T07:08:09.500000Z"),
    (.timestamp, "2024-05-06t07:08:09z", "2024-05-06T07:08:09.000000Z"),
    (.timestamp, "2024-05-06 07:08:09-00:00", "2024-05-06T07:08:09.000000Z"),
    (.duration, "PT36H", "P1DT12H"), (.duration, "PT1.5S", "PT1.500S"), (.duration, "-P1D", "-P1D"),
    (.duration, "PT0.000000001S", "PT0S"), (.json, "[1, 2]", "[1, 2]"),
  ])
  func stringsInTheProto(type: ScalarType, given: String, bound: String) throws {
    #expect(try valuesBind(.text(given), valuesField(type, isString: true), .sqlite) == .text(bound))
  }

  @Test(arguments: [
    (ScalarType.timestamp, SQLiteStorage.integer, ValuesSlot.time(-1, 999_999_999), ValuesParameter.integer(-1)),
    (.timestamp, .real, .time(43_200, 0), .real(2_440_588)),
    (.timestamp, .django, .time(1_714_979_289, 0), .text("2024-05-06 07:08:09")),
    (.timestamp, .django, .time(1_714_979_289, 5_000), .text("2024-05-06 07:08:09.000005")),
    (.timestamp, .text, .time(0, 999), .text("1970-01-01T00:00:00.000000Z")),
    (.date, .integer, .text("1969-12-31"), .integer(-1)),
    (.date, .real, .text("1970-01-01"), .real(2_440_587.5)),
    (.bool, .text, .word(1), .text("t")),
    (.bool, .integer, .word(0), .integer(0)),
    (.duration, .integer, .time(-1, -500_000_999), .integer(-1_500_000)),
    (.duration, .integer, .time(315_576_000_000, 0), .integer(315_576_000_000_000_000)),
    (.decimal, .real, .text("12.50"), .real(12.5)),
    (.decimal, .integer, .text("-12.00"), .integer(-12)),
    (.uuid, .hex, .text("0a1b2c3d-0000-4000-8000-00000000ABCD"), .text("0a1b2c3d00004000800000000000abcd")),
    (.uuid, .blob, .text("0a1b2c3d-0000-4000-8000-00000000abcd"), .binary("0a1b2c3d00004000800000000000abcd")),
  ])
  func storage(type: ScalarType, storage: SQLiteStorage, slot: ValuesSlot, bound: ValuesParameter) throws {
    #expect(try valuesBind(slot, valuesField(type, storage: storage), .sqlite) == bound)
  }

  static let refusals: [(ScalarType, ValuesSlot, String)] = [
    (.timestamp, .time(253_402_300_800, 0), "must be between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z"),
    (.timestamp, .time(-62_135_596_801, 0), "must be between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z"),
    (.timestamp, .time(.min, .min), "must have nanoseconds between 0 and 999,999,999"),
    (.timestamp, .time(0, 1_000_000_000), "must have nanoseconds between 0 and 999,999,999"),
    (.timestamp, .absent, "is required"), (.duration, .absent, "is required"), (.json, .absent, "is required"),
    (
      .duration, .time(1, -1),
      "must be within ±315,576,000,000 seconds, with nanoseconds of the same sign and within ±999,999,999"
    ),
    (
      .duration, .time(.max, 0),
      "must be within ±315,576,000,000 seconds, with nanoseconds of the same sign and within ±999,999,999"
    ),
    (.json, .text("{"), "must be JSON"),
    (.date, .absent, "must be a date in ISO 8601 (YYYY-MM-DD)"),
    (.uuid, .absent, "must be a UUID: 32 hexadecimal digits, in groups of 8-4-4-4-12 or without dashes"),
  ]

  @Test(arguments: refusals, Dialect.allCases)
  func refused(refusal: (ScalarType, ValuesSlot, String), dialect: Dialect) {
    let error = #expect(throws: ValueError.self) { try valuesBind(refusal.1, valuesField(refusal.0), dialect) }
    #expect(error?.message == refusal.2)
  }

  @Test(arguments: [
    (
      ScalarType.date,
      [
        "2023-02-29", "0000-01-01", "2024-01-01T00:00:00", "20240101", "2024-1-1", " 2024-01-01", "２024-01-01",
        "2024-01-0",
      ]
    ),
    (.time, ["24:00:00", "12:60", "12", "12:00:00Z", "12:00:00.", "12:00:60", "1:00"]),
    (.decimal, ["", "0x10", "1,5", "--1", ".", ".5", "5.", "Infinity", "NaN", "1_000", "1e5", "+1", " 1", "1\0"]),
    (.uuid, ["0a1b2c3d-0000-4000-8000-00000000abcg", "0a1b2c3d", "{0a1b2c3d-0000-4000-8000-00000000abcd}"]),
    (
      .timestamp,
      [
        "yesterday", "2024-05-06", "2024-05-06T07:08:09", "2024-05-06T07:08Z", "2024-05-06T07:08:60Z",
        "2024-05-06T07:08:09+2",
        "2024-05-06T07:08:09Z ", "0001-01-01T00:00:00+00:01", "",
      ]
    ),
    (
      .duration,
      [
        "1.5", "P1M", "P1Y", "P", "PT", "P1DT", "PT1", "P1S", "PT1S1H", "PT1S1S", "-", "", "PT315576000001S", "PT1.5H",
        "PT.5S",
        "P99999999999999999999D", "PT9223372036854775807H",
      ]
    ),
    (
      .json,
      [
        "", " ", "{", "[1,]", "{\"a\"}", "01", "1.", "\"\\x\"", "\"\u{1}\"", "nul", "1 2", "{,}", "[}", "\"a", "-",
        "\"\\u12g4\"",
      ]
    ),
  ])
  func textThatIsNoValue(type: ScalarType, texts: [String]) {
    for text in texts {
      for dialect in Dialect.allCases {
        #expect(throws: ValueError.self, "\(text)") {
          try valuesBind(.text(text), valuesField(type, isString: true), dialect)
        }
      }
    }
  }

  @Test func decimalsHaveALimit() throws {
    let field = valuesField(.decimal)
    let longest = String(repeating: "9", count: 131_072) + "." + String(repeating: "9", count: 16_383)
    #expect(try valuesBind(.text(longest), field, .postgresql) == .text(longest))
    let error = #expect(throws: ValueError.self) { try valuesBind(.text(longest + "9"), field, .sqlite) }
    #expect(error?.message == "must have at most 131072 digits before the point and 16383 behind it")
    #expect(throws: ValueError.self) { try valuesBind(.text("9" + longest), field, .sqlite) }
  }

  @Test func decimalsThatTheStorageCannotHold() {
    #expect(throws: ValueError.self) { try valuesBind(.text("1.5"), valuesField(.decimal, storage: .integer), .sqlite) }
    let digits = String(repeating: "9", count: 400)
    #expect(throws: ValueError.self) {
      try valuesBind(.text(digits), valuesField(.decimal, storage: .integer), .sqlite)
    }
    #expect(throws: ValueError.self) { try valuesBind(.text(digits), valuesField(.decimal, storage: .real), .sqlite) }
  }

  @Test func nulIsDataToSQLiteOnly() throws {
    let field = valuesField(.string)
    #expect(try valuesBind(.text("a\0b"), field, .sqlite) == .text("a\0b"))
    let error = #expect(throws: ValueError.self) { try valuesBind(.text("a\0b"), field, .postgresql) }
    #expect(error?.message == "must not contain U+0000, which PostgreSQL's text cannot hold")
  }

  @Test func uint64BeyondInt64() throws {
    let field = valuesField(.uint64)
    #expect(try valuesBind(.word(.max), field, .postgresql) == .text("18446744073709551615"))
    #expect(throws: ValueError.self) { try valuesBind(.word(.max), field, .sqlite) }
  }

  @Test(arguments: [
    (ScalarType.bool, UInt32(16), UInt32(1000), "::bool"), (.int32, 20, 1016, "::int8"), (.int64, 20, 1016, "::int8"),
    (.uint32, 20, 1016, "::int8"), (.uint64, 1700, 0, "::text"), (.float, 700, 1021, "::float4"),
    (.double, 701, 1022, "::float8"), (.string, 0, 0, "::text"), (.bytes, 17, 1001, "::bytea"),
    (.timestamp, 1184, 1185, "::timestamptz"), (.date, 1082, 1182, "::date"), (.time, 1083, 1183, "::time"),
    (.duration, 1186, 1187, "::interval"), (.decimal, 1700, 0, "::numeric::text"), (.uuid, 0, 0, "::text"),
    (.json, 0, 0, "::text"),
  ])
  func typesAndCasts(type: ScalarType, oid: UInt32, arrayOID: UInt32, cast: String) {
    let scalar = FieldCodec(field: valuesField(type), dialect: .postgresql)
    let array = FieldCodec(field: valuesField(type, isArray: true), dialect: .postgresql)
    #expect(scalar.parameterType == oid)
    #expect(array.parameterType == arrayOID)
    #expect(scalar.selectExpression("t.\"c\"") == "t.\"c\"" + cast)
    let arrayCast = type == .decimal ? "::numeric[]::text[]" : cast + "[]"
    #expect(array.selectExpression("t.\"c\"") == "t.\"c\"" + arrayCast)
    let sqlite = FieldCodec(field: valuesField(type, isArray: true), dialect: .sqlite)
    #expect(sqlite.parameterType == 0)
    #expect(sqlite.selectExpression("t.\"c\"") == "t.\"c\"")
  }
}
