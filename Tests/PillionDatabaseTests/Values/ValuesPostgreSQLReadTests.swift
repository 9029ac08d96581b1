import PillionDatabase
import PillionSchema
import Testing

/// PostgreSQL's binary forms as `SELECT encode(timestamptz_send(…), 'hex')` and its kind print them in PostgreSQL 15.
@Suite struct ValuesPostgreSQLReadTests {
  @Test(arguments: [
    (ScalarType.bool, "01", "0801"),
    (.int32, "000000007fffffff", "08ffffffff07"),
    (.int32, "ffffffff80000000", "0880808080f8ffffffff01"),
    (.int64, "7fffffffffffffff", "08ffffffffffffffff7f"),
    (.int64, "8000000000000000", "0880808080808080808001"),
    (.int64, "ffffffffffffffff", "08ffffffffffffffffff01"),
    (.uint32, "00000000ffffffff", "08ffffffff0f"),
    (.uint64, "3138343436373434303733373039353531363135", "08ffffffffffffffffff01"),
    (.float, "7f800000", "0d0000807f"),
    (.float, "ff800000", "0d000080ff"),
    (.double, "7fefffffffffffff", "09ffffffffffffef7f"),
    (.double, "0000000000000001", "090100000000000000"),
    (.bytes, "00ff00", "0a0300ff00"),
    (.string, "61 00 f09f9880", "0a066100f09f9880"),
  ])
  func numbersAndBytes(type: ScalarType, binary: String, written: String) throws {
    #expect(try valuesHex(valuesEncode(.hex(binary), valuesField(type), .plain, .postgresql)) == written)
  }

  @Test(
    arguments: [
      ("ff1fe2ffc59c6000", "0001-01-01T00:00:00Z", -62_135_596_800, 0),
      ("fffca2fec4c81fff", "1969-12-31T23:59:59.999999Z", -1, 999_999_000),
      ("fffca2fec4c82000", "1970-01-01T00:00:00Z", 0, 0),
      ("0000000000000000", "2000-01-01T00:00:00Z", 946_684_800, 0),
      ("0002bac280212960", "2024-05-06T07:08:09.500Z", 1_714_979_289, 500_000_000),
      ("0380e70b913b7fff", "9999-12-31T23:59:59.999999Z", 253_402_300_799, 999_999_000),
    ] as [(String, String, Int64, Int64)])
  func timestamps(binary: String, text: String, seconds: Int64, nanoseconds: Int64) throws {
    #expect(try valuesTime(.hex(binary), .timestamp, .postgresql) == [seconds, nanoseconds])
    #expect(try valuesString(.hex(binary), .timestamp, .postgresql) == text)
  }

  @Test(
    arguments: [
      ("00000000000000000000000000000000", "PT0S", 0, 0),
      ("00000001ad2748000000000100000000", "P1DT2H", 93_600, 0),
      ("fffffffffff85ee0ffffffff00000000", "-P1DT0.500S", -86_400, -500_000_000),
      ("fffffffd7c4514000000000200000000", "P1DT21H", 162_000, 0),
      ("046126b333a380000000000000000000", "P3652500D", 315_576_000_000, 0),
      ("00000000000000000037bb9400000000", "P3652500D", 315_576_000_000, 0),
    ] as [(String, String, Int64, Int64)])
  func durations(binary: String, text: String, seconds: Int64, nanoseconds: Int64) throws {
    #expect(try valuesTime(.hex(binary), .duration, .postgresql) == [seconds, nanoseconds])
    #expect(try valuesString(.hex(binary), .duration, .postgresql) == text)
  }

  @Test(arguments: [
    (ScalarType.date, ValuesCell.hex("fff4dbf9"), "0001-01-01"),
    (.date, .hex("ffffd533"), "1970-01-01"),
    (.date, .hex("00002279"), "2024-02-29"),
    (.date, .hex("002c95d3"), "9999-12-31"),
    (.time, .hex("0000000000000000"), "00:00:00"),
    (.time, .hex("000000141dd75fff"), "23:59:59.999999"),
    (.time, .hex("000000141dd76000"), "24:00:00"),
    (.uuid, .blob(Array("0a1b2c3d-0000-4000-8000-00000000abcd".utf8)), "0a1b2c3d-0000-4000-8000-00000000abcd"),
    (
      .decimal, .blob(Array("1234567890123456789012345678901234567890.10".utf8)),
      "1234567890123456789012345678901234567890.10"
    ),
    (.decimal, .blob(Array("NaN".utf8)), "NaN"),
    (.decimal, .blob(Array("-Infinity".utf8)), "-Infinity"),
    (.json, .blob(Array(#"{"a": [1, null]}"#.utf8)), #"{"a": [1, null]}"#),
  ])
  func texts(type: ScalarType, cell: ValuesCell, text: String) throws {
    #expect(try valuesString(cell, type, .postgresql) == text)
  }

  @Test(arguments: [
    (ScalarType.bool, "", "holds a value that cannot be read as bool"),
    (.int64, "00000001", "holds a value that cannot be read as int64"),
    (.int32, "0000000080000000", "holds a value out of the range of int32"),
    (.uint32, "ffffffffffffffff", "holds a value out of the range of uint32"),
    (.uint64, "2d31", "holds a value out of the range of uint64"),
    (.uint64, "3138343436373434303733373039353531363136", "holds a value out of the range of uint64"),
    (.uint64, "78", "holds a value that cannot be read as uint64"),
    (.string, "ff", "holds text that is not UTF-8"),
    (.timestamp, "7fffffffffffffff", "holds infinity, which timestamp does not have"),
    (.timestamp, "8000000000000000", "holds infinity, which timestamp does not have"),
    (.timestamp, "fd0f7fbdaf17e000", "holds a value out of the range of timestamp"),
    (.date, "7fffffff", "holds infinity, which date does not have"),
    (.date, "80000000", "holds infinity, which date does not have"),
    (.date, "002c95d4", "holds a value out of the range of date"),
    (.time, "ffffffffffffffff", "holds a value out of the range of time"),
    (
      .duration, "00000000000000000000000000000001",
      "holds an interval with years or months, which have no fixed length"
    ),
    (.duration, "7fffffffffffffff7fffffff00000000", "holds a value out of the range of duration"),
    (.duration, "00", "holds a value that cannot be read as duration"),
    (.uuid, "00", "holds a value that cannot be read as uuid"),
    (.decimal, "31653130", "holds a value that cannot be read as decimal"),
    (.json, "7b", "holds a value that cannot be read as json"),
  ])
  func unreadable(type: ScalarType, binary: String, problem: String) {
    #expect(valuesProblem(.hex(binary), valuesField(type), .optional, .postgresql) == "column \"c\" \(problem)")
  }
}
