/// Whole numbers with a unit, as settings and definitions write them.
package enum Quantity {
  /// `250ms`, `5s`, `10m`, `1h`, `0`: at most 24 hours.
  package static func milliseconds(_ text: String) -> Int? {
    if text == "0" { return 0 }
    let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
    return value(text, units: units).flatMap { $0 <= 86_400_000 ? $0 : nil }
  }

  /// `100/s`, `6000/m`, `1/h`, in events a second; nil for none.
  package static func rate(_ text: String) -> Double? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let units: [Substring: Double] = ["s": 1, "m": 60, "h": 3600]
    guard parts.count == 2, let seconds = units[parts[1]], let number = value(String(parts[0]), units: [("", 1)]),
      (1...1_000_000).contains(number)
    else { return nil }
    return Double(number) / seconds
  }

  /// `4MiB`, `512KiB`, `1MB`, `1000`: from 1 to below 2 GiB.
  package static func bytes(_ text: String) -> Int? {
    let units = [
      ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1000), ("MB", 1_000_000), ("B", 1), ("", 1),
    ]
    return value(text, units: units).flatMap { (1...(1 << 31) - 1).contains($0) ? $0 : nil }
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
