import PillionSchema
import PillionWire

/// A part of a message: the value in a cell, or the rows in one.
enum MessagePart: Sendable {
  case value(CompiledColumn)
  case rows(EmbeddedRows)

  /// `columns` in the order of their cells, each with its own index.
  init(_ column: RowEncoder.Column, cell: Int) {
    self = column.rows == nil ? .value(CompiledColumn(column, cell: cell)) : .rows(EmbeddedRows(column, cell: cell))
  }
}

/// How the rows of a relation, which one cell holds, become messages inside a message.
///
/// A row's cells come in the order of the field numbers and are read one after the other.
struct EmbeddedRows: Sendable {
  /// Index of the cell.
  let cell: Int
  private let tag: UInt64
  private let isRepeated: Bool
  private let parts: [MessagePart]
  /// For errors, in the order of the cells.
  private let names: [String]
  private let types: [String]

  init(_ column: RowEncoder.Column, cell: Int) {
    let columns = column.rows ?? []
    self.cell = cell
    tag = UInt64(truncatingIfNeeded: column.shape.number) &<< 3 | UInt64(WireType.lengthDelimited.rawValue)
    isRepeated = column.shape.label == .repeated
    parts = columns.enumerated().map { MessagePart($1, cell: $0) }
    names = columns.map { "\(column.shape.name).\($0.field.column)" }
    types = columns.map(\.typeName)
  }

  /// Appends a message for each row; NULL is none.
  func encode<Reader: CellReader>(
    _ cell: Cell, _ reader: Reader.Type, into writer: inout WireWriter
  ) throws(Unreadable) {
    if cell.kind == .null { return }
    guard isRepeated else { return try encodeRow(cell, reader, into: &writer) }
    try Reader.forEachItem(of: cell) { (row) throws(Unreadable) in try encodeRow(row, reader, into: &writer) }
  }

  private func encodeRow<Reader: CellReader>(
    _ cell: Cell, _ reader: Reader.Type, into writer: inout WireWriter
  ) throws(Unreadable) {
    writer.append(varint: tag)
    let mark = writer.beginLengthDelimited()
    var record = try Reader.Record(cell)
    for (index, part) in parts.enumerated() {
      let cell = try record.next()
      do throws(Unreadable) {
        switch part {
        case .value(let column): try column.encode(cell, reader, into: &writer)
        case .rows(let rows): try rows.encode(cell, reader, into: &writer)
        }
      } catch {
        throw error.located(Unreadable.Place(column: names[index], type: types[index], found: cell.kind))
      }
    }
    writer.endLengthDelimited(mark)
  }
}
