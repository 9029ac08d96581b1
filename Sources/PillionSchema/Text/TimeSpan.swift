/// A signed length of time within ±315,576,000,000 seconds (10,000 years), the range of `google.protobuf.Duration`.
package struct TimeSpan: Sendable, Hashable, Comparable, CustomStringConvertible {
  package let seconds: Int64
  /// -999,999,999 to 999,999,999, never of the other sign than `seconds`.
  package let nanoseconds: Int32

  /// Nil if out of range or of mixed signs.
  package init?(seconds: Int64, nanoseconds: Int32 = 0) {
    guard (-315_576_000_000...315_576_000_000).contains(seconds),
      (-999_999_999...999_999_999).contains(nanoseconds), seconds <= 0 || nanoseconds >= 0,
      seconds >= 0 || nanoseconds <= 0
    else { return nil }
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// ISO 8601 `[±]PnDTnHnMn.nS`: each part at most once and in this order, at least one of them, a fraction of 1 to 9
  /// digits on the seconds only. Years, months and weeks are refused: their length is not fixed or not needed.
  package init?(iso8601 text: some StringProtocol) {
    var scanner = TextScanner(text)
    let isNegative = scanner.accept("-")
    if !isNegative { _ = scanner.accept("+") }
    guard scanner.accept("P"), let (seconds, nanoseconds) = TimeSpan.parts(&scanner), scanner.isAtEnd else {
      return nil
    }
    self.init(seconds: isNegative ? -seconds : seconds, nanoseconds: isNegative ? -nanoseconds : nanoseconds)
  }

  private static func parts(_ scanner: inout TextScanner) -> (Int64, Int32)? {
    var total: Int64 = 0
    var nanoseconds: Int32 = 0
    // False once a product or the sum no longer fits.
    var fits = true
    func add(_ number: Int64, _ unit: Int64) {
      let (product, overflow) = number.multipliedReportingOverflow(by: unit)
      let (sum, carry) = total.addingReportingOverflow(product)
      fits = fits && !overflow && !carry
      total = sum
    }
    let days = scanner.number(before: "D")
    if let days { add(days, 86_400) }
    if scanner.accept("T") {
      let hours = scanner.number(before: "H")
      let minutes = scanner.number(before: "M")
      add(hours ?? 0, 3_600)
      add(minutes ?? 0, 60)
      if !scanner.isAtEnd {
        guard let seconds = scanner.number(), let fraction = scanner.fraction(), scanner.accept("S") else { return nil }
        add(seconds, 1)
        nanoseconds = fraction
      } else if hours == nil, minutes == nil {
        return nil
      }
    } else if days == nil {
      return nil
    }
    return fits ? (total, nanoseconds) : nil
  }

  /// `[-]PnDTnHnMn.nS` without the parts that are zero; `PT0S` if all are. The fraction has 3, 6 or 9 digits.
  package var description: String {
    let isNegative = seconds < 0 || nanoseconds < 0
    let (seconds, nanoseconds) = (seconds.magnitude, nanoseconds.magnitude)
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60)
    var text = isNegative ? "-P" : "P"
    if days > 0 { text += "\(days)D" }
    var time = ""
    if hours > 0 { time += "\(hours)H" }
    if minutes > 0 { time += "\(minutes)M" }
    if seconds % 60 > 0 || nanoseconds > 0 || (days == 0 && time.isEmpty) {
      time += "\(seconds % 60)\(fractionText(nanoseconds: Int32(nanoseconds)))S"
    }
    return time.isEmpty ? text : "\(text)T\(time)"
  }

  package static func < (one: TimeSpan, other: TimeSpan) -> Bool {
    (one.seconds, one.nanoseconds) < (other.seconds, other.nanoseconds)
  }
}
