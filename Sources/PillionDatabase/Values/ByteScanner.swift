import PillionSchema

/// Reads ASCII grammars from borrowed bytes without copying them; a copy is a bookmark.
struct ByteScanner {
  let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { position >= bytes.count }

  /// The next byte; nil at the end.
  var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// Takes the next byte if it is this ASCII character.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
    position &+= 1
    return true
  }

  /// Takes this ASCII text, or nothing.
  mutating func take(word text: StaticString) -> Bool {
    let isNext = text.withUTF8Buffer { expected in
      guard bytes.count &- position >= expected.count else { return false }
      for index in 0..<expected.count where bytes[position &+ index] != expected[index] { return false }
      return true
    }
    if isNext { position &+= text.utf8CodeUnitCount }
    return isNext
  }

  mutating func skip() { position = min(position &+ 1, bytes.count) }

  mutating func skipSpaces() {
    while take(" ") {}
  }

  mutating func digit() -> UInt8? {
    guard position < bytes.count else { return nil }
    let digit = bytes[position] &- 0x30
    guard digit <= 9 else { return nil }
    position &+= 1
    return digit
  }

  /// Takes exactly `count` digits, 9 at most.
  mutating func digits(_ count: Int) -> Int? {
    var value = 0
    for _ in 0..<count {
      guard let digit = digit() else { return nil }
      value = value &* 10 &+ Int(digit)
    }
    return value
  }

  /// Takes all digits that follow; nil if there is none or their number needs more than 63 bits.
  mutating func number() -> Int64? {
    guard let first = digit() else { return nil }
    var value = Int64(first)
    while let digit = digit() {
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(Int64(digit))
      if overflow || carry { return nil }
      value = sum
    }
    return value
  }

  /// Takes the digits of a fraction of a second, one at least, as nanoseconds; what is beyond nine digits is cut.
  mutating func nanoseconds() -> Int32? {
    guard let first = digit() else { return nil }
    var value = Int32(first)
    var count = 1
    while let digit = digit() {
      if count < 9 { value = value &* 10 &+ Int32(digit) }
      count &+= 1
    }
    while count < 9 {
      value = value &* 10
      count &+= 1
    }
    return value
  }

  /// `YYYY-MM-DD`.
  mutating func date() -> CalendarDate? {
    guard let year = digits(4), take("-"), let month = digits(2), take("-"), let day = digits(2) else { return nil }
    return CalendarDate(year: year, month: month, day: day)
  }

  /// `HH:MM[:SS[.f]]`, as nanoseconds since midnight. A leap second is refused: nothing that it is read into holds one.
  mutating func timeOfDay(needsSeconds: Bool = false) -> Int64? {
    guard let hour = digits(2), hour < 24, take(":"), let minute = digits(2), minute < 60 else { return nil }
    var second = 0
    var fraction: Int32 = 0
    if take(":") {
      guard let number = digits(2), number < 60 else { return nil }
      second = number
      if take(".") || take(",") {
        guard let nanoseconds = nanoseconds() else { return nil }
        fraction = nanoseconds
      }
    } else if needsSeconds {
      return nil
    }
    return Int64(hour &* 3_600 &+ minute &* 60 &+ second) &* 1_000_000_000 &+ Int64(fraction)
  }
}
