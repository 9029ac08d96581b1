import PillionSchema

/// A date with a time of day and an offset from UTC, as text has it.
struct TimestampText {
  let date: CalendarDate
  /// Since midnight.
  let nanoseconds: Int64
  /// Seconds east of UTC.
  let offset: Int64

  /// The point in time; nil outside the years 1 to 9999 of UTC.
  var instant: Instant? {
    Instant(
      seconds: Int64(date.daysSinceEpoch) &* 86_400 &+ nanoseconds / 1_000_000_000 &- offset,
      nanoseconds: Int32(truncatingIfNeeded: nanoseconds % 1_000_000_000))
  }

  /// RFC 3339 `date-time`; `T` and `Z` in either case, or a space for the `T` (section 5.6). Digits beyond nanoseconds
  /// are cut.
  init?(rfc3339 bytes: UnsafeRawBufferPointer) {
    var scanner = ByteScanner(bytes)
    guard let date = scanner.date(), scanner.take("T") || scanner.take("t") || scanner.take(" "),
      let nanoseconds = scanner.timeOfDay(needsSeconds: true)
    else { return nil }
    var offset: Int64 = 0
    if !scanner.take("Z") && !scanner.take("z") {
      guard let written = Self.offset(&scanner, isLenient: false) else { return nil }
      offset = written
    }
    guard scanner.isAtEnd else { return nil }
    (self.date, self.nanoseconds, self.offset) = (date, nanoseconds, offset)
  }

  /// What programs write into SQLite: a date, alone or with `T` or a space and a time; seconds, fraction and zone may
  /// be missing (then UTC); the zone is `Z`, `UTC` or `±HH[[:]MM]`, possibly behind a space.
  init?(lenient bytes: UnsafeRawBufferPointer) {
    var scanner = ByteScanner(bytes)
    guard let date = scanner.date() else { return nil }
    var nanoseconds: Int64 = 0
    var offset: Int64 = 0
    if !scanner.isAtEnd {
      guard scanner.take("T") || scanner.take("t") || scanner.take(" "), let time = scanner.timeOfDay() else {
        return nil
      }
      nanoseconds = time
      scanner.skipSpaces()
      if !scanner.isAtEnd && !scanner.take("Z") && !scanner.take("z") && !scanner.take(word: "UTC") {
        guard let written = Self.offset(&scanner, isLenient: true) else { return nil }
        offset = written
      }
    }
    guard scanner.isAtEnd else { return nil }
    (self.date, self.nanoseconds, self.offset) = (date, nanoseconds, offset)
  }

  private static func offset(_ scanner: inout ByteScanner, isLenient: Bool) -> Int64? {
    let isEast = scanner.take("+")
    guard isEast || scanner.take("-"), let hours = scanner.digits(2), hours < 24 else { return nil }
    var minutes = 0
    if !isLenient || !scanner.isAtEnd {
      guard scanner.take(":") || isLenient, let number = scanner.digits(2), number < 60 else { return nil }
      minutes = number
    }
    let seconds = Int64(hours &* 3_600 &+ minutes &* 60)
    return isEast ? seconds : 0 &- seconds
  }
}

extension Instant {
  /// Days since 1970-01-01, and nanoseconds since midnight.
  var dayAndTime: (day: Int, nanoseconds: Int64) {
    let days = seconds >= 0 ? seconds / 86_400 : (seconds &- 86_399) / 86_400
    return (Int(days), (seconds &- days &* 86_400) &* 1_000_000_000 &+ Int64(nanoseconds))
  }

  /// Since 1970-01-01T00:00:00Z, what is below a microsecond cut.
  var microseconds: Int64 { seconds &* 1_000_000 &+ Int64(nanoseconds / 1_000) }

  /// RFC 3339 in UTC with the fraction that the value has.
  var rfc3339: ShortText {
    var text = ShortText()
    let (day, time) = dayAndTime
    text.append(date: day)
    text.append("T")
    text.append(timeOfDay: time, fraction: .asNeeded)
    text.append("Z")
    return text
  }
}

extension ShortText {
  /// How many digits a fraction of a second gets.
  enum Fraction {
    /// None, 3, 6 or 9, as protobuf's JSON mapping writes a Timestamp.
    case asNeeded
    /// None or 6, as Python's `isoformat` and Django.
    case noneOrMicroseconds
    /// Always 6: such texts sort as the times do.
    case microseconds
  }

  /// `YYYY-MM-DD` of a day since 1970-01-01 that the caller knows to be in the years 1 to 9999.
  mutating func append(date day: Int) {
    guard let date = CalendarDate(daysSinceEpoch: day) else { return }
    append(UInt64(truncatingIfNeeded: date.year), width: 4)
    append("-")
    append(UInt64(truncatingIfNeeded: date.month), width: 2)
    append("-")
    append(UInt64(truncatingIfNeeded: date.day), width: 2)
  }

  /// `HH:MM:SS[.f]` of nanoseconds since midnight, 24:00:00 at most.
  mutating func append(timeOfDay nanoseconds: Int64, fraction: Fraction) {
    let time = nanoseconds.magnitude
    let seconds = time / 1_000_000_000
    append(seconds / 3_600, width: 2)
    append(":")
    append(seconds / 60 % 60, width: 2)
    append(":")
    append(seconds % 60, width: 2)
    append(fraction: time % 1_000_000_000, fraction)
  }

  /// `.f` of nanoseconds below a second.
  mutating func append(fraction nanoseconds: UInt64, _ fraction: Fraction) {
    switch fraction {
    case .asNeeded:
      if nanoseconds == 0 { return }
      append(".")
      if nanoseconds % 1_000_000 == 0 {
        append(nanoseconds / 1_000_000, width: 3)
      } else if nanoseconds % 1_000 == 0 {
        append(nanoseconds / 1_000, width: 6)
      } else {
        append(nanoseconds, width: 9)
      }
    case .noneOrMicroseconds:
      if nanoseconds >= 1_000 { append(fraction: nanoseconds, .microseconds) }
    case .microseconds:
      append(".")
      append(nanoseconds / 1_000, width: 6)
    }
  }
}
