import PillionSchema
import PillionWire

/// Reads what Django, Rails and plain SQLite write: a column's type binds no value in it, so each is read by its kind.
enum SQLiteReader: CellReader {
  typealias Record = SQLiteRecord.Reader

  /// 0000-01-01 to 9999-12-31 in Julian days; SQLite's date functions take larger reals for Unix seconds
  /// (sqlite.org/lang_datefunc.html, the `auto` modifier), and so do we.
  static let julianDays = 0.0..<5_373_484.5
  /// 1970-01-01T00:00:00Z in milliseconds of the Julian day.
  static let epochMilliseconds: Int64 = 210_866_760_000_000

  /// 0 and 1; `t`, `f`, `true` and `false` in either case.
  static func bool(_ cell: Cell) throws(Unreadable) -> Bool {
    switch cell.kind {
    case .integer where cell.word <= 1: return cell.word == 1
    case .integer: throw Unreadable(.outOfRange)
    case .real where Double(bitPattern: cell.word) == 0: return false
    case .real where Double(bitPattern: cell.word) == 1: return true
    case .text:
      if cell.bytes.isASCII("t") || cell.bytes.isASCII("true") || cell.bytes.isASCII("1") { return true }
      if cell.bytes.isASCII("f") || cell.bytes.isASCII("false") || cell.bytes.isASCII("0") { return false }
      throw Unreadable(.malformed)
    case .null, .real, .blob: throw Unreadable(.kind)
    }
  }

  /// An integer, or a real that is one.
  @inline(__always)
  static func integer(_ cell: Cell) throws(Unreadable) -> Int64 {
    if cell.kind == .integer { return Int64(bitPattern: cell.word) }
    guard cell.kind == .real, let integer = Int64(exactly: Double(bitPattern: cell.word)) else {
      throw Unreadable(.kind)
    }
    return integer
  }

  /// Also text of digits: the larger half of the numbers does not fit SQLite's integers.
  static func unsigned(_ cell: Cell) throws(Unreadable) -> UInt64 {
    if cell.kind == .text {
      guard let number = DecimalBytes.unsigned(cell.bytes) else { throw Unreadable(.kind) }
      return number
    }
    guard let number = UInt64(exactly: try integer(cell)) else { throw Unreadable(.outOfRange) }
    return number
  }

  static func float(_ cell: Cell) throws(Unreadable) -> Float {
    let double = try double(cell)
    let float = Float(double)
    if float.isInfinite && !double.isInfinite { throw Unreadable(.outOfRange) }
    return float
  }

  /// Also the texts `NaN`, `Infinity` and `-Infinity`: SQLite has no NaN and takes one for NULL.
  static func double(_ cell: Cell) throws(Unreadable) -> Double {
    switch cell.kind {
    case .real: return Double(bitPattern: cell.word)
    case .integer: return Double(Int64(bitPattern: cell.word))
    case .text:
      if cell.bytes.isASCII("nan") { return .nan }
      if cell.bytes.isASCII("infinity") || cell.bytes.isASCII("inf") { return .infinity }
      if cell.bytes.isASCII("-infinity") || cell.bytes.isASCII("-inf") { return -.infinity }
      throw Unreadable(.kind)
    case .null, .blob: throw Unreadable(.kind)
    }
  }

  /// A number is read as its digits: a column that is declared `STRING` makes numbers of digits.
  @inline(__always)
  static func text(_ cell: Cell) throws(Unreadable) -> CellText {
    if cell.kind == .text { return try checked(cell.bytes) }
    return try number(cell)
  }

  private static func number(_ cell: Cell) throws(Unreadable) -> CellText {
    switch cell.kind {
    case .integer:
      var text = ShortText()
      text.append(Int64(bitPattern: cell.word))
      return .made(text.withBytes { Array($0) })
    case .real: return .made(DecimalBytes.text(Double(bitPattern: cell.word)))
    case .null, .text, .blob: throw Unreadable(.kind)
    }
  }

  static func bytes(_ cell: Cell) throws(Unreadable) -> UnsafeRawBufferPointer {
    guard cell.kind == .blob || cell.kind == .text else { throw Unreadable(.kind) }
    return cell.bytes
  }

  /// ISO 8601 text, integer Unix seconds, real Julian days (to the millisecond, as SQLite's own functions).
  static func timestamp(_ cell: Cell) throws(Unreadable) -> Instant {
    var instant: Instant?
    switch cell.kind {
    case .text:
      guard let text = TimestampText(lenient: cell.bytes) else { throw Unreadable(.malformed) }
      instant = text.instant
    case .integer: instant = Instant(seconds: Int64(bitPattern: cell.word))
    case .real: instant = point(Double(bitPattern: cell.word))
    case .null, .blob: throw Unreadable(.kind)
    }
    guard let instant else { throw Unreadable(.outOfRange) }
    return instant
  }

  /// A Julian day, or Unix seconds to the microsecond.
  private static func point(_ real: Double) -> Instant? {
    if julianDays.contains(real) {
      let milliseconds = Int64(real * 86_400_000 + 0.5) &- epochMilliseconds
      let seconds = milliseconds >= 0 ? milliseconds / 1_000 : (milliseconds &- 999) / 1_000
      return Instant(
        seconds: seconds, nanoseconds: Int32(truncatingIfNeeded: (milliseconds &- seconds &* 1_000) &* 1_000_000))
    }
    guard real.magnitude < 1e12 else { return nil }
    let microseconds = (real * 1_000_000).rounded()
    let seconds = (microseconds / 1_000_000).rounded(.down)
    let rest = Int32(microseconds - seconds * 1_000_000)
    return Instant(seconds: Int64(seconds), nanoseconds: min(max(rest, 0), 999_999) &* 1_000)
  }

  /// ISO 8601 text, of which a time is dropped; integer Unix seconds, or days; real Julian days.
  static func date(_ cell: Cell, isInDays: Bool) throws(Unreadable) -> Int {
    switch cell.kind {
    case .text:
      guard let text = TimestampText(lenient: cell.bytes) else { throw Unreadable(.malformed) }
      return text.date.daysSinceEpoch
    case .integer where isInDays:
      let days = Int64(bitPattern: cell.word)
      guard let day = Int(exactly: days), CalendarDate(daysSinceEpoch: day) != nil else {
        throw Unreadable(.outOfRange)
      }
      return day
    case .integer, .real, .null, .blob: return try timestamp(cell).dayAndTime.day
    }
  }

  /// `HH:MM[:SS[.f]]`, alone or behind a date, as Rails writes it.
  static func time(_ cell: Cell) throws(Unreadable) -> Int64 {
    guard cell.kind == .text else { throw Unreadable(.kind) }
    var scanner = ByteScanner(cell.bytes)
    if let time = scanner.timeOfDay(), scanner.isAtEnd { return time }
    guard cell.bytes.count > 10, let text = TimestampText(lenient: cell.bytes) else { throw Unreadable(.malformed) }
    return text.nanoseconds
  }

  /// Integer microseconds, as Django, or ISO 8601 text.
  static func duration(_ cell: Cell) throws(Unreadable) -> TimeSpan {
    switch cell.kind {
    case .integer:
      guard let span = TimeSpan(microseconds: Int64(bitPattern: cell.word)) else { throw Unreadable(.outOfRange) }
      return span
    case .text:
      guard let span = TimeSpan(iso8601: cell.bytes) else { throw Unreadable(.malformed) }
      return span
    case .null, .real, .blob: throw Unreadable(.kind)
    }
  }

  /// Text with or without an exponent, or a number: a column that is declared `decimal` makes numbers of digits.
  static func decimal(_ cell: Cell) throws(Unreadable) -> CellText {
    guard cell.kind == .text else { return try number(cell) }
    if DecimalBytes.isDecimal(cell.bytes) { return .borrowed(cell.bytes) }
    guard let text = DecimalBytes.canonical(cell.bytes) else { throw Unreadable(.malformed) }
    return .made(text)
  }

  /// Text with or without dashes, or 16 bytes.
  static func uuid(_ cell: Cell) throws(Unreadable) -> UUIDBytes {
    switch cell.kind {
    case .text, .blob:
      guard let uuid = UUIDBytes(text: cell.bytes) ?? UUIDBytes(binary: cell.bytes) else {
        throw Unreadable(.malformed)
      }
      return uuid
    case .null, .integer, .real: throw Unreadable(.kind)
    }
  }

  /// Text, also in a blob; a number where the column's declared type makes numbers of digits.
  static func json(_ cell: Cell) throws(Unreadable) -> CellText {
    switch cell.kind {
    case .text, .blob: .borrowed(cell.bytes)
    case .null, .integer, .real: try number(cell)
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether the bytes are this lower-case ASCII text, in either case.
  func isASCII(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { expected in
      guard count == expected.count else { return false }
      for index in 0..<count {
        let byte = self[index]
        guard (byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte) == expected[index] else { return false }
      }
      return true
    }
  }
}
