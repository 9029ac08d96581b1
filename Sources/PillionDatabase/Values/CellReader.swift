import PillionSchema
import PillionWire

/// Text of a cell.
enum CellText {
  case borrowed(UnsafeRawBufferPointer)
  case made([UInt8])
}

/// The cells of a row that one cell of another row holds, one after the other; whatever its bytes are, it throws and
/// never traps.
protocol CellRecord {
  init(_ cell: Cell) throws(Unreadable)
  mutating func next() throws(Unreadable) -> Cell
}

/// How one database's cells are read. No cell is NULL here; whatever its bytes are, a reader throws and never traps.
protocol CellReader {
  associatedtype Record: CellRecord

  static func bool(_ cell: Cell) throws(Unreadable) -> Bool
  static func integer(_ cell: Cell) throws(Unreadable) -> Int64
  static func unsigned(_ cell: Cell) throws(Unreadable) -> UInt64
  static func float(_ cell: Cell) throws(Unreadable) -> Float
  static func double(_ cell: Cell) throws(Unreadable) -> Double
  /// UTF-8.
  static func text(_ cell: Cell) throws(Unreadable) -> CellText
  static func bytes(_ cell: Cell) throws(Unreadable) -> UnsafeRawBufferPointer
  static func timestamp(_ cell: Cell) throws(Unreadable) -> Instant
  /// Days since 1970-01-01, in the years 1 to 9999. `isInDays`: integers are days, not seconds.
  static func date(_ cell: Cell, isInDays: Bool) throws(Unreadable) -> Int
  /// Nanoseconds since midnight, 24:00:00 at most.
  static func time(_ cell: Cell) throws(Unreadable) -> Int64
  static func duration(_ cell: Cell) throws(Unreadable) -> TimeSpan
  /// Plain decimal, or `NaN`, `Infinity`, `-Infinity`.
  static func decimal(_ cell: Cell) throws(Unreadable) -> CellText
  static func uuid(_ cell: Cell) throws(Unreadable) -> UUIDBytes
  /// Text that is yet to be checked.
  static func json(_ cell: Cell) throws(Unreadable) -> CellText
  /// Calls `body` with each element of an array as a cell that this reader reads.
  static func forEachElement(
    of cell: Cell, as scalar: ScalarType, _ body: (Cell) throws(Unreadable) -> Void
  ) throws(Unreadable)
  /// Calls `body` with each row or key of a relation's list.
  static func forEachItem(of cell: Cell, _ body: (Cell) throws(Unreadable) -> Void) throws(Unreadable)
}

extension CellReader {
  /// Text that is UTF-8.
  @inline(__always)
  static func checked(_ bytes: UnsafeRawBufferPointer) throws(Unreadable) -> CellText {
    guard bytes.isValidUTF8 else { throw Unreadable(.notUTF8) }
    return .borrowed(bytes)
  }
}
