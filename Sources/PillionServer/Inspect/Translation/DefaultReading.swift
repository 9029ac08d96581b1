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
    self = Self.value(expression, as: type, dialect).map(DefaultReading.value) ?? .expression
  }

  /// What an expression is for a column of the type; nil for what only the database can tell.
  static func value(_ expression: SQLExpression, as type: MappedType, _ dialect: Dialect) -> DefaultValue? {
    type.isArray ? list(expression, type, dialect) : single(expression, type.scalar, type.storage, dialect)
  }

  private static func list(_ expression: SQLExpression, _ type: MappedType, _ dialect: Dialect) -> DefaultValue? {
    switch expression {
    case .text(let text) where dialect == .sqlite:
      guard text.isJSON, case .list(let items)? = ValueText.read(text, as: type.scalar, isArray: true) else {
        return nil
      }
      return .list(
        items.map { item in
          guard type.scalar == .float, case .double(let number) = item else { return item }
          return shortest(Float(number)).map(DefaultValue.double) ?? item
        })
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
    if case .blob(let bytes) = expression { return blob(bytes, scalar) }
    guard let text = plainText(expression, dialect) else { return nil }
    if dialect == .sqlite, storage != nil, let value = SQLiteNumber.value(text, as: scalar, storage: storage) {
      return value
    }
    switch scalar {
    case .bool: return truth[text.asciiLowercased].map(DefaultValue.bool)
    case .int32: return Int32(text).map { .int(Int64($0)) } ?? flag(expression)
    case .int64: return Int64(text).map(DefaultValue.int) ?? flag(expression)
    case .uint32: return UInt32(text).map { .uint(UInt64($0)) }
    case .uint64: return UInt64(text).map(DefaultValue.uint)
    case .float: return Float(text).flatMap(shortest).map(DefaultValue.double)
    case .double: return Double(text).map(DefaultValue.double)
    case .decimal: return (DecimalText(text)?.description).map(DefaultValue.text)
    case .string: return .text(text)
    case .bytes:
      guard dialect == .postgresql else { return .bytes(Array(text.utf8)) }
      return text.hasPrefix("\\x") ? SQLTokenizer.hexadecimal(text.dropFirst(2)).map(DefaultValue.bytes) : nil
    case .timestamp: return timestamp(text).map { .text($0.description) }
    case .date: return (CalendarDate(iso8601: text)?.description).map(DefaultValue.text)
    case .time: return (TimeOfDay(iso8601: text)?.description).map(DefaultValue.text)
    case .duration:
      // PostgreSQL writes the sign at each number; mixed signs have no other form.
      let numbers = text.split { !$0.isNumber && $0 != "." && $0 != "-" }
      let isNegative = !numbers.isEmpty && numbers.allSatisfy { $0.hasPrefix("-") }
      let plain = isNegative && text.hasPrefix("P") ? "-" + text.replacing("-", with: "") : text
      return (TimeSpan(iso8601: plain)?.description).map(DefaultValue.text)
    case .uuid: return UUIDText.canonical(text).map(DefaultValue.text)
    // A definition cannot tell the JSON null from no value.
    case .json: return text.isJSON && text != "null" ? ValueText.read(text, as: .json, isArray: false) : nil
    }
  }

  /// 0.1, not 0.10000000149011612, which is the same as a float.
  private static func shortest(_ number: Float) -> Double? { Double(number.description) }

  private static func blob(_ bytes: [UInt8], _ scalar: ScalarType) -> DefaultValue? {
    switch scalar {
    case .bytes: .bytes(bytes)
    case .uuid:
      UUIDText.canonical(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()).map(DefaultValue.text)
    default: nil
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
    // Seconds of the day cut off: days since 1970.
    case .binary("/", let seconds, .number("86400")): return scalar == .date && isNow(seconds, as: scalar)
    case .call("timezone", let arguments): return arguments.last.map { isNow($0, as: scalar) } ?? false
    case .call("current_date", _): return scalar == .date
    case .call("current_time", _), .call("localtime", _): return scalar == .time
    case .call(let name, let arguments):
      if nowCalls.contains(name) { return true }
      guard nowOfSQLite.contains(name) else { return false }
      let texts = arguments.dropFirst(name == "strftime" ? 1 : 0).map { argument in
        guard case .text(let text) = argument else { return false }
        return harmlessModifiers.contains(text) || (scalar == .date && text == "start of day")
      }
      return !texts.contains(false) && (!texts.isEmpty || name != "strftime")
    default: return false
    }
  }
}
