/// Reads a row inside another, in the format of `record_send` (src/backend/utils/adt/rowtypes.c): the number of columns,
/// then for each its type, its length, -1 for NULL, and its bytes; all numbers have four bytes.
struct PostgreSQLRecord: CellRecord {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 4

  init(_ cell: Cell) throws(Unreadable) {
    guard cell.kind == .blob else { throw Unreadable(.kind) }
    bytes = cell.bytes
  }

  mutating func next() throws(Unreadable) -> Cell {
    guard bytes.count &- offset >= 8 else { throw Unreadable(.malformed) }
    let length = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset &+ 4, as: Int32.self)))
    offset &+= 8
    if length == -1 { return Cell() }
    guard length >= 0, bytes.count &- offset >= length else { throw Unreadable(.malformed) }
    defer { offset &+= length }
    return Cell(kind: .blob, bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset &+ length]))
  }
}
