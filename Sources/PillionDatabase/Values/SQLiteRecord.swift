/// Cells packed into one blob: a row inside another, or a list of rows or keys.
///
/// SQLite has no value that holds others but JSON text, which knows no blobs and keeps 15 digits of a real. So the
/// driver registers functions that pack the values as they are: `SELECT pillion_row(r.a, r.b)` is one row, and
/// `pillion_list(x)`, an aggregate, the list of what it is given. The bytes never leave the process.
package enum SQLiteRecord {
  /// Packs its arguments.
  package static let row = "pillion_row"
  /// Puts records behind each other.
  package static let join = "pillion_join"
  /// Packs what it is given for each row, in the order of the rows.
  package static let list = "pillion_list"

  /// Arguments that a function takes at most (https://sqlite.org/limits.html, SQLITE_MAX_FUNCTION_ARG: 127).
  static let argumentLimit = 100

  /// `pillion_row(…)` of any number of columns.
  static func row(_ columns: [String]) -> String {
    guard columns.count > argumentLimit else { return "\(row)(\(columns.joined(separator: ", ")))" }
    let parts = stride(from: 0, to: columns.count, by: argumentLimit).map {
      row(Array(columns[$0..<min($0 + argumentLimit, columns.count)]))
    }
    return "\(join)(\(parts.joined(separator: ", ")))"
  }

  /// Appends a cell: its kind, then nothing, eight bytes of a number, or a length of eight bytes and that many bytes.
  package static func append(_ cell: Cell, to bytes: inout [UInt8]) {
    bytes.append(cell.kind.rawValue)
    switch cell.kind {
    case .null: break
    case .integer, .real: append(cell.word, to: &bytes)
    case .text, .blob:
      append(UInt64(cell.bytes.count), to: &bytes)
      bytes.append(contentsOf: cell.bytes)
    }
  }

  private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Reads the cells of a record one after the other.
  struct Reader: CellRecord {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ cell: Cell) throws(Unreadable) {
      guard cell.kind == .blob else { throw Unreadable(.kind) }
      bytes = cell.bytes
    }

    var isAtEnd: Bool { offset >= bytes.count }

    mutating func next() throws(Unreadable) -> Cell {
      guard !isAtEnd, let kind = Cell.Kind(rawValue: bytes[offset]) else { throw Unreadable(.malformed) }
      offset &+= 1
      if kind == .null { return Cell() }
      guard bytes.count &- offset >= 8 else { throw Unreadable(.malformed) }
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset &+= 8
      if kind == .integer || kind == .real { return Cell(kind: kind, word: word) }
      guard let count = Int(exactly: word), bytes.count &- offset >= count else { throw Unreadable(.malformed) }
      defer { offset &+= count }
      return Cell(kind: kind, bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset &+ count]))
    }
  }
}
