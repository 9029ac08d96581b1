/// Reads short ASCII grammars (dates, durations, numbers) byte by byte; a value type, so a copy is a bookmark.
struct TextScanner {
  private(set) var rest: Substring.UTF8View

  init(_ text: some StringProtocol) {
    rest = Substring(text).utf8
  }

  var isAtEnd: Bool { rest.isEmpty }

  /// Takes the next byte if it is one of `bytes`.
  mutating func accept(_ bytes: Unicode.Scalar...) -> Bool {
    guard let next = rest.first, bytes.contains(Unicode.Scalar(next)) else { return false }
    rest.removeFirst()
    return true
  }

  /// Takes exactly `count` digits; nil, and nothing taken, if there are fewer.
  mutating func digits(exactly count: Int) -> Int? {
    var copy = self
    var value = 0
    for _ in 0..<count {
      guard let digit = copy.digit() else { return nil }
      value = value &* 10 &+ digit
    }
    self = copy
    return value
  }

  /// Takes one digit or more; nil if there is none or the number does not fit 63 bits.
  mutating func number() -> Int64? {
    guard var value = digit().map(Int64.init) else { return nil }
    while let digit = digit() {
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(Int64(digit))
      if overflow || carry { return nil }
      value = sum
    }
    return value
  }

  /// Takes a number and the letter after it; nil, and nothing taken, if that is not what comes next.
  mutating func number(before letter: Unicode.Scalar) -> Int64? {
    var copy = self
    guard let value = copy.number(), copy.accept(letter) else { return nil }
    self = copy
    return value
  }

  /// Takes a dot and the fraction digits after it, 1 to 9 of them, as nanoseconds. 0 if no dot follows; nil if the
  /// dot has no digits or more than nine.
  mutating func fraction() -> Int32? {
    guard accept(".") else { return 0 }
    var value: Int32 = 0
    var count = 0
    while let digit = digit() {
      count += 1
      if count > 9 { return nil }
      value = value &* 10 &+ Int32(digit)
    }
    if count == 0 { return nil }
    while count < 9 {
      value = value &* 10
      count += 1
    }
    return value
  }

  private mutating func digit() -> Int? {
    guard let next = rest.first, next >= 48, next <= 57 else { return nil }
    rest.removeFirst()
    return Int(next) &- 48
  }
}

/// `value` in decimal with leading zeros up to `width` digits.
func padded(_ value: some BinaryInteger, _ width: Int) -> String {
  let digits = String(value)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

/// `.5` as `.500`: a fraction of a second in 3, 6 or 9 digits, empty if zero, as protobuf's JSON mapping writes it.
func fractionText(nanoseconds: Int32) -> String {
  if nanoseconds == 0 { return "" }
  if nanoseconds % 1_000_000 == 0 { return "." + padded(nanoseconds / 1_000_000, 3) }
  if nanoseconds % 1_000 == 0 { return "." + padded(nanoseconds / 1_000, 6) }
  return "." + padded(nanoseconds, 9)
}
