/// A value in the form that one database takes.
enum ParameterForm {
  /// SQLite only.
  case integer(Int64)
  /// SQLite only; not NaN.
  case real(Double)
  case text(UnsafeRawBufferPointer)
  case shortText(ShortText)
  case madeText([UInt8])
  /// SQLite: a blob. PostgreSQL: binary format.
  case binary(UnsafeRawBufferPointer)
  case shortBinary(ShortText)

  func append(to parameters: inout Parameters) {
    switch self {
    case .integer(let number): parameters.append(integer: number)
    case .real(let number): parameters.append(real: number)
    case .text(let bytes): parameters.append(text: bytes)
    case .shortText(let text): text.withBytes { parameters.append(text: $0) }
    case .madeText(let text): text.withUnsafeBytes { parameters.append(text: $0) }
    case .binary(let bytes): parameters.append(binary: bytes)
    case .shortBinary(let bytes): bytes.withBytes { parameters.append(binary: $0) }
    }
  }

  /// Calls `body` with the bytes of a text or binary form; a number has none.
  func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
    switch self {
    case .integer, .real: body(UnsafeRawBufferPointer(start: nil, count: 0))
    case .text(let bytes), .binary(let bytes): body(bytes)
    case .shortText(let text), .shortBinary(let text): text.withBytes { body($0) }
    case .madeText(let text): text.withUnsafeBytes { body($0) }
    }
  }
}
