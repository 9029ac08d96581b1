import PillionSchema

/// A field's default as SQL, for the rows that other programs insert; nil where Pillion alone applies it: NULL, and what
/// the database's column or its SQL cannot hold.
struct ColumnDefault {
  let field: Field
  let dialect: Dialect

  var sql: String? {
    guard let value = field.defaultValue else { return nil }
    switch (dialect, value) {
    case (_, .null): return nil
    case (.postgresql, _): return postgreSQL(value)
    case (.sqlite, .now): return now.map { "(\($0))" }
    case (.sqlite, _): return FieldCodec(field: field, dialect: .sqlite).sqliteLiteral(value)
    }
  }

  /// What SQLite adds to a table that has rows.
  var constant: String? { dialect == .sqlite && field.defaultValue == .now ? nil : sql }

  private func postgreSQL(_ value: DefaultValue) -> String? {
    switch value {
    case .null: return nil
    case .bool(let value): return "\(value)"
    case .int(let value): return "\(value)"
    case .uint(let value): return "\(value)"
    case .double(let value): return value.isFinite ? "\(value)" : "'\(value)'"
    case .text(let value) where value.unicodeScalars.contains("\0"): return nil
    case .text(let value): return SQLText.literal(field.type.scalar == .duration ? Self.interval(value) : value)
    case .bytes(let bytes): return "'\\x\(Hexadecimal.text(bytes))'"
    case .now:
      switch field.type.scalar {
      case .date: return "(now() AT TIME ZONE 'utc')::date"
      case .time: return "(now() AT TIME ZONE 'utc')::time"
      default: return "now()"
      }
    case .list(let items):
      if items.isEmpty { return "'{}'" }
      let texts = items.compactMap(postgreSQL)
      guard texts.count == items.count else { return nil }
      return "ARRAY[\(texts.joined(separator: ", "))]::\(dialect.columnType(field.type.scalar))[]"
    }
  }

  /// PostgreSQL wants the sign at each number: `-P1DT2H` is `P-1DT-2H`.
  private static func interval(_ text: String) -> String {
    guard text.hasPrefix("-") else { return text }
    var result = ""
    for character in text.dropFirst() {
      let goesOn = result.last.map { $0.isNumber || $0 == "." } ?? false
      if character.isNumber, !goesOn { result += "-" }
      result.append(character)
    }
    return result
  }

  /// The time in the form that the field is stored in.
  private var now: String? {
    switch (field.type.scalar, field.storage) {
    case (.timestamp, .django): "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
    case (.timestamp, .integer): "CAST(strftime('%s', 'now') AS INTEGER)"
    case (.timestamp, .real): "julianday('now')"
    case (.timestamp, _): "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')"
    case (.date, .integer): "CAST(strftime('%s', 'now') AS INTEGER) / 86400"
    case (.date, .real): "julianday('now', 'start of day')"
    case (.date, _): "date('now')"
    case (.time, _): "strftime('%H:%M:%f000', 'now')"
    default: nil
    }
  }
}

/// Digits of bytes, as both databases read them.
enum Hexadecimal {
  static func text(_ bytes: some Sequence<UInt8>) -> String {
    var digits: [UInt8] = []
    for byte in bytes {
      for half in [byte >> 4, byte & 15] { digits.append(half < 10 ? 48 + half : 87 + half) }
    }
    return String(decoding: digits, as: UTF8.self)
  }
}

extension FieldCodec {
  /// A value as Create would store it in SQLite, as SQL; nil for what SQLite, or its SQL, cannot hold.
  func sqliteLiteral(_ value: DefaultValue) -> String? {
    var parameters = Parameters()
    do {
      try bind(value, now: .zero, to: &parameters)
    } catch {
      return nil
    }
    guard let entry = parameters.entries.first else { return nil }
    let bytes = parameters.bytes.dropFirst(entry.start).prefix(entry.count)
    switch entry.kind {
    case .null: return nil
    case .integer: return "\(Int64(bitPattern: entry.word))"
    case .real:
      let number = Double(bitPattern: entry.word)
      // SQL has no word for infinity; what is beyond all doubles becomes it.
      return number.isInfinite ? (number < 0 ? "-9e999" : "9e999") : "\(number)"
    case .text: return bytes.contains(0) ? nil : SQLText.literal(String(decoding: bytes, as: UTF8.self))
    case .binary: return "x'\(Hexadecimal.text(bytes))'"
    }
  }
}
