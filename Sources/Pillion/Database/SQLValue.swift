import PillionDatabase

/// A value that is bound to a placeholder, or found in a row.
///
/// Literals are values: `"title"`, `5`, `1.5`, `true`, `nil`. SQLite has no type of its own for true and false, which come
/// back as 1 and 0; what has no case here (a timestamp, a decimal, JSON) is text, as the database writes it.
public enum SQLValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int64)
  case real(Double)
  case text(String)
  case bytes([UInt8])

  /// Nil for anything but a whole number.
  public var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
  /// Nil for anything but a number that is not whole.
  public var real: Double? { if case .real(let number) = self { number } else { nil } }
  /// Nil for anything but a text.
  public var text: String? { if case .text(let text) = self { text } else { nil } }
  public var isNull: Bool { self == .null }
}

extension SQLValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral text: String) { self = .text(text) }
  public init(integerLiteral number: Int64) { self = .integer(number) }
  public init(floatLiteral number: Double) { self = .real(number) }
  public init(booleanLiteral flag: Bool) { self = .bool(flag) }
  public init(nilLiteral: ()) { self = .null }
}

extension SQLValue {
  init(_ value: SessionValue) {
    switch value {
    case .null: self = .null
    case .bool(let flag): self = .bool(flag)
    case .integer(let number): self = .integer(number)
    case .real(let number): self = .real(number)
    case .text(let text): self = .text(text)
    case .bytes(let bytes): self = .bytes(bytes)
    }
  }

  var sessionValue: SessionValue {
    switch self {
    case .null: .null
    case .bool(let flag): .bool(flag)
    case .integer(let number): .integer(number)
    case .real(let number): .real(number)
    case .text(let text): .text(text)
    case .bytes(let bytes): .bytes(bytes)
    }
  }
}
