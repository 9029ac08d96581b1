import PillionSchema
import PillionWire

/// Reads PostgreSQL's binary formats, as the `send` functions of its types write them (src/backend/utils/adt).
///
/// `FieldCodec.selectExpression` has cast every column to the type that is expected here.
enum PostgreSQLReader: CellReader {
  typealias Record = PostgreSQLRecord

  /// 2000-01-01, from which PostgreSQL counts, in days since 1970-01-01.
  static let epochDays = 10_957
  /// The same in seconds.
  static let epochSeconds: Int64 = 946_684_800

  @inline(__always)
  private static func load<Number: FixedWidthInteger>(
    _ cell: Cell, as type: Number.Type
  ) throws(Unreadable) -> Number {
    guard cell.kind == .blob else { throw Unreadable(.kind) }
    guard cell.bytes.count == MemoryLayout<Number>.size else { throw Unreadable(.malformed) }
    return Number(bigEndian: cell.bytes.loadUnaligned(as: type))
  }

  @inline(__always)
  static func bytes(_ cell: Cell) throws(Unreadable) -> UnsafeRawBufferPointer {
    guard cell.kind == .blob else { throw Unreadable(.kind) }
    return cell.bytes
  }

  static func bool(_ cell: Cell) throws(Unreadable) -> Bool { try load(cell, as: UInt8.self) != 0 }

  @inline(__always)
  static func integer(_ cell: Cell) throws(Unreadable) -> Int64 { try load(cell, as: Int64.self) }

  /// Text of a bigint or numeric.
  static func unsigned(_ cell: Cell) throws(Unreadable) -> UInt64 {
    let bytes = try bytes(cell)
    if let number = DecimalBytes.unsigned(bytes) { return number }
    throw Unreadable(DecimalBytes.check(bytes) == .malformed ? .malformed : .outOfRange)
  }

  static func float(_ cell: Cell) throws(Unreadable) -> Float { Float(bitPattern: try load(cell, as: UInt32.self)) }

  static func double(_ cell: Cell) throws(Unreadable) -> Double { Double(bitPattern: try load(cell, as: UInt64.self)) }

  @inline(__always)
  static func text(_ cell: Cell) throws(Unreadable) -> CellText { try checked(try bytes(cell)) }

  /// Microseconds since 2000-01-01; the ends of the range are the infinities.
  static func timestamp(_ cell: Cell) throws(Unreadable) -> Instant {
    let microseconds = try load(cell, as: Int64.self)
    if microseconds == .max || microseconds == .min { throw Unreadable(.infinite) }
    var seconds = microseconds / 1_000_000
    var rest = microseconds % 1_000_000
    if rest < 0 {
      seconds &-= 1
      rest &+= 1_000_000
    }
    let nanoseconds = Int32(truncatingIfNeeded: rest &* 1_000)
    guard let instant = Instant(seconds: seconds &+ epochSeconds, nanoseconds: nanoseconds) else {
      throw Unreadable(.outOfRange)
    }
    return instant
  }

  /// Days since 2000-01-01; the ends of the range are the infinities.
  static func date(_ cell: Cell, isInDays: Bool) throws(Unreadable) -> Int {
    let days = try load(cell, as: Int32.self)
    if days == .max || days == .min { throw Unreadable(.infinite) }
    let day = Int(days) &+ epochDays
    guard CalendarDate(daysSinceEpoch: day) != nil else { throw Unreadable(.outOfRange) }
    return day
  }

  /// Microseconds since midnight.
  static func time(_ cell: Cell) throws(Unreadable) -> Int64 {
    let microseconds = try load(cell, as: Int64.self)
    guard (0...86_400_000_000).contains(microseconds) else { throw Unreadable(.outOfRange) }
    return microseconds &* 1_000
  }

  /// Microseconds, days and months.
  static func duration(_ cell: Cell) throws(Unreadable) -> TimeSpan {
    let bytes = try bytes(cell)
    guard bytes.count == 16 else { throw Unreadable(.malformed) }
    let microseconds = Int64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: Int64.self))
    let days = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int32.self))
    let months = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 12, as: Int32.self))
    if months != 0 { throw Unreadable(.months) }
    guard let span = TimeSpan(days: days, microseconds: microseconds) else { throw Unreadable(.outOfRange) }
    return span
  }

  /// Text of a numeric.
  static func decimal(_ cell: Cell) throws(Unreadable) -> CellText {
    let bytes = try bytes(cell)
    guard DecimalBytes.isDecimal(bytes) else { throw Unreadable(.malformed) }
    return .borrowed(bytes)
  }

  /// Text, whatever type the column has.
  static func uuid(_ cell: Cell) throws(Unreadable) -> UUIDBytes {
    guard let uuid = UUIDBytes(text: try bytes(cell)) else { throw Unreadable(.malformed) }
    return uuid
  }

  static func json(_ cell: Cell) throws(Unreadable) -> CellText { .borrowed(try bytes(cell)) }

  /// `array_send`: dimensions, a flag, the elements' type, for each dimension its size and lower bound, then each
  /// element behind its length, -1 for NULL; all numbers have four bytes.
  static func forEachElement(
    of cell: Cell, as scalar: ScalarType, _ body: (Cell) throws(Unreadable) -> Void
  ) throws(Unreadable) {
    let bytes = try bytes(cell)
    guard bytes.count >= 12 else { throw Unreadable(.malformed) }
    func word(_ offset: Int) -> Int {
      Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
    }
    let dimensions = word(0)
    if dimensions == 0 && bytes.count == 12 { return }
    guard dimensions >= 1, bytes.count >= 20 else { throw Unreadable(.malformed) }
    if dimensions > 1 { throw Unreadable(.dimensions) }
    var offset = 20
    for _ in 0..<max(0, word(12)) {
      guard bytes.count &- offset >= 4 else { throw Unreadable(.malformed) }
      let length = word(offset)
      offset &+= 4
      if length == -1 { throw Unreadable(.nullElement) }
      guard length >= 0, bytes.count &- offset >= length else { throw Unreadable(.malformed) }
      let element = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset &+ length])
      try body(Cell(kind: .blob, bytes: element))
      offset &+= length
    }
    if offset != bytes.count { throw Unreadable(.malformed) }
  }

  /// An array.
  static func forEachItem(of cell: Cell, _ body: (Cell) throws(Unreadable) -> Void) throws(Unreadable) {
    try forEachElement(of: cell, as: .bytes, body)
  }
}
