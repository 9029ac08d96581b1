import PillionDatabase
import PillionSchema
import PillionWire
import Testing

/// Rows in one cell of another row.
@Suite struct ValuesRecordTests {
  /// A message with the row's rows in field 3: an int64 in 1 and a nullable string in 2.
  private static func encoder(_ dialect: Dialect, isRepeated: Bool) -> RowEncoder {
    let columns = [
      valuesColumn(valuesField(.int64), .plain),
      valuesColumn(valuesField(.string, isNullable: true), .oneof, number: 2),
    ]
    var column = valuesColumn(valuesField(.int64), isRepeated ? .repeated : .plain, number: 3)
    column.rows = columns
    return RowEncoder(columns: [column], dialect: dialect)
  }

  /// The message, or what is wrong with the cell. Whatever happens, nothing is left of a failed row.
  private static func encode(_ cell: [UInt8]?, _ dialect: Dialect, isRepeated: Bool) -> Result<[UInt8], DatabaseError> {
    let encoder = encoder(dialect, isRepeated: isRepeated)
    var writer = WireWriter()
    do throws(DatabaseError) {
      try (cell.map(ValuesCell.blob) ?? .null).withCell { (cell) throws(DatabaseError) in
        try withUnsafePointer(to: cell) { (pointer) throws(DatabaseError) in
          try encoder.encodeFramed(UnsafeBufferPointer(start: pointer, count: 1), into: &writer)
        }
      }
      return .success(Array(Array(writer.bytes).dropFirst(5)))
    } catch {
      #expect(writer.count == 0)
      return .failure(error)
    }
  }

  private static func sqlite(_ cells: ValuesCell...) -> [UInt8] {
    var bytes: [UInt8] = []
    for cell in cells { cell.withCell { SQLiteRecord.append($0, to: &bytes) } }
    return bytes
  }

  /// A record with an int8 and a text, as `record_send` writes it.
  private static let postgresql = valuesBytes("00000002 00000014 00000008 0000000000000007 00000019 00000001 78")
  /// The same with NULL for the text.
  private static let withNull = valuesBytes("00000002 00000014 00000008 0000000000000008 00000019 ffffffff")
  /// Field 3 of 7 and "x", and of 8 and null.
  private static let seven = valuesBytes("1a07 0807 1203 0a0178")
  private static let eight = valuesBytes("1a06 0808 1202 1000")

  @Test func oneRow() throws {
    #expect(try Self.encode(Self.postgresql, .postgresql, isRepeated: false).get() == Self.seven)
    #expect(try Self.encode(Self.sqlite(.integer(7), .text("x")), .sqlite, isRepeated: false).get() == Self.seven)
    #expect(try Self.encode(nil, .postgresql, isRepeated: false).get() == [])
    #expect(try Self.encode(nil, .sqlite, isRepeated: false).get() == [])
  }

  @Test func manyRows() throws {
    var whole = valuesBytes("00000001 00000000 000008c9 00000002 00000001")
    for row in [Self.postgresql, Self.withNull] { whole += [0, 0, 0, UInt8(row.count)] + row }
    #expect(try Self.encode(whole, .postgresql, isRepeated: true).get() == Self.seven + Self.eight)
    let list = Self.sqlite(.blob(Self.sqlite(.integer(7), .text("x"))), .blob(Self.sqlite(.integer(8), .null)))
    #expect(try Self.encode(list, .sqlite, isRepeated: true).get() == Self.seven + Self.eight)
    #expect(try Self.encode([], .sqlite, isRepeated: true).get() == [])
    // ARRAY(…) of no rows.
    #expect(try Self.encode(valuesBytes("00000000 00000000 000008c9"), .postgresql, isRepeated: true).get() == [])
  }

  @Test(arguments: [Dialect.postgresql, .sqlite])
  func whatIsCutShortIsUnreadable(_ dialect: Dialect) throws {
    let whole = dialect == .postgresql ? Self.postgresql : Self.sqlite(.integer(7), .text("x"))
    for count in 0..<whole.count {
      guard case .failure(let error) = Self.encode(Array(whole.prefix(count)), dialect, isRepeated: false) else {
        Issue.record("\(count) bytes were read")
        continue
      }
      #expect(error.code == .pillion(.unreadableValue))
    }
    // Any byte may be wrong.
    for index in whole.indices {
      for byte in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
        var changed = whole
        changed[index] = byte
        _ = Self.encode(changed, dialect, isRepeated: false)
        _ = Self.encode(changed, dialect, isRepeated: true)
      }
    }
  }

  @Test func anErrorNamesTheColumnInside() {
    let cell = Self.sqlite(.text("no number"), .null)
    guard case .failure(let error) = Self.encode(cell, .sqlite, isRepeated: false) else {
      Issue.record("it was read")
      return
    }
    #expect(error.column == "f.c")
    #expect(error.message == #"column "f.c" holds text where the model says int64"#)
  }
}
