import PillionSchema
import PillionWire

extension SQLiteReader {
  /// JSON text of an array. Numbers and strings become cells of their kind, bytes are base64, and json items stay the
  /// text that they are.
  static func forEachElement(
    of cell: Cell, as scalar: ScalarType, _ body: (Cell) throws(Unreadable) -> Void
  ) throws(Unreadable) {
    guard cell.kind == .text || cell.kind == .blob else { throw Unreadable(.kind) }
    guard cell.bytes.isValidUTF8 else { throw Unreadable(.notUTF8) }
    var scanner = JSONScanner(cell.bytes)
    guard scanner.take("[") else { throw Unreadable(.malformed) }
    if !scanner.take("]") {
      repeat {
        guard let element = scanner.value() else { throw Unreadable(.malformed) }
        try withCell(element.kind, element.text, as: scalar, body)
      } while scanner.take(",")
      guard scanner.take("]") else { throw Unreadable(.malformed) }
    }
    guard scanner.isAtEnd else { throw Unreadable(.malformed) }
  }

  /// A record that `pillion_list` has made.
  static func forEachItem(of cell: Cell, _ body: (Cell) throws(Unreadable) -> Void) throws(Unreadable) {
    var record = try SQLiteRecord.Reader(cell)
    while !record.isAtEnd { try body(try record.next()) }
  }

  private static func withCell(
    _ kind: JSONScanner.Kind, _ text: UnsafeRawBufferPointer, as scalar: ScalarType,
    _ body: (Cell) throws(Unreadable) -> Void
  ) throws(Unreadable) {
    if scalar == .json { return try body(Cell(kind: .text, bytes: text)) }
    switch kind {
    case .null: throw Unreadable(.nullElement)
    case .true: try body(Cell(kind: .integer, word: 1))
    case .false: try body(Cell(kind: .integer, word: 0))
    case .array, .object: throw Unreadable(.malformed)
    case .number: try body(try number(text, as: scalar))
    case .string, .escapedString:
      let content = UnsafeRawBufferPointer(rebasing: text.dropFirst().dropLast())
      if scalar != .bytes && kind == .string { return try body(Cell(kind: .text, bytes: content)) }
      let made = kind == .string ? Array(content) : JSONScanner.unescaped(text)
      let isBytes = scalar == .bytes
      guard let made, let bytes = isBytes ? made.withUnsafeBytes({ Base64.decode($0) }) : made else {
        throw Unreadable(.malformed)
      }
      try bytes.withUnsafeBufferPointer { (bytes) throws(Unreadable) in
        try body(Cell(kind: isBytes ? .blob : .text, bytes: UnsafeRawBufferPointer(bytes)))
      }
    }
  }

  /// A number as an integer or real; as text where a double would lose digits.
  private static func number(_ text: UnsafeRawBufferPointer, as scalar: ScalarType) throws(Unreadable) -> Cell {
    if scalar == .decimal { return Cell(kind: .text, bytes: text) }
    let string = String(decoding: text, as: UTF8.self)
    if let integer = Int64(string) { return Cell(kind: .integer, word: UInt64(bitPattern: integer)) }
    if scalar == .uint64, DecimalBytes.unsigned(text) != nil { return Cell(kind: .text, bytes: text) }
    guard let double = Double(string) else { throw Unreadable(.malformed) }
    return Cell(kind: .real, word: double.bitPattern)
  }
}
