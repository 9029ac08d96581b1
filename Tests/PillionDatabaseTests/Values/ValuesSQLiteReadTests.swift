import PillionDatabase
import PillionSchema
import Testing

/// What Django, Rails and plain SQLite write, and what none of them does.
@Suite struct ValuesSQLiteReadTests {
  @Test(
    arguments: [
      (ValuesCell.text("2024-05-06T07:08:09.500000Z"), 1_714_979_289, 500_000_000),
      (.text("2024-05-06 07:08:09.123456"), 1_714_979_289, 123_456_000),
      (.text("2024-05-06 07:08:09.123456789123"), 1_714_979_289, 123_456_789),
      (.text("2024-05-06 07:08:09"), 1_714_979_289, 0),
      (.text("2024-05-06 07:08"), 1_714_979_280, 0),
      (.text("2024-05-06"), 1_714_953_600, 0),
      (.text("2024-05-06T09:08:09+02:00"), 1_714_979_289, 0),
      (.text("2024-05-06 02:08:09-0500"), 1_714_979_289, 0),
      (.text("2024-05-06 09:08:09+02"), 1_714_979_289, 0),
      (.text("2024-05-06 07:08:09 UTC"), 1_714_979_289, 0),
      (.text("2024-05-06 07:08:09 +0000"), 1_714_979_289, 0),
      (.text("0001-01-01 00:00:00"), -62_135_596_800, 0),
      (.text("9999-12-31T23:59:59.999999999z"), 253_402_300_799, 999_999_999),
      (.text("1969-12-31 23:59:59.5"), -1, 500_000_000),
      (.integer(1_714_979_289), 1_714_979_289, 0),
      (.integer(-1), -1, 0),
      (.real(2_440_587.5), 0, 0),
      (.real(2_440_588.0), 43_200, 0),
      (.real(2_460_436.797326389), 1_714_979_289, 0),
      (.real(2_440_587.4), -8_640, 0),
      (.real(1_714_979_289.25), 1_714_979_289, 250_000_000),
      (.real(-0.5), -1, 500_000_000),
    ] as [(ValuesCell, Int64, Int64)])
  func timestamps(cell: ValuesCell, seconds: Int64, nanoseconds: Int64) throws {
    #expect(try valuesTime(cell, .timestamp, .sqlite) == [seconds, nanoseconds])
  }

  @Test(
    arguments: [
      (ValuesCell.integer(93_600_000_000), 93_600, 0), (.integer(-1_500_000), -1, -500_000_000), (.integer(0), 0, 0),
      (.text("P1DT2H"), 93_600, 0), (.text("-PT1.5S"), -1, -500_000_000), (.text("P2W"), 1_209_600, 0),
      (.text("P1DT-2H"), 79_200, 0), (.text("PT-0.25S"), 0, -250_000_000), (.text("P1DT-0,5S"), 86_399, 500_000_000),
      (.text("+P0D"), 0, 0), (.text("PT315576000000S"), 315_576_000_000, 0),
      (.text("P01DT02H03M04.000005S"), 93_784, 5_000),
    ] as [(ValuesCell, Int64, Int64)])
  func durations(cell: ValuesCell, seconds: Int64, nanoseconds: Int64) throws {
    #expect(try valuesTime(cell, .duration, .sqlite) == [seconds, nanoseconds])
  }

  @Test(arguments: [
    (ScalarType.date, ValuesCell.text("2024-02-29"), "2024-02-29"),
    (.date, .text("2024-02-29 23:59:59+05:00"), "2024-02-29"),
    (.date, .integer(1_714_979_289), "2024-05-06"),
    (.date, .integer(-1), "1969-12-31"),
    (.date, .real(2_440_587.5), "1970-01-01"),
    (.date, .real(2_440_588.49), "1970-01-01"),
    (.time, .text("12:30"), "12:30:00"),
    (.time, .text("12:30:00.5"), "12:30:00.500"),
    (.time, .text("2000-01-01 12:34:56.789012"), "12:34:56.789012"),
    (.uuid, .text("0A1B2C3D00004000800000000000ABCD"), "0a1b2c3d-0000-4000-8000-00000000abcd"),
    (.uuid, .text("0a1b2c3d-0000-4000-8000-00000000ABCD"), "0a1b2c3d-0000-4000-8000-00000000abcd"),
    (.uuid, .hex("0a1b2c3d00004000800000000000abcd"), "0a1b2c3d-0000-4000-8000-00000000abcd"),
    (.decimal, .text("12.50"), "12.50"),
    (.decimal, .text("1.5E+3"), "1500"),
    (.decimal, .text("15e-3"), "0.015"),
    (.decimal, .text(".5"), "0.5"),
    (.decimal, .text("+0012.30"), "12.30"),
    (.decimal, .integer(-12), "-12"),
    (.decimal, .integer(.min), "-9223372036854775808"),
    (.decimal, .real(12.5), "12.5"),
    (.decimal, .real(100), "100"),
    (.decimal, .real(-1e22), "-10000000000000000000000"),
    (.decimal, .real(1.5e-7), "0.00000015"),
    (.decimal, .real(.infinity), "Infinity"),
    (.string, .text("a\0\u{10FFFF}"), "a\0\u{10FFFF}"),
    (.string, .integer(42), "42"),
    (.string, .real(0.1), "0.1"),
    (.bytes, .text("abc"), "abc"),
    (.json, .text(" [1, {\"a\": null}] "), " [1, {\"a\": null}] "),
    (.json, .integer(5), "5"),
    (.json, .real(1.5), "1.5"),
    (.json, .blob(Array("true".utf8)), "true"),
  ])
  func texts(type: ScalarType, cell: ValuesCell, text: String) throws {
    #expect(try valuesString(cell, type, .sqlite) == text)
  }

  @Test(arguments: [(-719_162, "0001-01-01"), (0, "1970-01-01"), (19_849, "2024-05-06"), (2_932_896, "9999-12-31")])
  func dateInDays(days: Int64, text: String) throws {
    #expect(try valuesString(.integer(days), .date, .sqlite, storage: .integer) == text)
  }

  @Test(arguments: [
    (ScalarType.bool, ValuesCell.integer(1), "0801"), (.bool, .text("t"), "0801"), (.bool, .text("TRUE"), "0801"),
    (.bool, .text("1"), "0801"), (.bool, .text("f"), "0800"), (.bool, .text("False"), "0800"),
    (.bool, .real(1), "0801"),
    (.int64, .integer(.min), "0880808080808080808001"), (.int64, .real(-3), "08fdffffffffffffffff01"),
    (.uint64, .text("18446744073709551615"), "08ffffffffffffffffff01"),
    (.uint32, .integer(4_294_967_295), "08ffffffff0f"),
    (.double, .real(.infinity), "09000000000000f07f"), (.double, .text("NaN"), "09000000000000f87f"),
    (.double, .text("-Infinity"), "09000000000000f0ff"), (.double, .integer(3), "090000000000000840"),
    (.float, .real(0.1), "0dcdcccc3d"), (.float, .text("NaN"), "0d0000c07f"),
  ])
  func numbers(type: ScalarType, cell: ValuesCell, written: String) throws {
    #expect(try valuesHex(valuesEncode(cell, valuesField(type), .optional, .sqlite)) == written)
  }

  @Test(arguments: [
    (ScalarType.bool, ValuesCell.integer(2), "holds an integer out of the range of bool"),
    (.bool, .text("perhaps"), "holds text that cannot be read as bool"),
    (.bool, .blob([1]), "holds a blob where the model says bool"),
    (.int32, .integer(2_147_483_648), "holds an integer out of the range of int32"),
    (.int64, .text("12"), "holds text where the model says int64"),
    (.int64, .real(1.5), "holds a real where the model says int64"),
    (.int64, .real(9.3e18), "holds a real where the model says int64"),
    (.uint32, .integer(-1), "holds an integer out of the range of uint32"),
    (.uint64, .integer(-1), "holds an integer out of the range of uint64"),
    (.uint64, .text("x"), "holds text where the model says uint64"),
    (.float, .real(1e39), "holds a real out of the range of float"),
    (.double, .text("1.5"), "holds text where the model says double"),
    (.string, .blob([0x61]), "holds a blob where the model says string"),
    (.string, .textBytes([0xC0, 0x80]), "holds text that is not UTF-8"),
    (.bytes, .integer(1), "holds an integer where the model says bytes"),
    (.timestamp, .text("soon"), "holds text that cannot be read as timestamp"),
    (.timestamp, .text("2024-02-30 00:00:00"), "holds text that cannot be read as timestamp"),
    (.timestamp, .text("2024-02-03 00:00:60"), "holds text that cannot be read as timestamp"),
    (.timestamp, .text("0001-01-01T00:00:00+01:00"), "holds text out of the range of timestamp"),
    (.timestamp, .integer(1_714_979_289_000), "holds an integer out of the range of timestamp"),
    (.timestamp, .real(1e300), "holds a real out of the range of timestamp"),
    (.timestamp, .real(-.infinity), "holds a real out of the range of timestamp"),
    (.timestamp, .real(0), "holds a real out of the range of timestamp"),
    (.timestamp, .blob([1]), "holds a blob where the model says timestamp"),
    (.date, .text("2024-13-01"), "holds text that cannot be read as date"),
    (.date, .integer(.max), "holds an integer out of the range of date"),
    (.time, .integer(0), "holds an integer where the model says time"),
    (.time, .text("2024-01-01"), "holds text that cannot be read as time"),
    (.duration, .text("P1M"), "holds text that cannot be read as duration"),
    (.duration, .text("P1Y"), "holds text that cannot be read as duration"),
    (.duration, .integer(.max), "holds an integer out of the range of duration"),
    (.duration, .real(1), "holds a real where the model says duration"),
    (.decimal, .text("dear"), "holds text that cannot be read as decimal"),
    (.decimal, .text("1e999999999"), "holds text that cannot be read as decimal"),
    (.decimal, .text("1e-999999999999999999999"), "holds text that cannot be read as decimal"),
    (.uuid, .text("k"), "holds text that cannot be read as uuid"),
    (.uuid, .blob([1]), "holds a blob that cannot be read as uuid"),
    (.json, .text("{"), "holds text that cannot be read as json"),
    (.json, .real(.infinity), "holds a real that cannot be read as json"),
  ])
  func unreadable(type: ScalarType, cell: ValuesCell, problem: String) {
    #expect(valuesProblem(cell, valuesField(type), .optional, .sqlite) == "column \"c\" \(problem)")
  }

  @Test func dateInDaysOutOfRange() {
    let field = valuesField(.date, storage: .integer)
    #expect(valuesProblem(.integer(2_932_897), field, .optional, .sqlite) != nil)
    #expect(valuesProblem(.integer(.min), field, .optional, .sqlite) != nil)
  }
}
