import PillionDatabase
import PillionSchema
import Testing

@Suite struct ValuesDefaultTests {
  @Test(arguments: [
    (ScalarType.bool, DefaultValue.bool(true), ValuesParameter.binary("01"), ValuesParameter.integer(1)),
    (.int32, .int(-1), .binary("ffffffffffffffff"), .integer(-1)),
    (.uint32, .uint(7), .binary("0000000000000007"), .integer(7)),
    (.uint64, .uint(7), .text("7"), .integer(7)),
    (.uint64, .int(7), .text("7"), .integer(7)),
    (.double, .int(2), .binary("4000000000000000"), .real(2)),
    (.float, .double(1.5), .binary("3fc00000"), .real(1.5)),
    (.decimal, .int(3), .text("3"), .text("3")),
    (.decimal, .text("0.50"), .text("0.50"), .text("0.50")),
    (.string, .text("x"), .text("x"), .text("x")),
    (.bytes, .bytes([0, 1]), .binary("0001"), .binary("0001")),
    (.timestamp, .text("2000-01-01T00:00:00Z"), .binary("0000000000000000"), .text("2000-01-01T00:00:00.000000Z")),
    (.duration, .text("P1DT2H"), .binary("00000001ad2748000000000100000000"), .text("P1DT2H")),
    (.json, .text("{}"), .text("{}"), .text("{}")),
    (.int64, .null, .null, .null),
  ])
  func values(type: ScalarType, value: DefaultValue, postgresql: ValuesParameter, sqlite: ValuesParameter) throws {
    #expect(try valuesDefault(value, valuesField(type), .postgresql) == postgresql)
    #expect(try valuesDefault(value, valuesField(type), .sqlite) == sqlite)
  }

  @Test(arguments: [
    (ScalarType.timestamp, SQLiteStorage?.none, ValuesParameter.text("1969-12-31T23:59:59.999999Z")),
    (.timestamp, .integer, .integer(-1)), (.date, nil, .text("1969-12-31")), (.time, nil, .text("23:59:59.999999")),
  ])
  func now(type: ScalarType, storage: SQLiteStorage?, bound: ValuesParameter) throws {
    let now = WallTime(seconds: -1, nanoseconds: 999_999_999)
    #expect(try valuesDefault(.now, valuesField(type, storage: storage), .sqlite, now: now) == bound)
  }

  @Test func lists() throws {
    let list = DefaultValue.list([.text("a"), .text("b\"")])
    #expect(try valuesDefault(list, valuesField(.string, isArray: true), .sqlite) == .text(#"["a","b\""]"#))
    #expect(try valuesDefault(list, valuesField(.string, isArray: true), .postgresql) == .text(#"{"a","b\""}"#))
    #expect(try valuesDefault(.list([]), valuesField(.int64, isArray: true), .sqlite) == .text("[]"))
  }

  @Test(arguments: [
    (ScalarType.uint64, DefaultValue.int(-1)), (.int64, .uint(.max)), (.date, .text("today")),
    (.timestamp, .text("now")), (.uuid, .text("")),
  ])
  func refused(type: ScalarType, value: DefaultValue) {
    #expect(throws: ValueError.self) { try valuesDefault(value, valuesField(type), .postgresql) }
  }

  @Test func aClockOutOfRange() {
    #expect(throws: ValueError.self) {
      try valuesDefault(.now, valuesField(.timestamp), .sqlite, now: WallTime(seconds: .max, nanoseconds: 0))
    }
  }
}
