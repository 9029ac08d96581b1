import CPillionSQLite
import PillionDatabase

/// The cells of a statement's current row; one per lane, reused from row to row.
final class RowBuffer {
  private var cells: UnsafeMutableBufferPointer<Cell>

  init() {
    cells = .allocate(capacity: 32)
    cells.initialize(repeating: Cell())
  }

  deinit { cells.deallocate() }

  /// Reads the row that the statement stands on. What is returned is valid until the statement's next step.
  func read(_ statement: PreparedStatement) throws(DatabaseError) -> UnsafeBufferPointer<Cell> {
    let handle = statement.handle
    // Not the count at compilation: a changed schema recompiles the statement.
    let count = sqlite3_data_count(handle)
    if Int(count) > cells.count { grow(to: Int(count)) }
    for index in 0..<max(count, 0) {
      // Each question to a column would look for the connection's mutex, which it has none of. Its value may be asked
      // by the one thread that uses the statement (https://sqlite.org/c3ref/value.html: "unprotected").
      let value = sqlite3_column_value(handle, index)
      let cell: Cell
      switch sqlite3_value_type(value) {
      case SQLITE_NULL:
        cell = Cell()
      case SQLITE_INTEGER:
        cell = Cell(kind: .integer, word: UInt64(bitPattern: sqlite3_value_int64(value)))
      case SQLITE_FLOAT:
        cell = Cell(kind: .real, word: sqlite3_value_double(value).bitPattern)
      case SQLITE_TEXT:
        // The pointer before the count: it may convert from UTF-16 (https://sqlite.org/c3ref/column_blob.html).
        guard let text = sqlite3_value_text(value) else { throw Self.outOfMemory(statement) }
        let bytes = UnsafeRawBufferPointer(start: text, count: Int(sqlite3_value_bytes(value)))
        cell = Cell(kind: .text, bytes: bytes)
      default:
        let blob = sqlite3_value_blob(value)
        let size = Int(sqlite3_value_bytes(value))
        // An empty blob has no address, which is no error.
        guard blob != nil || size == 0 else { throw Self.outOfMemory(statement) }
        cell = Cell(kind: .blob, bytes: UnsafeRawBufferPointer(start: blob, count: size))
      }
      cells[Int(index)] = cell
    }
    return UnsafeBufferPointer(rebasing: cells[..<Int(max(count, 0))])
  }

  private func grow(to count: Int) {
    cells.deallocate()
    cells = .allocate(capacity: count)
    cells.initialize(repeating: Cell())
  }

  private static func outOfMemory(_ statement: PreparedStatement) -> DatabaseError {
    DatabaseError(.sqlite(SQLITE_NOMEM), SQLiteError.text(SQLITE_NOMEM), sql: statement.sql)
  }
}

extension Parameters {
  /// A copy of the cells of a row, to be bound again.
  init(copying cells: UnsafeBufferPointer<Cell>) {
    self.init(capacity: cells.count)
    for cell in cells {
      switch cell.kind {
      case .null: appendNull()
      case .integer: append(integer: Int64(bitPattern: cell.word))
      case .real: append(real: Double(bitPattern: cell.word))
      case .text: append(text: cell.bytes)
      case .blob: append(binary: cell.bytes)
      }
    }
  }
}
