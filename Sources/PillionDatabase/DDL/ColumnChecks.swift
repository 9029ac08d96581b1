import PillionSchema

/// The CHECK constraints of a column: what a field's options and type say of its values, as far as the database can
/// tell. They let through every value that Pillion writes.
struct ColumnChecks {
  let field: Field
  let dialect: Dialect
  /// Whether SQLite holds the column as its rowid, which takes any 64 bits and no other type than INTEGER.
  var isRowID = false

  /// Conditions without brackets, in a fixed order.
  var conditions: [String] {
    var conditions = [range, bounds].compactMap(\.self) + lengths
    if let choices { conditions.append(choices) }
    return conditions
  }

  private var column: String { dialect.quote(field.column) }
  private var scalar: ScalarType { field.type.scalar }
  private var isArray: Bool { if case .array = field.type { true } else { false } }

  /// What the field's type can hold, where the column's type can hold more.
  private var range: String? {
    let range: (low: String, high: String)
    switch (scalar, dialect) {
    case (.uint32, .postgresql): range = ("0", "\(UInt32.max)")
    case (.uint64, .postgresql): range = ("0", "\(UInt64.max)")
    case (.int32, .sqlite) where isRowID: range = ("\(Int32.min)", "\(Int32.max)")
    case (.uint32, .sqlite) where isRowID: range = ("0", "\(UInt32.max)")
    default: return nil
    }
    return isArray
      ? "\(range.low) <= ALL (\(column)) AND \(range.high) >= ALL (\(column))"
      : "\(column) BETWEEN \(range.low) AND \(range.high)"
  }

  private var bounds: String? {
    // SQLite compares a column of text with a number as texts. To round both to doubles keeps their order.
    let isText = dialect == .sqlite && scalar == .decimal && (field.storage == nil || field.storage == .text)
    return condition(
      isText ? "CAST(\(column) AS REAL)" : column, field.minimum.flatMap(literal), field.maximum.flatMap(literal))
  }

  /// Characters, bytes or items. Zero says nothing.
  private var lengths: [String] {
    guard !isArray else {
      guard dialect == .postgresql else { return [] }
      return [condition("cardinality(\(column))", least, field.maximumLength.map { "\($0)" })].compactMap(\.self)
    }
    // Of a text that begins with U+0000 SQLite's length is 0.
    let isOne = scalar == .string && field.minimumLength == 1
    let isTyped = dialect == .postgresql && scalar == .string && field.maximumLength ?? .max <= Dialect.longestVarchar
    let function = dialect == .postgresql && scalar == .string ? "char_length" : "length"
    return [
      isOne ? "\(column) <> ''" : nil,
      condition(
        "\(function)(\(column))", isOne ? nil : least, isTyped ? nil : field.maximumLength.map { "\($0)" }),
    ].compactMap(\.self)
  }

  private var least: String? { field.minimumLength.flatMap { $0 > 0 ? "\($0)" : nil } }

  private var choices: String? {
    guard !field.choices.isEmpty else { return nil }
    var texts: [String] = []
    for choice in field.choices {
      switch choice {
      case .int(let value): texts.append("\(value)")
      // A statement cannot hold it.
      case .text(let value) where value.unicodeScalars.contains("\0"): return nil
      case .text(let value): texts.append(SQLText.literal(value))
      }
    }
    return "\(column) IN (\(texts.joined(separator: ", ")))"
  }

  private func condition(_ value: String, _ low: String?, _ high: String?) -> String? {
    switch (low, high) {
    case (let low?, let high?): "\(value) BETWEEN \(low) AND \(high)"
    case (let low?, nil): "\(value) >= \(low)"
    case (nil, let high?): "\(value) <= \(high)"
    case (nil, nil): nil
    }
  }

  /// A bound in the form of the column's values; nil for one that the form cannot tell exactly, or that says nothing.
  private func literal(_ bound: Bound) -> String? {
    switch (bound, scalar) {
    case (.int(let number), _): return "\(number)"
    case (.uint(let number), _):
      return dialect == .postgresql || number <= UInt64(Int64.max) ? "\(number)" : nil
    case (.double(let number), _): return number.isFinite ? "\(number)" : nil
    case (.text(let text), .decimal): return text
    case (.text(let text), _):
      guard isExact(text) else { return nil }
      return dialect == .postgresql
        ? SQLText.literal(text) : FieldCodec(field: field, dialect: .sqlite).sqliteLiteral(.text(text))
    }
  }

  /// Whether the column's form holds a time to its last digit: both databases cut or round what they do not hold.
  private func isExact(_ text: String) -> Bool {
    let nanoseconds: Int32
    switch scalar {
    case .timestamp: nanoseconds = Instant(rfc3339: text)?.nanoseconds ?? 0
    case .time: nanoseconds = TimeOfDay(iso8601: text)?.nanoseconds ?? 0
    default: return true
    }
    switch field.storage {
    case .integer where dialect == .sqlite: return nanoseconds == 0
    case .real where dialect == .sqlite: return nanoseconds % 1_000_000 == 0
    default: return nanoseconds % 1_000 == 0
    }
  }
}
