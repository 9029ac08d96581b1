import PillionDatabase
import PillionSchema
import Testing

@Suite struct ValuesArrayTests {
  static let int8Array = "000000010000000000000014000000020000000100000008000000000000000100000008ffffffffffffffff"

  @Test(arguments: [
    (ScalarType.int64, [ValuesSlot.integer(1), .integer(-1)], ValuesParameter.binary(int8Array), "[1,-1]"),
    (.int64, [], .binary("000000000000000000000014"), "[]"),
    (.string, [], .text("{}"), "[]"),
    (
      .string, [.text("a"), .text("b,\"\\{}"), .text(""), .text("NULL"), .text("\n")],
      .text("{\"a\",\"b,\\\"\\\\{}\",\"\",\"NULL\",\"\n\"}"), #"["a","b,\"\\{}","","NULL","\u000a"]"#
    ),
    (
      .timestamp, [.time(946_684_800, 0)],
      .binary("0000000100000000000004a00000000100000001000000080000000000000000"), #"["2000-01-01T00:00:00.000000Z"]"#
    ),
    (
      .bool, [.word(1), .word(0)], .binary("00000001000000000000001000000002000000010000000101" + "0000000100"),
      "[true,false]"
    ),
    (
      .double, [.double(.nan), .double(.infinity), .double(-.infinity), .double(1e300), .double(0)],
      .binary(
        "0000000100000000000002bd0000000500000001" + "000000087ff8000000000000" + "000000087ff0000000000000"
          + "00000008fff0000000000000" + "000000087e37e43c8800759c" + "000000080000000000000000"),
      #"["NaN","Infinity","-Infinity",1e+300,0.0]"#
    ),
    (
      .bytes, [.bytes([]), .bytes([1]), .bytes([1, 2]), .bytes([255, 255, 255])],
      .binary(
        "0000000100000000000000110000000400000001" + "00000000" + "0000000101" + "000000020102" + "00000003ffffff"),
      #"["","AQ==","AQI=","////"]"#
    ),
    (.decimal, [.text("1.50"), .text("-2")], .text(#"{"1.50","-2"}"#), #"["1.50","-2"]"#),
    (.uint64, [.word(.max)], .text(#"{"18446744073709551615"}"#), "[18446744073709551615]"),
    (.json, [.text(#"{"a":1}"#), .text("null")], .text(#"{"{\"a\":1}","null"}"#), #"[{"a":1},null]"#),
    (
      .date, [.text("2024-02-29")], .binary("00000001000000000000043a00000001000000010000000400002279"),
      #"["2024-02-29"]"#
    ),
  ])
  func bound(type: ScalarType, elements: [ValuesSlot], postgresql: ValuesParameter, sqlite: String) throws {
    let field = valuesField(type, isArray: true)
    #expect(try valuesBind(.elements(elements), field, .postgresql) == postgresql)
    #expect(try valuesBind(.elements(elements), field, .sqlite) == .text(sqlite))
  }

  @Test func absentArraysAreEmpty() throws {
    #expect(try valuesBind(.absent, valuesField(.string, isArray: true), .sqlite) == .text("[]"))
    #expect(try valuesBind(.absent, valuesField(.string, isArray: true), .postgresql) == .text("{}"))
  }

  @Test func anElementThatIsNoValueRefusesTheArray() {
    let field = valuesField(.date, isArray: true)
    #expect(throws: ValueError.self) { try valuesBind(.elements([.text("2024-01-01"), .text("x")]), field, .sqlite) }
    let nul = ValuesSlot.elements([.text("\0")])
    #expect(throws: ValueError.self) { try valuesBind(nul, valuesField(.string, isArray: true), .postgresql) }
  }

  @Test(arguments: [
    (ScalarType.int64, ValuesCell.hex(int8Array), "0a0b01ffffffffffffffffff01"),
    (.int64, .hex("000000000000000000000014"), ""),
    // Lower bound 0.
    (
      .int64, .hex("0000000100000000000000140000000200000000000000080000000000000007000000080000000000000008"),
      "0a020708"
    ),
    (.string, .hex("0000000100000000000000190000000200000001000000016100000004622c225c"), "0a01610a04622c225c"),
    (.timestamp, .hex("0000000100000000000004a00000000100000001000000080000000000000000"), "0a06088087b5c303"),
    (.bool, .hex("000000010000000000000010000000020000000100000001010000000100"), "0a020100"),
  ])
  func readFromPostgreSQL(type: ScalarType, cell: ValuesCell, written: String) throws {
    #expect(try valuesHex(valuesEncode(cell, valuesField(type, isArray: true), .repeated, .postgresql)) == written)
  }

  @Test(arguments: [
    (ScalarType.int64, " [ 1 , -1 ] ", "0a0b01ffffffffffffffffff01"), (.int64, "[]", ""), (.int64, "[0]", "0a0100"),
    (.int32, "[3.0]", "0a0103"), (.uint64, "[18446744073709551615]", "0a0affffffffffffffffff01"),
    (.bool, "[true, 0, 1, false]", "0a0401000100"),
    (.string, #"["a", "", "\u00e9\ud83d\ude00\n\"", "é"]"#, "0a01610a000a08c3a9f09f98800a220a02c3a9"),
    (.double, #"[1, 1.5, "NaN", "-Infinity"]"#, "0a20000000000000f03f000000000000f83f000000000000f87f000000000000f0ff"),
    (.bytes, #"["", "AQ==", "AQ", "AQI=", "\/\/\/\/"]"#, "0a000a01010a01010a0201020a03ffffff"),
    (.timestamp, #"["1970-01-01 00:00:01", 2]"#, "0a0208010a020802"),
    (.decimal, "[12345678901234567890.10, \"1\"]", "0a17" + valuesHex("12345678901234567890.10".utf8) + "0a0131"),
    (.json, #"[null, {"a":[]}]"#, "0a0208000a0b2a090a070a016112023200"),
    (.uuid, #"["0A1B2C3D00004000800000000000ABCD"]"#, "0a24" + valuesHex("0a1b2c3d-0000-4000-8000-00000000abcd".utf8)),
  ])
  func readFromSQLite(type: ScalarType, json: String, written: String) throws {
    #expect(try valuesHex(valuesEncode(.text(json), valuesField(type, isArray: true), .repeated, .sqlite)) == written)
  }

  @Test(arguments: [
    (
      ValuesCell.hex("0000000100000001000000140000000100000001ffffffff"), Dialect.postgresql,
      "holds an array with a NULL in it"
    ),
    (
      .hex("00000002000000000000001400000002000000010000000100000001000000080000000000000001000000080000000000000002"),
      .postgresql, "holds an array of more than one dimension"
    ),
    (
      .hex("00000001000000000000001400000002000000010000000800"), .postgresql,
      "holds a value that cannot be read as array of int64"
    ),
    (
      .hex("0000000100000000000000147fffffff00000001"), .postgresql,
      "holds a value that cannot be read as array of int64"
    ),
    (.hex("00000001"), .postgresql, "holds a value that cannot be read as array of int64"),
    (.text("[1,null]"), .sqlite, "holds an array with a NULL in it"),
    (.text("[1,[2]]"), .sqlite, "holds text that cannot be read as array of int64"),
    (.text("[1,]"), .sqlite, "holds text that cannot be read as array of int64"),
    (.text("[1] x"), .sqlite, "holds text that cannot be read as array of int64"),
    (.text("1"), .sqlite, "holds text that cannot be read as array of int64"),
    (.text("[\"x\"]"), .sqlite, "holds text where the model says array of int64"),
    (.textBytes([0x5B, 0xFF, 0x5D]), .sqlite, "holds text that is not UTF-8"),
    (.integer(1), .sqlite, "holds an integer where the model says array of int64"),
  ])
  func unreadable(cell: ValuesCell, dialect: Dialect, problem: String) {
    let field = valuesField(.int64, isArray: true)
    #expect(valuesProblem(cell, field, .repeated, dialect) == "column \"c\" \(problem)")
  }

  @Test func halfASurrogatePair() {
    let field = valuesField(.string, isArray: true)
    for json in [#"["\ud800"]"#, #"["\udc00"]"#, #"["\ud800\u0041"]"#] {
      #expect(valuesProblem(.text(json), field, .repeated, .sqlite) != nil)
    }
  }

  @Test func keysOfARelation() throws {
    let relation = ManyToMany(
      model: 0, field: 0, type: .uint64, through: TableName(name: "j"), source: "a", target: "b")
    var field = valuesField(.uint64)
    field.type = .manyToMany(relation)
    #expect(try valuesBind(.elements([.word(3)]), field, .sqlite) == .text("[3]"))
    // No key of SQLite's is as large: the number would become a real on the way.
    #expect(throws: ValueError.self) { try valuesBind(.elements([.word(.max)]), field, .sqlite) }
    #expect(try valuesEncode(.text("[3,4]"), field, .repeated, .sqlite) == [0x0A, 2, 3, 4])
  }
}
