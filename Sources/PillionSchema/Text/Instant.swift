/// A point in time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z, the range of
/// `google.protobuf.Timestamp`.
package struct Instant: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Since 1970-01-01T00:00:00Z, negative before it.
  package let seconds: Int64
  /// Forward from `seconds`: 0 to 999,999,999.
  package let nanoseconds: Int32

  /// Nil if out of range.
  package init?(seconds: Int64, nanoseconds: Int32 = 0) {
    guard (-62_135_596_800...253_402_300_799).contains(seconds), (0..<1_000_000_000).contains(nanoseconds) else {
      return nil
    }
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// RFC 3339 `date-time`: `YYYY-MM-DDTHH:MM:SS[.f](Z|±HH:MM)` with 1 to 9 fraction digits; `t` and `z` may be lower
  /// case. A leap second is refused, as `google.protobuf.Timestamp` cannot hold one.
  package init?(rfc3339 text: some StringProtocol) {
    var scanner = TextScanner(text)
    guard let date = CalendarDate(scanning: &scanner), scanner.accept("T", "t"),
      let time = TimeOfDay(scanning: &scanner, needsSeconds: true), let offset = Instant.offset(&scanner),
      scanner.isAtEnd
    else { return nil }
    self.init(
      seconds: Int64(date.daysSinceEpoch) * 86_400 + Int64(time.seconds) - offset, nanoseconds: time.nanoseconds)
  }

  /// Seconds east of UTC.
  private static func offset(_ scanner: inout TextScanner) -> Int64? {
    if scanner.accept("Z", "z") { return 0 }
    let isEast = scanner.accept("+")
    guard isEast || scanner.accept("-"), let hours = scanner.digits(exactly: 2), hours < 24, scanner.accept(":"),
      let minutes = scanner.digits(exactly: 2), minutes < 60
    else { return nil }
    let seconds = Int64(hours * 3_600 + minutes * 60)
    return isEast ? seconds : -seconds
  }

  /// RFC 3339 in UTC, with 3, 6 or 9 fraction digits if there is a fraction, as protobuf's JSON mapping writes it.
  package var description: String {
    let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    let time = TimeOfDay(seconds: Int32(seconds - days * 86_400), nanoseconds: nanoseconds)
    guard let date = CalendarDate(daysSinceEpoch: Int(days)), let time else { return "" }
    return "\(date)T\(time)Z"
  }

  package static func < (one: Instant, other: Instant) -> Bool {
    (one.seconds, one.nanoseconds) < (other.seconds, other.nanoseconds)
  }
}
