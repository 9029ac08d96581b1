import PillionSchema

/// Orders of text that SQLite does not know: of values that it stores as text and that do not sort as text.
///
/// The SQLite driver registers them on each of its connections; `ORDER BY` names them.
package enum SQLiteCollation: String, CaseIterable, Sendable {
  /// Plain decimals, by value.
  case decimal = "pillion_decimal"
  /// ISO 8601 durations, by length.
  case duration = "pillion_duration"

  /// The collation that a field needs; numbers, as other programs may have stored them, sort by themselves.
  init?(of type: ScalarType) {
    switch type {
    case .decimal: self = .decimal
    case .duration: self = .duration
    default: return nil
    }
  }

  /// Below zero, zero or above, as `memcmp`. Texts that are no values come last, in the order of their bytes.
  package func compare(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Int32 {
    switch self {
    case .decimal: Self.compare(one, other, DecimalOrder.init)
    case .duration: Self.compare(one, other) { TimeSpan(iso8601: $0) }
    }
  }

  private static func compare<Value: Comparable>(
    _ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer, _ make: (UnsafeRawBufferPointer) -> Value?
  ) -> Int32 {
    switch (make(one), make(other)) {
    case (let one?, let other?): return one < other ? -1 : other < one ? 1 : 0
    case (_?, nil): return -1
    case (nil, _?): return 1
    case (nil, nil): return one.lexicographicallyPrecedes(other) ? -1 : other.lexicographicallyPrecedes(one) ? 1 : 0
    }
  }
}

/// A plain decimal, split so that it can be compared without being copied.
private struct DecimalOrder: Comparable {
  private let isNegative: Bool
  /// Without zeros in front.
  private let whole: UnsafeRawBufferPointer.SubSequence
  /// Without zeros at the end.
  private let fraction: UnsafeRawBufferPointer.SubSequence

  init?(_ bytes: UnsafeRawBufferPointer) {
    guard DecimalBytes.check(bytes) != .malformed else { return nil }
    let digits = bytes.first == UInt8(ascii: "-") ? bytes.dropFirst() : bytes[...]
    let point = digits.firstIndex(of: UInt8(ascii: ".")) ?? digits.endIndex
    whole = digits[..<point].drop { $0 == UInt8(ascii: "0") }
    var fraction = digits[point...].dropFirst()
    while fraction.last == UInt8(ascii: "0") { fraction = fraction.dropLast() }
    self.fraction = fraction
    isNegative = digits.startIndex > bytes.startIndex && !(whole.isEmpty && fraction.isEmpty)
  }

  static func < (one: DecimalOrder, other: DecimalOrder) -> Bool {
    if one.isNegative != other.isNegative { return one.isNegative }
    return one.isNegative ? other.isSmaller(than: one) : one.isSmaller(than: other)
  }

  static func == (one: DecimalOrder, other: DecimalOrder) -> Bool { !(one < other) && !(other < one) }

  /// Of the magnitudes.
  private func isSmaller(than other: DecimalOrder) -> Bool {
    if whole.count != other.whole.count { return whole.count < other.whole.count }
    if !whole.elementsEqual(other.whole) { return whole.lexicographicallyPrecedes(other.whole) }
    return fraction.lexicographicallyPrecedes(other.fraction)
  }
}
