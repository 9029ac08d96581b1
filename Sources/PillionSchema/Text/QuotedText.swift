/// Texts in quotes, where they need them.
package enum QuotedText {
  /// As YAML reads it back, also in a list or mapping in one line: in quotes where it would mean something else without.
  package static func yaml(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "/", ".", "_", "-", ":", "+": true
      default: false
      }
    }
    let startsPlain = text.first.map { $0.isLetter || $0.isNumber || $0 == "/" || $0 == "." } ?? false
    return isPlain && startsPlain && text.last != ":" && text.lowercased() != "null" ? text : json(text)
  }

  /// A JSON string; control characters cannot break the line.
  package static func json(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
