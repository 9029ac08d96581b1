/// Plain decimal text of any length: `[-+]digits[.digits]`, no exponent, no infinity. Zeros at the end of the fraction
/// are kept, for they are the value's scale.
package struct DecimalText: Sendable, Hashable, Comparable, CustomStringConvertible {
  package let isNegative: Bool
  /// Without leading zeros; `0` at least.
  package let integerDigits: String
  /// As written; empty without a point.
  package let fractionDigits: String

  /// Nil unless `text` is plain decimal.
  package init?(_ text: some StringProtocol) {
    var bytes = Substring(text).utf8
    let sign = bytes.first
    if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { bytes.removeFirst() }
    let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, !whole.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isDigit) }) else {
      return nil
    }
    let significant = String(Substring(whole.drop { $0 == UInt8(ascii: "0") }))
    integerDigits = significant.isEmpty ? "0" : significant
    fractionDigits = parts.count == 2 ? parts.last.map { String(Substring($0)) } ?? "" : ""
    let isZero = significant.isEmpty && fractionDigits.utf8.allSatisfy { $0 == UInt8(ascii: "0") }
    isNegative = sign == UInt8(ascii: "-") && !isZero
  }

  /// Canonical: no `+`, no leading zeros, no negative zero; the scale as written.
  package var description: String {
    (isNegative ? "-" : "") + integerDigits + (fractionDigits.isEmpty ? "" : "." + fractionDigits)
  }

  /// By value: 1.0 and 1.00 are equal in order, though not `==`.
  package static func < (one: DecimalText, other: DecimalText) -> Bool {
    if one.isNegative != other.isNegative { return one.isNegative }
    return one.isNegative ? isSmaller(other, one) : isSmaller(one, other)
  }

  private static func isSmaller(_ one: DecimalText, _ other: DecimalText) -> Bool {
    let (left, right) = (one.integerDigits.utf8, other.integerDigits.utf8)
    if left.count != right.count { return left.count < right.count }
    if one.integerDigits != other.integerDigits { return left.lexicographicallyPrecedes(right) }
    let zero = UInt8(ascii: "0")
    func significant(_ digits: String) -> ReversedCollection<Slice<ReversedCollection<String.UTF8View>>> {
      digits.utf8.reversed().drop { $0 == zero }.reversed()
    }
    return significant(one.fractionDigits).lexicographicallyPrecedes(significant(other.fractionDigits))
  }
}

private func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
