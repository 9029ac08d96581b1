import PillionDatabase
import PillionSchema
import PillionWire
import Testing

/// How a test field looks in its message.
enum ValuesStyle: CaseIterable { case plain, optional, wrapper, oneof, repeated }

func valuesField(
  _ scalar: ScalarType, isNullable: Bool = false, storage: SQLiteStorage? = nil, isString: Bool = false,
  isArray: Bool = false
) -> Field {
  Field(
    name: "f", type: isArray ? .array(scalar) : .scalar(scalar), column: "c", isNullable: isNullable,
    usesStringInProto: isString, storage: storage, location: SourceLocation(file: "test.yaml", line: 1, column: 1))
}

func valuesColumn(_ field: Field, _ style: ValuesStyle, number: Int32 = 1) -> RowEncoder.Column {
  let element = field.protoElement
  let plain: ProtoType =
    switch element {
    case .scalar(let scalar): .scalar(scalar)
    case .wellKnown(let type): .wellKnown(type)
    }
  var label = FieldShape.Label.implicit
  var type = plain
  switch style {
  case .plain: break
  case .optional: label = .optional
  case .repeated: label = .repeated
  case .oneof: type = .nullable(element)
  case .wrapper: if case .scalar(let scalar) = element { type = .wrapper(scalar) }
  }
  return RowEncoder.Column(
    shape: FieldShape(name: "f", number: number, type: type, label: label, source: .field(0)), field: field)
}

/// A cell that owns its bytes.
enum ValuesCell: Sendable, CustomTestStringConvertible {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case textBytes([UInt8])
  case blob([UInt8])
  /// Hexadecimal digits, spaces ignored.
  case hex(String)

  var testDescription: String {
    switch self {
    case .null: "null"
    case .integer(let number): "integer \(number)"
    case .real(let number): "real \(number)"
    case .text(let text): "text \(text.prefix(60))"
    case .textBytes(let bytes): "text of \(bytes.count) bytes"
    case .blob(let bytes): "blob of \(bytes.count) bytes"
    case .hex(let digits): "blob \(digits.prefix(60))"
    }
  }

  func withCell<Result, Failure: Error>(_ body: (Cell) throws(Failure) -> Result) throws(Failure) -> Result {
    var kind = Cell.Kind.null
    var word: UInt64 = 0
    var bytes: [UInt8] = []
    switch self {
    case .null: break
    case .integer(let number): (kind, word) = (.integer, UInt64(bitPattern: number))
    case .real(let number): (kind, word) = (.real, number.bitPattern)
    case .text(let text): (kind, bytes) = (.text, Array(text.utf8))
    case .textBytes(let text): (kind, bytes) = (.text, text)
    case .blob(let blob): (kind, bytes) = (.blob, blob)
    case .hex(let digits): (kind, bytes) = (.blob, valuesBytes(digits))
    }
    return try bytes.withUnsafeBufferPointer { (buffer) throws(Failure) in
      try body(Cell(kind: kind, word: word, bytes: UnsafeRawBufferPointer(buffer)))
    }
  }
}

/// The message that a row of one column becomes, without its gRPC prefix, which is checked.
func valuesEncode(
  _ cell: ValuesCell, _ field: Field, _ style: ValuesStyle, _ dialect: Dialect
) throws(DatabaseError) -> [UInt8] {
  let encoder = RowEncoder(columns: [valuesColumn(field, style)], dialect: dialect)
  var writer = WireWriter()
  // What was there before must stay, whatever happens.
  writer.append(byte: 0xEE)
  do throws(DatabaseError) {
    try cell.withCell { (cell) throws(DatabaseError) in
      try withUnsafePointer(to: cell) { (pointer) throws(DatabaseError) in
        try encoder.encodeFramed(UnsafeBufferPointer(start: pointer, count: 1), into: &writer)
      }
    }
  } catch {
    guard writer.count == 1 else { throw DatabaseError(.pillion(.internal), "bytes of a failed row are left") }
    throw error
  }
  let bytes = Array(writer.bytes)
  let length = bytes.count - 6
  guard bytes[0] == 0xEE, bytes[1] == 0, bytes[2] == UInt8(truncatingIfNeeded: length >> 24),
    bytes[3] == UInt8(truncatingIfNeeded: length >> 16), bytes[4] == UInt8(truncatingIfNeeded: length >> 8),
    bytes[5] == UInt8(truncatingIfNeeded: length)
  else { throw DatabaseError(.pillion(.internal), "bad frame \(bytes.prefix(6))") }
  return Array(bytes.dropFirst(6))
}

/// The string or bytes that a column becomes as field 1; nil where the field is not written.
func valuesString(
  _ cell: ValuesCell, _ scalar: ScalarType, _ dialect: Dialect, storage: SQLiteStorage? = nil
) throws -> String? {
  let field = valuesField(scalar, storage: storage, isString: true)
  let bytes = try valuesEncode(cell, field, .optional, dialect)
  guard bytes.first == 0x0A else { return bytes.isEmpty ? nil : "not a string: \(bytes)" }
  var index = 1
  while bytes[index] >= 0x80 { index += 1 }
  return String(decoding: bytes[(index + 1)...], as: UTF8.self)
}

/// A bound parameter, with its bytes.
enum ValuesParameter: Equatable, CustomTestStringConvertible {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  /// Hexadecimal digits.
  case binary(String)

  var testDescription: String {
    switch self {
    case .null: "null"
    case .integer(let number): "integer \(number)"
    case .real(let number): "real \(number)"
    case .text(let text): "text \(text.prefix(60))"
    case .binary(let digits): "binary \(digits.prefix(60))"
    }
  }

  init?(_ parameters: Parameters) {
    guard parameters.entries.count == 1 else { return nil }
    let entry = parameters.entries[0]
    let bytes = parameters.bytes[entry.start..<entry.start + entry.count]
    switch entry.kind {
    case .null: self = .null
    case .integer: self = .integer(Int64(bitPattern: entry.word))
    case .real: self = .real(Double(bitPattern: entry.word))
    case .text:
      guard parameters.bytes[entry.start + entry.count] == 0 else { return nil }
      self = .text(String(decoding: bytes, as: UTF8.self))
    case .binary: self = .binary(valuesHex(bytes))
    }
  }
}

/// What a request holds.
enum ValuesSlot: Sendable, CustomTestStringConvertible {
  case absent, null
  case word(UInt64)
  case integer(Int64)
  case double(Double)
  case text(String)
  case bytes([UInt8])
  case time(Int64, Int32)
  case elements([ValuesSlot])

  var testDescription: String {
    switch self {
    case .text(let text): "text \(text.prefix(60))"
    case .bytes(let bytes): "\(bytes.count) bytes"
    default: "\(self)".prefix(80).description
    }
  }
}

/// What the slot is bound as.
func valuesBind(_ value: ValuesSlot, _ field: Field, _ dialect: Dialect) throws(ValueError) -> ValuesParameter? {
  var message = DecodedMessage()
  func slot(_ value: ValuesSlot) -> Slot {
    var slot = Slot()
    slot.state = .present
    switch value {
    case .absent: slot.state = .absent
    case .null: slot.state = .null
    case .word(let word): slot.word = word
    case .integer(let number): slot.word = UInt64(bitPattern: number)
    case .double(let number): slot.word = number.bitPattern
    case .text(let text): (slot.start, slot.count) = scratch(Array(text.utf8))
    case .bytes(let bytes): (slot.start, slot.count) = scratch(bytes)
    case .time(let seconds, let nanoseconds):
      slot.word = UInt64(bitPattern: seconds)
      slot.nanoseconds = nanoseconds
    case .elements(let elements):
      let made = elements.map { element(of: $0) }
      (slot.start, slot.count) = (message.elements.count, made.count)
      message.elements += made
    }
    return slot
  }
  func scratch(_ bytes: [UInt8]) -> (Int, Int) {
    message.scratch += bytes
    return (message.scratch.count - bytes.count, bytes.count)
  }
  func element(of value: ValuesSlot) -> Slot {
    var element = slot(value)
    element.isInScratch = true
    return element
  }
  var parameters = Parameters()
  try FieldCodec(field: field, dialect: dialect).bind(element(of: value), of: message, to: &parameters)
  return ValuesParameter(parameters)
}

func valuesDefault(
  _ value: DefaultValue, _ field: Field, _ dialect: Dialect, now: WallTime = WallTime(seconds: 0, nanoseconds: 0)
) throws(ValueError) -> ValuesParameter? {
  var parameters = Parameters()
  try FieldCodec(field: field, dialect: dialect).bind(value, now: now, to: &parameters)
  return ValuesParameter(parameters)
}

func valuesHex(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func valuesBytes(_ hex: String) -> [UInt8] {
  let digits = hex.filter { $0 != " " }
  return stride(from: 0, to: digits.count, by: 2).compactMap { offset in
    let start = digits.index(digits.startIndex, offsetBy: offset)
    return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
  }
}

/// Seconds and nanoseconds of the Timestamp or Duration that a column becomes as field 1.
func valuesTime(
  _ cell: ValuesCell, _ scalar: ScalarType, _ dialect: Dialect, storage: SQLiteStorage? = nil
) throws -> [Int64] {
  let bytes = try valuesEncode(cell, valuesField(scalar, storage: storage), .plain, dialect)
  guard bytes.count >= 2, bytes[0] == 0x0A, Int(bytes[1]) == bytes.count - 2 else { return [] }
  var times: [Int64] = [0, 0]
  var index = 2
  while index < bytes.count {
    let field = bytes[index]
    guard field == 0x08 || field == 0x10 else { return [] }
    var value: UInt64 = 0
    var shift: UInt64 = 0
    repeat {
      index += 1
      value |= UInt64(bytes[index] & 0x7F) << shift
      shift += 7
    } while bytes[index] >= 0x80
    times[field == 0x08 ? 0 : 1] = Int64(bitPattern: value)
    index += 1
  }
  return times
}

/// The message of the error that a cell ends with; nil if there is none.
func valuesProblem(
  _ cell: ValuesCell, _ field: Field, _ style: ValuesStyle, _ dialect: Dialect
) -> String? {
  do throws(DatabaseError) {
    _ = try valuesEncode(cell, field, style, dialect)
    return nil
  } catch {
    return error.code == .pillion(.unreadableValue) && error.column == "c" ? error.message : "\(error)"
  }
}

/// The same numbers in every run (SplitMix64), so that a failure comes again.
struct ValuesRandom: RandomNumberGenerator {
  private var state: UInt64 = 20_240_506

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
