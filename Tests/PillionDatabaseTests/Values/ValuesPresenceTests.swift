import PillionDatabase
import PillionSchema
import PillionWire
import Testing

/// What is written for zero, NULL and a value in each null style.
@Suite struct ValuesPresenceTests {
  static let int8 = "0000000000000000"

  @Test(arguments: [
    // (type, PostgreSQL's zero, SQLite's zero, the written zero as field 1)
    (ScalarType.bool, ValuesCell.hex("00"), ValuesCell.integer(0), "0800"),
    (.int32, .hex(int8), .integer(0), "0800"),
    (.int64, .hex(int8), .integer(0), "0800"),
    (.uint32, .hex(int8), .integer(0), "0800"),
    (.uint64, .blob(Array("0".utf8)), .integer(0), "0800"),
    (.float, .hex("00000000"), .real(0), "0d00000000"),
    (.double, .hex(int8), .integer(0), "090000000000000000"),
    (.string, .hex(""), .text(""), "0a00"),
    (.bytes, .hex(""), .blob([]), "0a00"),
  ])
  func zeros(type: ScalarType, postgresql: ValuesCell, sqlite: ValuesCell, written: String) throws {
    for (dialect, cell) in [(Dialect.postgresql, postgresql), (.sqlite, sqlite)] {
      let field = valuesField(type, isNullable: true)
      #expect(try valuesEncode(cell, valuesField(type), .plain, dialect) == [])
      #expect(try valuesHex(valuesEncode(cell, field, .optional, dialect)) == written)
      #expect(try valuesHex(valuesEncode(cell, field, .wrapper, dialect)) == "0a00")
      let inner = written.count / 2
      #expect(try valuesHex(valuesEncode(cell, field, .oneof, dialect)) == "0a0\(inner)" + written)
    }
  }

  @Test(arguments: ScalarType.allCases, Dialect.allCases)
  func nullInEachStyle(type: ScalarType, dialect: Dialect) throws {
    let field = valuesField(type, isNullable: true)
    #expect(try valuesEncode(.null, field, .optional, dialect) == [])
    #expect(try valuesEncode(.null, field, .wrapper, dialect) == [])
    #expect(try valuesEncode(.null, field, .oneof, dialect) == [0x0A, 2, 0x10, 0])
    #expect(try valuesEncode(.null, valuesField(type, isNullable: true, isArray: true), .repeated, dialect) == [])
    #expect(try valuesEncode(.null, valuesField(type, isArray: true), .repeated, dialect) == [])
  }

  @Test(arguments: ScalarType.allCases, Dialect.allCases)
  func nullWhereTheModelSaysNo(type: ScalarType, dialect: Dialect) throws {
    for style in [ValuesStyle.plain, .optional] {
      let error = #expect(throws: DatabaseError.self) { try valuesEncode(.null, valuesField(type), style, dialect) }
      #expect(error?.code == .pillion(.unreadableValue))
      #expect(error?.column == "c")
      #expect(error?.message == #"column "c" is NULL but the model says it cannot be"#)
    }
  }

  @Test func signedZeroAndNaNAreNoZeros() throws {
    let double = valuesField(.double)
    #expect(try valuesHex(valuesEncode(.hex("8000000000000000"), double, .plain, .postgresql)) == "090000000000000080")
    #expect(try valuesHex(valuesEncode(.real(-0.0), double, .plain, .sqlite)) == "090000000000000080")
    #expect(try valuesHex(valuesEncode(.hex("80000000"), valuesField(.float), .plain, .postgresql)) == "0d00000080")
    #expect(try valuesHex(valuesEncode(.hex("7ff8000000000000"), double, .plain, .postgresql)) == "09000000000000f87f")
  }

  @Test func aMessageIsThereEvenIfItIsEmpty() throws {
    #expect(try valuesEncode(.hex("fffca2fec4c82000"), valuesField(.timestamp), .plain, .postgresql) == [0x0A, 0])
    #expect(try valuesEncode(.integer(0), valuesField(.duration), .plain, .sqlite) == [0x0A, 0])
    #expect(
      try valuesEncode(.integer(0), valuesField(.duration, isNullable: true), .oneof, .sqlite) == [0x0A, 2, 0x0A, 0])
    // A json null is a value.
    #expect(
      try valuesHex(valuesEncode(.text("null"), valuesField(.json, isNullable: true), .oneof, .sqlite))
        == "0a040a020800")
  }

  @Test func fieldsAreInTheOrderOfTheirNumbers() throws {
    let columns = [
      valuesColumn(valuesField(.int64), .plain, number: 300), valuesColumn(valuesField(.string), .plain, number: 2),
      valuesColumn(valuesField(.bool), .plain, number: 16),
    ]
    let encoder = RowEncoder(columns: columns, dialect: .sqlite)
    var writer = WireWriter()
    let text = Array("hi".utf8)
    try text.withUnsafeBytes { text in
      let cells = [
        Cell(kind: .integer, word: 7), Cell(kind: .text, bytes: text), Cell(kind: .integer, word: 1),
        Cell(kind: .integer, word: 99),
      ]
      try cells.withUnsafeBufferPointer { try encoder.encodeFramed($0, into: &writer) }
    }
    #expect(valuesHex(writer.bytes) == "000000000a" + "12026869" + "800101" + "e01207")
  }

  @Test func aRowThatIsTooShortIsAnError() throws {
    let encoder = RowEncoder(columns: [valuesColumn(valuesField(.int64), .plain)], dialect: .sqlite)
    var writer = WireWriter()
    let error = #expect(throws: DatabaseError.self) {
      try encoder.encodeFramed(UnsafeBufferPointer(start: nil, count: 0), into: &writer)
    }
    #expect(error?.code == .pillion(.internal))
    #expect(writer.count == 0)
  }

  @Test func aMessageWithoutFields() throws {
    var writer = WireWriter()
    try RowEncoder().encodeFramed(UnsafeBufferPointer(start: nil, count: 0), into: &writer)
    #expect(Array(writer.bytes) == [0, 0, 0, 0, 0])
  }
}
