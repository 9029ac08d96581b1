import PillionSchema

/// Values as YAML text that the definitions' reader takes for the same values.
package enum YAMLText {
  /// Plain where that is text to every YAML version, else in double quotes.
  package static func scalar(_ text: String) -> String {
    guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "_"),
      !words.contains(text.lowercased()),
      text.utf8.allSatisfy({
        isLetter($0) || ($0 >= 48 && $0 <= 57) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
          || $0 == UInt8(ascii: "-")
      })
    else { return quoted(text) }
    return text
  }

  /// What YAML 1.1 or 1.2 takes for something else than text.
  private static let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]

  private static func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 97 && byte | 0x20 <= 122 }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value): result += "\\x" + hex(scalar, 2)
      case "\u{2028}", "\u{2029}", "\u{FEFF}", "\u{FFFE}", "\u{FFFF}": result += "\\u" + hex(scalar, 4)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  private static func hex(_ scalar: Unicode.Scalar, _ width: Int) -> String {
    let digits = String(scalar.value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  static func list(_ items: [String]) -> String { "[\(items.joined(separator: ", "))]" }

  /// A default of a field of the type.
  static func value(_ value: DefaultValue, _ type: ScalarType) -> String {
    switch value {
    case .null: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .int(let number): String(number)
    case .uint(let number): String(number)
    case .double(let number): self.number(number)
    case .bytes(let bytes): quoted(Base64Text.text(bytes))
    case .list(let items): list(items.map { self.value($0, type) })
    case .now: "now"
    // Their texts are the same in quotes and without.
    case .text(let text):
      switch type {
      case .string: scalar(text)
      case .json: ValueText.escaped(text)
      case .decimal: text
      default: quoted(text)
      }
    }
  }

  private static func number(_ number: Double) -> String {
    if number.isNaN { return ".nan" }
    return number.isInfinite ? (number < 0 ? "-.inf" : ".inf") : String(number)
  }

  static func bound(_ bound: Bound) -> String {
    switch bound {
    case .int(let number): String(number)
    case .uint(let number): String(number)
    case .double(let number): String(number)
    // Dates and times are numbers to some readers of YAML.
    case .text(let text): DecimalText(text) == nil ? quoted(text) : text
    }
  }

  static func choice(_ choice: Choice) -> String {
    switch choice {
    case .int(let number): String(number)
    case .text(let text): scalar(text)
    }
  }
}
