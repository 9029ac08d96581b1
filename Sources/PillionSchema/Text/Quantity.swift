/// Whole numbers with a unit, as settings and definitions write them.
package enum Quantity {
  /// `250ms`, `5s`, `10m`, `1h`, `0`: at most 24 hours.
  package static func milliseconds(_ text: String) -> Int? {
    if text == "0" { return 0 }
    let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
    return value(text, units: units).flatMap { $0 <= 86_400_000 ? $0 : nil }
  }

  /// A number and one of the units; nil for anything else and for what does not fit.
  package static func value(_ text: String, units: [(String, Int)]) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }
    guard let number = Int(digits), let factor = units.first(where: { $0.0 == unit })?.1 else { return nil }
    let (value, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : value
  }
}
