package import PillionSchema
package import PillionWire

/// Writes the columns of a row as the fields of a message.
///
/// What can be settled before a row comes is settled in `init`: tags, forms, what NULL becomes. A row is one loop over
/// that table. Zeros and NULLs are written as the proto says: a field without presence is left out when it is zero
/// (-0.0 and NaN are not zero), an optional field, wrapper or message when it is NULL; a nullable message says null; an
/// array that is NULL is empty.
///
/// A class, as `Step` is.
package final class RowEncoder: Sendable {
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
  private let origin: Origin?

  /// Where rows come from, for errors.
  struct Origin: Sendable {
    var table: TableName
    /// The key's cells with their types; empty where they are not selected.
    var key: [(cell: Int, type: ScalarType)] = []
  }

  /// A message without fields.
  package convenience init() { self.init(columns: [], dialect: .sqlite) }

  /// `columns` in the order of the cells.
  package convenience init(columns: [Column], dialect: Dialect) {
    self.init(columns: columns, dialect: dialect, origin: nil)
  }

  init(columns: [Column], dialect: Dialect, origin: Origin?) {
    self.dialect = dialect
    self.origin = origin
    let ordered = columns.enumerated().sorted { $0.element.shape.number < $1.element.shape.number }
    let isPlain = columns.allSatisfy { $0.rows == nil }
    table = isPlain ? ordered.map { CompiledColumn($0.element, cell: $0.offset) } : []
    parts = isPlain ? [] : ordered.map { MessagePart($0.element, cell: $0.offset) }
    names = columns.map { $0.field.column }
    types = columns.map(\.typeName)
  }

  /// Cells of a row that it reads.
  package var columnCount: Int { names.isEmpty ? 1 : names.count }

  /// Appends one message behind its five-byte gRPC prefix. Throws `.pillion(.unreadableValue)`, naming table, key and
  /// column, when it holds what its type cannot be read from; what was written before stays as it was. Cells beyond the
  /// columns are ignored.
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
        throw describe(error, column.cell, cells, reader)
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
        throw describe(error, cell, cells, reader)
      }
    }
  }

  private func describe<Reader: CellReader>(
    _ error: Unreadable, _ cell: Int, _ cells: UnsafeBufferPointer<Cell>, _ reader: Reader.Type
  ) -> DatabaseError {
    let place = error.place ?? Unreadable.Place(column: names[cell], type: types[cell], found: cells[cell].kind)
    var message = error.message(column: place.column, type: place.type, found: place.found, dialect: dialect)
    if let origin {
      let key = origin.key.map { "\(names[$0.cell]) = \(Self.text(cells[$0.cell], $0.type, reader))" }
      let row = key.isEmpty ? "" : ", row \(key.joined(separator: ", "))"
      message = "table \"\(origin.table)\"\(row): \(message)"
    }
    return DatabaseError(.pillion(.unreadableValue), message, table: origin?.table.name, column: place.column)
  }

  /// A key's value for people, cut to what fits a line.
  private static func text<Reader: CellReader>(_ cell: Cell, _ type: ScalarType, _ reader: Reader.Type) -> String {
    guard cell.kind != .null else { return "NULL" }
    do throws(Unreadable) {
      switch type {
      case .int32, .int64, .uint32: return "\(try reader.integer(cell))"
      case .uint64: return "\(try reader.unsigned(cell))"
      case .uuid: return try reader.uuid(cell).text().withBytes { String(decoding: $0, as: UTF8.self) }
      case .string:
        let text =
          switch try reader.text(cell) {
          case .borrowed(let bytes): String(decoding: bytes, as: UTF8.self)
          case .made(let bytes): String(decoding: bytes, as: UTF8.self)
          }
        return "'\(String(String.UnicodeScalarView(text.unicodeScalars.prefix(64))))'"
      default: return "…"
      }
    } catch {
      return "…"
    }
  }
}
