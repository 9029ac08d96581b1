import PillionQuery
import PillionSchema

/// How one value of a filter becomes a parameter.
enum ValueBinder: Sendable {
  /// As the field stores it.
  case stored(FieldCodec)
  /// As `SQLiteFunction` makes it of what the field stores.
  case comparable(FieldCodec)
  /// An array of this one item.
  case item(FieldCodec)
  /// A pattern of LIKE (PostgreSQL) or GLOB (SQLite).
  case pattern(Dialect, ignoringCase: Bool)
  case text(Dialect)
  /// A regular expression.
  case expression(Dialect)
  /// A path of `#>` (PostgreSQL) or of SQLite's JSON functions.
  case keys(Dialect)
  /// JSON text (PostgreSQL), or what SQLite's `json_extract` gives for it.
  case json(Dialect, JSONKind)

  func bind(_ value: FilterValue, to parameters: inout Parameters) throws(ValueError) {
    switch (self, value) {
    case (.stored(let codec), .value(let value)): try codec.bind(value, now: .zero, to: &parameters)
    case (.comparable(let codec), .value(let value)): try codec.bindComparable(value, to: &parameters)
    case (.item(let codec), .value(let value)): try codec.bind(.list([value]), now: .zero, to: &parameters)
    case (.pattern(let dialect, let ignoringCase), .pattern(let parts)):
      try Self.append(Self.pattern(parts, dialect, ignoringCase), dialect, to: &parameters)
    case (.text(let dialect), .text(let text)): try Self.append(text, dialect, to: &parameters)
    case (.expression(let dialect), .text(let text)):
      // PostgreSQL says itself what is wrong with one.
      if dialect == .sqlite, RegularExpression(Array(text.utf8)) == nil {
        throw ValueError("holds a malformed regular expression")
      }
      try Self.append(text, dialect, to: &parameters)
    case (.keys(let dialect), .keys(let keys)):
      try Self.append(try Self.path(keys, dialect), dialect, to: &parameters)
    case (.json(.postgresql, let kind), _):
      try Self.append(try Self.json(value, kind), .postgresql, to: &parameters)
    case (.json(.sqlite, let kind), _): try Self.bindJSON(value, kind, to: &parameters)
    default: throw ValueError("does not fit its place")
    }
  }

  private static func append(
    _ text: String, _ dialect: Dialect, to parameters: inout Parameters
  ) throws(ValueError) {
    if dialect == .postgresql, text.utf8.contains(0) {
      throw ValueError("must not contain U+0000, which PostgreSQL's text cannot hold")
    }
    parameters.append(text: text)
  }

  /// The parts with the wildcard between them, and what would be a wildcard in them escaped.
  private static func pattern(_ parts: [String], _ dialect: Dialect, _ ignoringCase: Bool) -> String {
    var bytes: [UInt8] = []
    for (index, part) in parts.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: dialect == .postgresql ? "%" : "*")) }
      // ILIKE folds by itself; GLOB compares with what `pillion_lower` gives.
      let text = ignoringCase && dialect == .sqlite ? part.lowercased() : part
      for byte in text.utf8 {
        switch (dialect, byte) {
        case (.postgresql, UInt8(ascii: "%")), (.postgresql, UInt8(ascii: "_")), (.postgresql, UInt8(ascii: "\\")):
          bytes += [UInt8(ascii: "\\"), byte]
        case (.sqlite, UInt8(ascii: "*")), (.sqlite, UInt8(ascii: "?")), (.sqlite, UInt8(ascii: "[")):
          bytes += [UInt8(ascii: "["), byte, UInt8(ascii: "]")]
        default: bytes.append(byte)
        }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `{"a","b"}`, or `$."a"[0]`.
  private static func path(_ keys: [String], _ dialect: Dialect) throws(ValueError) -> String {
    switch dialect {
    case .postgresql:
      let quoted = keys.map { key in
        "\"" + key.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
      }
      return "{" + quoted.joined(separator: ",") + "}"
    case .sqlite:
      var path = "$"
      for key in keys {
        if key.utf8.contains(UInt8(ascii: "\"")) || key.utf8.contains(0) {
          throw ValueError("names a JSON key with a quote, which SQLite's paths cannot hold")
        }
        let isIndex = !key.isEmpty && key.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        path += isIndex ? "[\(key)]" : ".\"\(key)\""
      }
      return path
    }
  }

  private static func json(_ value: FilterValue, _ kind: JSONKind) throws(ValueError) -> String {
    switch (kind, value) {
    case (.string, .text(let text)):
      var bytes: [UInt8] = []
      var text = text
      text.withUTF8 { JSONScanner.append(string: UnsafeRawBufferPointer($0), to: &bytes) }
      return String(decoding: bytes, as: UTF8.self)
    case (.number, .text(let text)): return text
    case (.bool, .value(.bool(let bool))): return bool ? "true" : "false"
    default: throw ValueError("does not fit its place")
    }
  }

  private static func bindJSON(
    _ value: FilterValue, _ kind: JSONKind, to parameters: inout Parameters
  ) throws(ValueError) {
    switch (kind, value) {
    case (.string, .text(let text)): parameters.append(text: text)
    case (.number, .text(let text)):
      if let integer = Int64(text) {
        parameters.append(integer: integer)
      } else {
        parameters.append(real: Double(text) ?? 0)
      }
    // `json_type` names it.
    case (.bool, .value(.bool(let bool))): parameters.append(text: bool ? "true" : "false")
    default: throw ValueError("does not fit its place")
    }
  }
}

extension WallTime {
  /// For values that are not the current time.
  static let zero = WallTime(seconds: 0, nanoseconds: 0)
}
