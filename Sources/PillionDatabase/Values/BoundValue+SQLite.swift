import PillionSchema

extension BoundValue {
  /// The form in which SQLite holds the value; nil storage is the type's default.
  ///
  /// Timestamps are `YYYY-MM-DDTHH:MM:SS.ffffffZ`: all of one width, so they sort as the times do, and read by SQLite's
  /// date functions, Django and Rails. Both databases hold microseconds, what is below is cut.
  func sqliteForm(_ storage: SQLiteStorage?) throws(ValueError) -> ParameterForm {
    switch self {
    case .bool(let bool):
      // As Rails wrote them before 6.0.
      return storage == .text ? .text(bool ? "t" : "f") : .integer(bool ? 1 : 0)
    case .integer(let number): return .integer(number)
    case .unsigned(let number):
      guard let integer = Int64(exactly: number) else {
        throw ValueError("must be at most 9223372036854775807: SQLite's integers have 63 bits and a sign")
      }
      return .integer(integer)
    case .float(let number): return Self.real(Double(number))
    case .double(let number): return Self.real(number)
    case .text(let bytes): return .text(bytes)
    case .made(let text): return .madeText(text)
    case .json(let bytes): return .text(bytes)
    case .bytes(let bytes): return .binary(bytes)
    case .timestamp(let instant): return Self.form(instant, storage)
    case .date(let day): return Self.form(day, storage)
    case .time(let nanoseconds):
      var text = ShortText()
      text.append(timeOfDay: nanoseconds, fraction: .noneOrMicroseconds)
      return .shortText(text)
    case .duration(let span): return storage == .integer ? .integer(span.microseconds) : .shortText(span.cut.iso8601)
    case .uuid(let uuid):
      return switch storage {
      case .blob: .shortBinary(uuid.binary)
      case .hex: .shortText(uuid.text(hasDashes: false))
      default: .shortText(uuid.text())
      }
    }
  }

  /// NaN is text: SQLite takes a NaN for NULL, and a REAL column keeps text that is no number.
  private static func real(_ number: Double) -> ParameterForm { number.isNaN ? .text("NaN") : .real(number) }

  private static func form(_ instant: Instant, _ storage: SQLiteStorage?) -> ParameterForm {
    let (day, time) = instant.dayAndTime
    switch storage {
    case .integer: return .integer(instant.seconds)
    case .real:
      // Julian days to the millisecond, as SQLite's own functions hold them.
      let milliseconds = instant.seconds &* 1_000 &+ Int64(instant.nanoseconds / 1_000_000)
      return .real(Double(milliseconds &+ SQLiteReader.epochMilliseconds) / 86_400_000)
    case .django:
      var text = ShortText()
      text.append(date: day)
      text.append(" ")
      text.append(timeOfDay: time, fraction: .noneOrMicroseconds)
      return .shortText(text)
    default:
      var text = ShortText()
      text.append(date: day)
      text.append("T")
      text.append(timeOfDay: time, fraction: .microseconds)
      text.append("Z")
      return .shortText(text)
    }
  }

  private static func form(_ day: Int, _ storage: SQLiteStorage?) -> ParameterForm {
    switch storage {
    case .integer: return .integer(Int64(day))
    case .real: return .real(Double(day) + 2_440_587.5)
    default:
      var text = ShortText()
      text.append(date: day)
      return .shortText(text)
    }
  }

  /// The form of a decimal's text.
  static func sqliteDecimal(_ form: ParameterForm, _ storage: SQLiteStorage?) throws(ValueError) -> ParameterForm {
    guard storage == .real || storage == .integer else { return form }
    var text: [UInt8] = []
    form.withBytes { text = Array($0) }
    if storage == .real {
      guard let number = text.withUnsafeBytes({ DecimalBytes.double($0) }), number.isFinite else {
        throw ValueError("must be in the range of a double")
      }
      return .real(number)
    }
    let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 1)
    let isWhole = parts.count < 2 || parts[1].allSatisfy { $0 == 0x30 }
    guard isWhole, let whole = parts.first, let number = Int64(String(decoding: whole, as: UTF8.self)) else {
      throw ValueError("must be a whole number of 64 bits")
    }
    return .integer(number)
  }
}

extension ParameterForm {
  /// A constant.
  static func text(_ text: StaticString) -> ParameterForm {
    var short = ShortText()
    short.append(word: text)
    return .shortText(short)
  }
}

extension TimeSpan {
  /// Without what is below a microsecond.
  var cut: TimeSpan { TimeSpan(seconds: seconds, nanoseconds: nanoseconds / 1_000 * 1_000) ?? self }
}
