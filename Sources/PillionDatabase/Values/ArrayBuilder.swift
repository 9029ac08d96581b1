import PillionSchema

/// The elements of a repeated field as one parameter: PostgreSQL's binary array, its array literal where the elements
/// are text, or JSON text for SQLite.
struct ArrayBuilder {
  private enum Style { case binary, literal, json }

  private let style: Style
  private let codec: FieldCodec
  private var bytes: [UInt8] = []
  private var count = 0
  /// Dimensions, flag, element type, size and lower bound of the only dimension.
  private static let headerBytes = 20

  init(_ codec: FieldCodec, count: Int) {
    self.codec = codec
    switch codec.dialect {
    case .postgresql: style = PostgreSQLType.array(codec.scalar) == 0 ? .literal : .binary
    case .sqlite: style = .json
    }
    bytes.reserveCapacity(Self.headerBytes &+ count &* 16)
    switch style {
    case .binary: bytes.append(contentsOf: repeatElement(0, count: Self.headerBytes))
    case .literal: bytes.append(UInt8(ascii: "{"))
    case .json: bytes.append(UInt8(ascii: "["))
    }
  }

  mutating func append(_ value: BoundValue) throws(ValueError) {
    if count > 0 && style != .binary { bytes.append(UInt8(ascii: ",")) }
    count &+= 1
    switch style {
    case .binary: try value.postgreSQLForm().withBytes { appendBinary($0) }
    case .literal: try value.postgreSQLForm().withBytes { appendLiteral($0) }
    case .json: try appendJSON(value)
    }
  }

  consuming func finish(into parameters: inout Parameters) {
    switch style {
    case .binary:
      // An empty array has no dimension.
      if count == 0 { bytes.removeLast(8) }
      store(count == 0 ? 0 : 1, at: 0)
      store(Int32(truncatingIfNeeded: PostgreSQLType.parameter(codec.scalar)), at: 8)
      if count > 0 {
        store(Int32(clamping: count), at: 12)
        store(1, at: 16)
      }
      bytes.withUnsafeBytes { parameters.append(binary: $0) }
    case .literal:
      bytes.append(UInt8(ascii: "}"))
      bytes.withUnsafeBytes { parameters.append(text: $0) }
    case .json:
      bytes.append(UInt8(ascii: "]"))
      bytes.withUnsafeBytes { parameters.append(text: $0) }
    }
  }

  private mutating func store(_ word: Int32, at offset: Int) {
    for index in 0..<4 { bytes[offset &+ index] = UInt8(truncatingIfNeeded: word &>> Int32(24 &- 8 &* index)) }
  }

  private mutating func appendBinary(_ element: UnsafeRawBufferPointer) {
    withUnsafeBytes(of: Int32(clamping: element.count).bigEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: element)
  }

  /// Quoted, so that no element is taken for NULL or for more than one (PostgreSQL's manual, section 8.15.6).
  private mutating func appendLiteral(_ element: UnsafeRawBufferPointer) {
    bytes.append(UInt8(ascii: "\""))
    for byte in element {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func appendJSON(_ value: BoundValue) throws(ValueError) {
    switch value {
    case .bool(let bool): bytes.append(contentsOf: (bool ? "true" : "false").utf8)
    case .json(let text): bytes.append(contentsOf: text)
    case .unsigned(let number) where !codec.isRelation: bytes.append(contentsOf: String(number).utf8)
    case .bytes(let blob):
      bytes.append(UInt8(ascii: "\""))
      Base64.append(blob, to: &bytes)
      bytes.append(UInt8(ascii: "\""))
    case .uuid(let uuid) where codec.storage == .blob:
      uuid.text().withBytes { JSONScanner.append(string: $0, to: &bytes) }
    default:
      let form = try codec.sqliteForm(value)
      switch form {
      case .integer(let number): bytes.append(contentsOf: String(number).utf8)
      case .real(let number) where number.isFinite: bytes.append(contentsOf: number.description.utf8)
      case .real(let number): JSONScanner.append(string: number < 0 ? "-Infinity" : "Infinity", to: &bytes)
      case .text, .shortText, .madeText, .binary, .shortBinary:
        form.withBytes { JSONScanner.append(string: $0, to: &bytes) }
      }
    }
  }
}

extension JSONScanner {
  fileprivate static func append(string text: String, to json: inout [UInt8]) {
    var text = text
    text.withUTF8 { append(string: UnsafeRawBufferPointer($0), to: &json) }
  }
}
