package import PillionSchema
package import PillionWire

/// Writes the columns of a row as the fields of a message.
///
/// What can be settled before a row comes is settled in `init`: tags, forms, what NULL becomes. A row is one loop over
/// that table. Zeros and NULLs are written as the proto says: a field without presence is left out when it is zero
/// (-0.0 and NaN are not zero), an optional field, wrapper or message when it is NULL; a nullable message says null; an
/// array that is NULL is empty.
package struct RowEncoder: Sendable {
  /// A column of the rows and the field that it becomes.
  package struct Column: Sendable {
    package var shape: FieldShape
    package var field: Field
    /// Of a relation whose rows are sent as messages: the columns of these, in the order of the field numbers; nil: the
    /// cell holds the field's own value.
    package var rows: [Column]?

    package init(shape: FieldShape, field: Field, rows: [Column]? = nil) {
      self.shape = shape
      self.field = field
      self.rows = rows
    }

    /// For errors.
    var typeName: String { (field.type.isRepeated ? "array of " : "") + field.type.scalar.rawValue }
  }

  private let dialect: Dialect
  /// In the order of the field numbers, as protobuf's own encoders write.
  private let table: [CompiledColumn]
  /// The same with what rows there are in the row; empty where there are none.
  private let parts: [MessagePart]
  /// For errors, in the order of the cells.
  private let names: [String]
  private let types: [String]

  /// A message without fields.
  package init() { self.init(columns: [], dialect: .sqlite) }

  /// `columns` in the order of the cells.
  package init(columns: [Column], dialect: Dialect) {
    self.dialect = dialect
    let ordered = columns.enumerated().sorted { $0.element.shape.number < $1.element.shape.number }
    let isPlain = columns.allSatisfy { $0.rows == nil }
    table = isPlain ? ordered.map { CompiledColumn($0.element, cell: $0.offset) } : []
    parts = isPlain ? [] : ordered.map { MessagePart($0.element, cell: $0.offset) }
    names = columns.map { $0.field.column }
    types = columns.map(\.typeName)
  }

  /// Cells of a row that it reads.
  package var columnCount: Int { names.isEmpty ? 1 : names.count }

  /// Appends one message behind its five-byte gRPC prefix. Throws `.pillion(.unreadableValue)`, naming the column, when
  /// it holds what its type cannot be read from; what was written before stays as it was. Cells beyond the columns are
  /// ignored.
  package func encodeFramed(_ cells: UnsafeBufferPointer<Cell>, into writer: inout WireWriter) throws(DatabaseError) {
    guard cells.count >= names.count else {
      throw DatabaseError(.pillion(.internal), "a row has \(cells.count) columns where \(names.count) were selected")
    }
    switch dialect {
    case .postgresql: try encode(cells, PostgreSQLReader.self, into: &writer)
    case .sqlite: try encode(cells, SQLiteReader.self, into: &writer)
    }
  }

  @inline(__always)
  private func encode<Reader: CellReader>(
    _ cells: UnsafeBufferPointer<Cell>, _ reader: Reader.Type, into writer: inout WireWriter
  ) throws(DatabaseError) {
    let frame = writer.beginGRPCFrame()
    for column in table {
      do throws(Unreadable) {
        try column.encode(cells[column.cell], reader, into: &writer)
      } catch {
        writer.truncate(to: frame)
        throw describe(error, column.cell, cells[column.cell].kind)
      }
    }
    if !parts.isEmpty { try encodeParts(cells, reader, into: &writer, from: frame) }
    writer.endGRPCFrame(frame)
  }

  /// The parts of a row that has rows in it.
  private func encodeParts<Reader: CellReader>(
    _ cells: UnsafeBufferPointer<Cell>, _ reader: Reader.Type, into writer: inout WireWriter, from frame: Int
  ) throws(DatabaseError) {
    for part in parts {
      let cell =
        switch part {
        case .value(let column): column.cell
        case .rows(let rows): rows.cell
        }
      do throws(Unreadable) {
        switch part {
        case .value(let column): try column.encode(cells[cell], reader, into: &writer)
        case .rows(let rows): try rows.encode(cells[cell], reader, into: &writer)
        }
      } catch {
        writer.truncate(to: frame)
        throw describe(error, cell, cells[cell].kind)
      }
    }
  }

  private func describe(_ error: Unreadable, _ cell: Int, _ kind: Cell.Kind) -> DatabaseError {
    let place = error.place ?? Unreadable.Place(column: names[cell], type: types[cell], found: kind)
    let message = error.message(column: place.column, type: place.type, found: place.found, dialect: dialect)
    return DatabaseError(.pillion(.unreadableValue), message, column: place.column)
  }
}
