internal import CPillionPostgreSQL
internal import PillionDatabase
internal import PillionWire

/// One result of libpq, freed when it goes out of scope.
struct QueryResult: ~Copyable {
  private let handle: OpaquePointer

  init(_ handle: OpaquePointer) { self.handle = handle }

  deinit { PQclear(handle) }

  var status: ExecStatusType { PQresultStatus(handle) }
  var rows: Int32 { PQntuples(handle) }
  var columns: Int32 { PQnfields(handle) }

  /// Whether the server said that the statement ran to its end. When a connection breaks behind a row description, libpq
  /// 15 gives what has come so far as `PGRES_TUPLES_OK`, without a command tag.
  var isComplete: Bool {
    guard let tag = PQcmdStatus(handle) else { return false }
    return tag.pointee != 0 || status == PGRES_EMPTY_QUERY
  }

  /// What the server says that it has done: `COMMIT`, `INSERT 0 1`.
  var tag: String { PQcmdStatus(handle).map { String(cString: $0) } ?? "" }

  /// Whether the statement returned a row or, without returning rows, says that it touched one.
  var hasRow: Bool {
    if status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE { return rows > 0 }
    guard let count = PQcmdTuples(handle) else { return false }
    return count.pointee >= 0x31 && count.pointee <= 0x39  // "1"…"9": no leading zeros
  }

  /// The SQLSTATE, when the server sent an error.
  var sqlState: String? { field(0x43) }

  /// Whether the server ends the session with this error.
  var isFatal: Bool {
    guard let severity = field(0x56) ?? field(0x53) else { return false }
    return severity == "FATAL" || severity == "PANIC"
  }

  /// What the server said no with.
  func error(sql: String?) -> DatabaseError {
    let message = field(0x4D) ?? Self.firstLine(PQresultErrorMessage(handle))
    let detail = [field(0x44), field(0x48)].compactMap { $0 }.joined(separator: "; ")
    return DatabaseError(
      sqlState.map { .sqlState($0) } ?? .pillion(.unavailable), message, detail: detail.isEmpty ? nil : detail,
      table: field(0x74), column: field(0x63), constraint: field(0x6E), sql: sql)
  }

  /// Fills `cells` with a row; valid while the result is.
  func load(row: Int32, into cells: inout CellBuffer) -> UnsafeBufferPointer<Cell> {
    let columns = self.columns
    return cells.fill(Int(columns)) { index in
      let column = Int32(truncatingIfNeeded: index)
      let count = Int(PQgetlength(handle, row, column))
      // The length of NULL is 0: only where it is need libpq be asked which of the two it is.
      if count == 0, PQgetisnull(handle, row, column) != 0 { return Cell() }
      guard let value = PQgetvalue(handle, row, column) else { return Cell() }
      return Cell(kind: .blob, bytes: UnsafeRawBufferPointer(start: value, count: count))
    }
  }

  /// A value in text format; nil for NULL.
  func text(row: Int32, column: Int32) -> String? {
    guard PQgetisnull(handle, row, column) == 0, let value = PQgetvalue(handle, row, column) else { return nil }
    let bytes = UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(handle, row, column)))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A value that came in text format, by the type of its column ("Object Identifier Types", `pg_type.dat`).
  func value(row: Int32, column: Int32) -> SessionValue {
    guard let text = text(row: row, column: column) else { return .null }
    switch PQftype(handle, column) {
    case 16: return .bool(text == "t")
    case 20, 21, 23, 26: return Int64(text).map { .integer($0) } ?? .text(text)
    case 700, 701: return Double(text).map { .real($0) } ?? .text(text)
    case 17: return .bytes(Self.bytes(hex: text))
    default: return .text(text)
    }
  }

  /// `\\x0aff`; the server's default since 9.0.
  private static func bytes(hex text: String) -> [UInt8] {
    let digits = text.utf8.dropFirst(2).map { UInt8($0 < 0x3A ? $0 &- 0x30 : ($0 | 0x20) &- 0x57) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] & 15 }
  }

  /// A field of the error, by its protocol letter ("Error and Notice Message Fields" in PostgreSQL's manual).
  private func field(_ letter: Int32) -> String? {
    PQresultErrorField(handle, letter).map { String(cString: $0) }
  }

  static func firstLine(_ text: UnsafePointer<CChar>?) -> String {
    guard let text else { return "" }
    return String(String(cString: text).prefix { !$0.isNewline })
  }
}

/// The cells of one row, reused from row to row.
struct CellBuffer: ~Copyable {
  private var cells = UnsafeMutablePointer<Cell>.allocate(capacity: 32)
  private var capacity = 32

  init() {}

  deinit { cells.deallocate() }

  // `Cell` is trivial, so that memory needs neither initialising nor deinitialising between rows.
  mutating func fill(_ count: Int, _ cell: (Int) -> Cell) -> UnsafeBufferPointer<Cell> {
    if count > capacity {
      cells.deallocate()
      capacity = count
      cells = .allocate(capacity: count)
    }
    for index in 0..<count { (cells + index).initialize(to: cell(index)) }
    return UnsafeBufferPointer(start: cells, count: count)
  }
}
