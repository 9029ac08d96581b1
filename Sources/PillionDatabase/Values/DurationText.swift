import PillionSchema

extension TimeSpan {
  /// ISO 8601 `[±]P[nW][nD][T[nH][nM][n[.f]S]]`; digits beyond nanoseconds are cut. Years and months are refused: they
  /// have no fixed length. A part may have a sign of its own, as PostgreSQL writes it (`P1DT-2H`).
  init?(iso8601 bytes: UnsafeRawBufferPointer) {
    var scanner = ByteScanner(bytes)
    let isNegative = scanner.take("-")
    if !isNegative { _ = scanner.take("+") }
    guard scanner.take("P"), var sum = DurationSum(&scanner) else { return nil }
    if isNegative { sum.negate() }
    guard let span = sum.span else { return nil }
    self = span
  }

  /// `[-]PnDTnHnMn.nS` without the parts that are zero; `PT0S` if all are.
  var iso8601: ShortText {
    var text = ShortText()
    let (seconds, nanoseconds) = (seconds.magnitude, UInt64(nanoseconds.magnitude))
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60)
    if self.seconds < 0 || self.nanoseconds < 0 { text.append("-") }
    text.append("P")
    text.append(part: days, "D")
    let hasSeconds = seconds % 60 > 0 || nanoseconds > 0 || seconds == 0
    if hours > 0 || minutes > 0 || hasSeconds { text.append("T") }
    text.append(part: hours, "H")
    text.append(part: minutes, "M")
    if hasSeconds {
      text.append(seconds % 60)
      text.append(fraction: nanoseconds, .asNeeded)
      text.append("S")
    }
    return text
  }

  /// What is below a microsecond cut; never overflows, as a span has less than 2^49 seconds.
  var microseconds: Int64 { seconds &* 1_000_000 &+ Int64(nanoseconds / 1_000) }

  /// Nil out of range.
  init?(microseconds: Int64) {
    self.init(
      seconds: microseconds / 1_000_000, nanoseconds: Int32(truncatingIfNeeded: microseconds % 1_000_000 &* 1_000))
  }

  /// PostgreSQL's interval without months. A day counts 24 hours, as the database compares intervals; nil out of range.
  init?(days: Int32, microseconds: Int64) {
    var seconds = Int64(days) &* 86_400 &+ microseconds / 1_000_000
    var rest = microseconds % 1_000_000
    if seconds > 0 && rest < 0 {
      seconds &-= 1
      rest &+= 1_000_000
    } else if seconds < 0 && rest > 0 {
      seconds &+= 1
      rest &-= 1_000_000
    }
    self.init(seconds: seconds, nanoseconds: Int32(truncatingIfNeeded: rest &* 1_000))
  }
}

extension ShortText {
  fileprivate mutating func append(part number: UInt64, _ unit: Unicode.Scalar) {
    guard number > 0 else { return }
    append(number)
    append(unit)
  }
}

/// The parts of an ISO 8601 duration behind its `P`, added up.
private struct DurationSum {
  private var seconds: Int64 = 0
  private var nanoseconds: Int64 = 0

  private enum Part: Int { case weeks, days, hours, minutes, seconds, end }

  init?(_ scanner: inout ByteScanner) {
    var last: Part?
    var isTime = false
    while !scanner.isAtEnd {
      if !isTime && scanner.take("T") {
        isTime = true
        if scanner.isAtEnd { return nil }
      }
      guard let part = take(&scanner, isTime: isTime), part.rawValue > last?.rawValue ?? -1 else { return nil }
      last = part
    }
    if last == nil { return nil }
  }

  private mutating func take(_ scanner: inout ByteScanner, isTime: Bool) -> Part? {
    let isNegative = scanner.take("-")
    if !isNegative { _ = scanner.take("+") }
    guard let magnitude = scanner.number() else { return nil }
    let number = isNegative ? 0 &- magnitude : magnitude
    if isTime {
      if scanner.take("H") { return add(number, 3_600) ? .hours : nil }
      if scanner.take("M") { return add(number, 60) ? .minutes : nil }
      if scanner.take(".") || scanner.take(",") {
        guard let fraction = scanner.nanoseconds() else { return nil }
        nanoseconds = isNegative ? 0 &- Int64(fraction) : Int64(fraction)
      }
      return scanner.take("S") && add(number, 1) ? .seconds : nil
    }
    if scanner.take("W") { return add(number, 604_800) ? .weeks : nil }
    return scanner.take("D") && add(number, 86_400) ? .days : nil
  }

  private mutating func add(_ number: Int64, _ unit: Int64) -> Bool {
    let (product, overflow) = number.multipliedReportingOverflow(by: unit)
    let (sum, carry) = seconds.addingReportingOverflow(product)
    seconds = sum
    // Far beyond any span, far below an overflow in what follows.
    return !overflow && !carry && sum.magnitude < 1 << 60
  }

  mutating func negate() { (seconds, nanoseconds) = (0 &- seconds, 0 &- nanoseconds) }

  var span: TimeSpan? {
    var (seconds, nanoseconds) = (seconds, nanoseconds)
    if seconds > 0 && nanoseconds < 0 {
      seconds &-= 1
      nanoseconds &+= 1_000_000_000
    } else if seconds < 0 && nanoseconds > 0 {
      seconds &+= 1
      nanoseconds &-= 1_000_000_000
    }
    return TimeSpan(seconds: seconds, nanoseconds: Int32(truncatingIfNeeded: nanoseconds))
  }
}
