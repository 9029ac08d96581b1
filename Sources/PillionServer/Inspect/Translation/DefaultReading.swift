import PillionDatabase
import PillionSchema

/// What a column's DEFAULT is in the definitions.
enum DefaultReading: Hashable {
  case none
  case value(DefaultValue)
  /// Only the database can make it.
  case expression

  init(_ sql: String?, as type: MappedType, _ dialect: Dialect) {
    guard let sql else {
      self = .none
      return
    }
    guard let expression = SQLExpression(sql, dialect) else {
      self = .expression
      return
    }
    if expression == .null {
      self = .none
      return
    }
    let value =
      type.isArray ? Self.list(expression, type, dialect) : Self.single(expression, type.scalar, type.storage, dialect)
    self = value.map(DefaultReading.value) ?? .expression
  }

  private static func list(_ expression: SQLExpression, _ type: MappedType, _ dialect: Dialect) -> DefaultValue? {
    switch expression {
    case .text("{}"): return .list([])
    case .list(let items):
      let values = items.compactMap { single($0, type.scalar, nil, dialect) }
      return values.count == items.count ? .list(values) : nil
    case .text(let text) where text.hasPrefix("{") && text.hasSuffix("}"):
      // Items that need no quotes in an array's text.
      let items = text.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false)
      guard !text.contains(where: { "\"\\ ".contains($0) }), !text.dropFirst().contains("{") else { return nil }
      let values = items.compactMap { $0 == "NULL" ? nil : single(.text(String($0)), type.scalar, nil, dialect) }
      return values.count == items.count ? .list(values) : nil
    default: return nil
    }
  }

  private static func single(
    _ expression: SQLExpression, _ scalar: ScalarType, _ storage: SQLiteStorage?, _ dialect: Dialect
  ) -> DefaultValue? {
    if isNow(expression, as: scalar) { return .now }
    if case .blob(let bytes) = expression { return scalar == .bytes ? .bytes(bytes) : nil }
    guard let text = plainText(expression, dialect) else { return nil }
    switch scalar {
    case .bool: return truth[text.asciiLowercased].map(DefaultValue.bool)
    case .int32: return Int32(text).map { .int(Int64($0)) } ?? flag(expression)
    case .int64: return Int64(text).map(DefaultValue.int) ?? flag(expression)
    case .uint32: return UInt32(text).map { .uint(UInt64($0)) }
    case .uint64: return UInt64(text).map(DefaultValue.uint)
    case .float: return Float(text).flatMap { $0.isFinite ? .double(Double($0)) : nil }
    case .double: return Double(text).flatMap { $0.isFinite ? .double($0) : nil }
    case .decimal: return (DecimalText(text)?.description).map(DefaultValue.text)
    case .string: return .text(text)
    case .bytes:
      guard dialect == .postgresql else { return .bytes(Array(text.utf8)) }
      return text.hasPrefix("\\x") ? SQLTokenizer.hexadecimal(text.dropFirst(2)).map(DefaultValue.bytes) : nil
    case .timestamp:
      if storage == .integer { return Int64(text).flatMap { Instant(seconds: $0) }.map { .text($0.description) } }
      return timestamp(text).map { .text($0.description) }
    case .date: return (CalendarDate(iso8601: text)?.description).map(DefaultValue.text)
    case .time: return (TimeOfDay(iso8601: text)?.description).map(DefaultValue.text)
    case .duration: return (TimeSpan(iso8601: text)?.description).map(DefaultValue.text)
    case .uuid: return UUIDText.canonical(text).map(DefaultValue.text)
    case .json: return ["{}", "[]", "true", "false"].contains(text) || Int64(text) != nil ? .text(text) : nil
    }
  }

  private static func plainText(_ expression: SQLExpression, _ dialect: Dialect) -> String? {
    switch expression {
    case .text(let text), .number(let text): text
    case .bool(let bool): bool ? "true" : "false"
    // SQLite takes a name in double quotes for a text.
    case .name(let name): dialect == .sqlite ? name : nil
    default: nil
    }
  }

  private static let truth = ["true": true, "t": true, "1": true, "false": false, "f": false, "0": false]

  /// SQLite's TRUE and FALSE are 1 and 0.
  private static func flag(_ expression: SQLExpression) -> DefaultValue? {
    if case .bool(let bool) = expression { .int(bool ? 1 : 0) } else { nil }
  }

  /// `2024-05-06`, `2024-05-06 07:08:09.5+00`, and RFC 3339 itself; without a zone in UTC.
  private static func timestamp(_ text: String) -> Instant? {
    var text = text
    if text.utf8.count == 10 { text += "T00:00:00" }
    if let space = text.firstIndex(of: " ") { text.replaceSubrange(space...space, with: "T") }
    let zone = text.utf8.dropFirst(19).drop { ($0 >= 48 && $0 <= 57) || $0 == UInt8(ascii: ".") }
    if zone.isEmpty { text += "Z" }
    if zone.count == 3 { text += ":00" }
    return Instant(rfc3339: text)
  }

  private static let nowCalls: Set<String> = [
    "now", "current_timestamp", "localtimestamp", "transaction_timestamp", "statement_timestamp", "clock_timestamp",
  ]
  private static let nowOfSQLite: Set<String> = ["datetime", "date", "time", "strftime", "unixepoch", "julianday"]
  private static let harmlessModifiers: Set<String> = ["now", "utc", "localtime", "subsec", "subsecond"]

  /// Whether the expression is the time of the insert.
  private static func isNow(_ expression: SQLExpression, as scalar: ScalarType) -> Bool {
    guard scalar == .timestamp || scalar == .date || scalar == .time else { return false }
    switch expression {
    case .text("now"): return true
    case .call("timezone", let arguments): return arguments.last.map { isNow($0, as: scalar) } ?? false
    case .call("current_date", _): return scalar == .date
    case .call("current_time", _), .call("localtime", _): return scalar == .time
    case .call(let name, let arguments):
      if nowCalls.contains(name) { return true }
      guard nowOfSQLite.contains(name) else { return false }
      let texts = arguments.dropFirst(name == "strftime" ? 1 : 0).map { argument in
        if case .text(let text) = argument { harmlessModifiers.contains(text) } else { false }
      }
      return !texts.contains(false) && (!texts.isEmpty || name != "strftime")
    default: return false
    }
  }
}
