/// A time of day without a zone: 00:00:00 to 23:59:59.999999999. There is no 24:00 and no leap second.
package struct TimeOfDay: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// From midnight.
  package let seconds: Int32
  package let nanoseconds: Int32

  /// Nil if out of range.
  package init?(seconds: Int32, nanoseconds: Int32 = 0) {
    guard (0..<86_400).contains(seconds), (0..<1_000_000_000).contains(nanoseconds) else { return nil }
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.f` with 1 to 9 fraction digits, nothing before or after it.
  package init?(iso8601 text: some StringProtocol) {
    var scanner = TextScanner(text)
    guard let time = TimeOfDay(scanning: &scanner, needsSeconds: false), scanner.isAtEnd else { return nil }
    self = time
  }

  init?(scanning scanner: inout TextScanner, needsSeconds: Bool) {
    guard let hour = scanner.digits(exactly: 2), hour < 24, scanner.accept(":"),
      let minute = scanner.digits(exactly: 2), minute < 60
    else { return nil }
    var second = 0
    var fraction: Int32 = 0
    if scanner.accept(":") {
      guard let number = scanner.digits(exactly: 2), number < 60, let nanoseconds = scanner.fraction() else {
        return nil
      }
      (second, fraction) = (number, nanoseconds)
    } else if needsSeconds {
      return nil
    }
    self.init(seconds: Int32(hour * 3_600 + minute * 60 + second), nanoseconds: fraction)
  }

  /// `HH:MM:SS`, with 3, 6 or 9 fraction digits if there is a fraction.
  package var description: String {
    "\(padded(seconds / 3_600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
      + fractionText(nanoseconds: nanoseconds)
  }

  package static func < (one: TimeOfDay, other: TimeOfDay) -> Bool {
    (one.seconds, one.nanoseconds) < (other.seconds, other.nanoseconds)
  }
}
