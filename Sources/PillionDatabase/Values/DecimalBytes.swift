/// Decimal numbers as ASCII text.
enum DecimalBytes {
  /// What PostgreSQL's numeric holds before and behind the point (its manual, table 8.2).
  static let integerLimit = 131_072
  static let fractionLimit = 16_383

  /// What a text is as plain decimal, `-?digits[.digits]`.
  enum Plain {
    /// Canonical already: no zero in front but the one before a point, no negative zero.
    case canonical
    case other
    case tooLong
    case malformed
  }

  static func check(_ bytes: UnsafeRawBufferPointer) -> Plain {
    var scanner = ByteScanner(bytes)
    let isNegative = scanner.take("-")
    let start = scanner.position
    let startsWithZero = scanner.peek == 0x30
    var isZero = true
    while let digit = scanner.digit() { isZero = isZero && digit == 0 }
    let integerCount = scanner.position &- start
    if integerCount == 0 { return .malformed }
    var fractionCount = 0
    if scanner.take(".") {
      let point = scanner.position
      while let digit = scanner.digit() { isZero = isZero && digit == 0 }
      fractionCount = scanner.position &- point
      if fractionCount == 0 { return .malformed }
    }
    guard scanner.isAtEnd else { return .malformed }
    if integerCount > integerLimit || fractionCount > fractionLimit { return .tooLong }
    return (startsWithZero && integerCount > 1) || (isNegative && isZero) ? .other : .canonical
  }

  /// Canonical plain decimal of `[±]digits[.digits][e[±]digits]`, where one side of the point may be empty; nil if it
  /// is something else or longer than the limits. Zeros at the end of the fraction stay.
  static func canonical(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    var scanner = ByteScanner(bytes)
    let isNegative = scanner.take("-")
    if !isNegative { _ = scanner.take("+") }
    var digits: [UInt8] = []
    while let digit = scanner.digit() { digits.append(digit &+ 0x30) }
    var point = digits.count
    if scanner.take(".") {
      while let digit = scanner.digit() { digits.append(digit &+ 0x30) }
    }
    if digits.isEmpty { return nil }
    if scanner.take("e") || scanner.take("E") {
      let isSmall = scanner.take("-")
      if !isSmall { _ = scanner.take("+") }
      guard let exponent = scanner.number(), exponent <= integerLimit else { return nil }
      point = isSmall ? point &- Int(exponent) : point &+ Int(exponent)
    }
    guard scanner.isAtEnd, point <= integerLimit, digits.count &- point <= fractionLimit else { return nil }

    var integer: ArraySlice<UInt8> = []
    if point > 0 {
      integer = digits.prefix(point)
      if point > digits.count { integer.append(contentsOf: repeatElement(0x30, count: point &- digits.count)) }
      integer = integer.drop { $0 == 0x30 }
    }
    var text: [UInt8] = isNegative && digits.contains(where: { $0 != 0x30 }) ? [UInt8(ascii: "-")] : []
    text.reserveCapacity(integer.count &+ 2 &+ max(0, digits.count &- point))
    if integer.isEmpty { text.append(0x30) } else { text.append(contentsOf: integer) }
    if digits.count > point {
      text.append(UInt8(ascii: "."))
      if point < 0 { text.append(contentsOf: repeatElement(0x30, count: 0 &- point)) }
      text.append(contentsOf: digits.dropFirst(max(0, point)))
    }
    return text
  }

  /// The shortest plain decimal that reads as `number` again; `NaN`, `Infinity` and `-Infinity` as PostgreSQL writes
  /// them.
  static func text(_ number: Double) -> [UInt8] {
    if number.isNaN { return Array("NaN".utf8) }
    if number.isInfinite { return Array((number < 0 ? "-Infinity" : "Infinity").utf8) }
    var shortest = number.description
    if shortest.hasSuffix(".0") { shortest.removeLast(2) }
    return shortest.withUTF8 { canonical(UnsafeRawBufferPointer($0)) } ?? [0x30]
  }

  /// The nearest double of decimal text that has been checked.
  static func double(_ bytes: UnsafeRawBufferPointer) -> Double? { Double(String(decoding: bytes, as: UTF8.self)) }

  /// All of the text as an unsigned integer.
  static func unsigned(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
    guard bytes.count > 0 else { return nil }
    var value: UInt64 = 0
    for byte in bytes {
      let digit = byte &- 0x30
      guard digit <= 9 else { return nil }
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(UInt64(digit))
      if overflow || carry { return nil }
      value = sum
    }
    return value
  }
}

extension DecimalBytes {
  /// Whether the text is plain decimal, or one of the words that PostgreSQL's numeric has for what is no number.
  static func isDecimal(_ bytes: UnsafeRawBufferPointer) -> Bool {
    check(bytes) != .malformed || bytes.elementsEqual("NaN".utf8) || bytes.elementsEqual("Infinity".utf8)
      || bytes.elementsEqual("-Infinity".utf8)
  }
}
