/// Writes a YAML value as JSON (RFC 8259), without spaces, keys in the order of the file.
enum JSONText {
  /// Nil if the value holds something that JSON has no number for: infinity, NaN.
  static func of(_ node: YAMLNode) -> String? {
    switch node.value {
    case .scalar(let scalar): return of(scalar)
    case .list(let items):
      let texts = items.compactMap(of)
      return texts.count == items.count ? "[\(texts.joined(separator: ","))]" : nil
    case .mapping(let entries):
      let texts = entries.compactMap { entry in of(entry.value).map { "\(quoted(entry.key)):\($0)" } }
      return texts.count == entries.count ? "{\(texts.joined(separator: ","))}" : nil
    }
  }

  private static func of(_ scalar: YAMLScalar) -> String? {
    switch scalar.meaning {
    case .null: return "null"
    case .bool(let flag): return flag ? "true" : "false"
    case .integer(let isNegative, let magnitude): return "\(isNegative ? "-" : "")\(magnitude)"
    case .float(let number):
      guard number.isFinite else { return nil }
      // Digits as written where JSON reads them too, so that none is lost.
      return isJSONNumber(scalar.text) ? scalar.text : number.description
    case .text: return quoted(scalar.text)
    }
  }

  /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?`, of a text that is known to be a YAML number.
  private static func isJSONNumber(_ text: String) -> Bool {
    let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
    let whole = digits.prefix { $0 >= 48 && $0 <= 57 }
    guard !whole.isEmpty, whole.count == 1 || whole.first != UInt8(ascii: "0"), !text.hasPrefix("+") else {
      return false
    }
    let rest = digits.dropFirst(whole.count)
    guard rest.first == UInt8(ascii: ".") else { return true }
    return rest.dropFirst().first.map { $0 >= 48 && $0 <= 57 } ?? false
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{0}"..<"\u{20}": result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
