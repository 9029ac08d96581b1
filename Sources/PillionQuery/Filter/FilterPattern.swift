/// Regular expressions that a client sends run in the database, for each row: what can make one of them dear is refused.
enum FilterPattern {
  static let maximumBytes = 256
  /// Largest product of the bounds `{n}` of one pattern.
  static let maximumRepetition = 1_000

  /// Why the pattern is not taken, if so. What is malformed beyond that, the database says.
  static func problem(_ pattern: String) -> String? {
    let bytes = Array(pattern.utf8)
    if bytes.isEmpty { return "the regular expression is empty" }
    if bytes.count > maximumBytes {
      return "the regular expression has \(bytes.count) bytes, at most \(maximumBytes) are allowed"
    }
    var repetition = 1
    var index = 0
    while index < bytes.count {
      defer { index += 1 }
      switch bytes[index] {
      case 0: return "the regular expression contains U+0000"
      case UInt8(ascii: "\\"):
        index += 1
        guard index < bytes.count else { return "the regular expression ends with `\\`" }
        if bytes[index] >= UInt8(ascii: "1"), bytes[index] <= UInt8(ascii: "9") {
          return "the regular expression refers back with `\\\(bytes[index] - 48)`, which is not allowed"
        }
      case UInt8(ascii: "{"):
        let numbers = bytes[(index + 1)...].prefix { $0 != UInt8(ascii: "}") }
        let largest = numbers.split(separator: UInt8(ascii: ",")).map { Int(String(decoding: $0, as: UTF8.self)) ?? 1 }
        let (product, overflow) = repetition.multipliedReportingOverflow(by: max(1, largest.max() ?? 1))
        guard !overflow, product <= maximumRepetition else {
          return "the regular expression repeats more than \(maximumRepetition) times"
        }
        repetition = product
      default: break
      }
    }
    return nil
  }
}
