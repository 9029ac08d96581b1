import PillionSchema

/// The words of a table's or column's name, in ASCII and lower case, from which legal names are made.
package enum Words {
  /// `Größe` → `grosse`, `userID` → `user id`, `2B` → `2b`; never empty: what has no letters is told by its code
  /// points.
  package static func of(_ name: String) -> [String] {
    var ascii = ""
    for scalar in name.unicodeScalars { ascii += scalar.isASCII ? String(Character(scalar)) : latin(scalar) }
    let runs = ascii.utf8.split { !isLetterOrDigit($0) }.map { String(decoding: $0, as: UTF8.self) }
    let words = runs.flatMap { Identifier.snakeCase(cased($0)).split(separator: "_").map(String.init) }
    if !words.isEmpty { return words }
    return name.unicodeScalars.map { "u" + String($0.value, radix: 16) }
  }

  /// `user_id`, a letter first.
  package static func field(_ name: String) -> String {
    let joined = of(name).joined(separator: "_")
    return startsWithDigit(joined) ? "f_" + joined : joined
  }

  /// `BlogPost` of `blog_posts`, a letter first.
  package static func model(_ name: String) -> String {
    var words = of(name)
    if let last = words.last { words[words.count - 1] = Inflection.singular(last) }
    let joined = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    return startsWithDigit(joined) ? "T" + joined : joined
  }

  /// A legal proto package.
  package static func package(_ name: String) -> String {
    let joined = of(name).joined(separator: "_")
    return startsWithDigit(joined) || joined == "google" ? "db_" + joined : joined
  }

  /// `2B` is one word, `ORDER` too.
  private static func cased(_ run: String) -> String {
    let hasLower = run.utf8.contains { $0 >= 97 && $0 <= 122 }
    return hasLower ? run : run.asciiLowercased
  }

  /// The letters of a Latin letter without its marks, by its name in Unicode; else a mark that this was a letter.
  private static func latin(_ scalar: Unicode.Scalar) -> String {
    guard let name = scalar.properties.name else { return " " }
    let words = name.split(separator: " ")
    guard words.count >= 4, words[0] == "LATIN", words[2] == "LETTER" else {
      let isMark = scalar.properties.generalCategory == .nonspacingMark
      return scalar.properties.isAlphabetic ? " u\(String(scalar.value, radix: 16)) " : isMark ? "" : " "
    }
    let letters: String =
      switch words[3] {
      case "SHARP": "ss"
      case "THORN": "th"
      case "ETH": "d"
      case "DOTLESS": "i"
      default: words[3].count <= 2 ? words[3].lowercased() : "u\(String(scalar.value, radix: 16))"
      }
    return words[1] == "CAPITAL" ? letters.prefix(1).uppercased() + letters.dropFirst() : letters
  }

  private static func startsWithDigit(_ text: String) -> Bool { text.utf8.first.map { $0 >= 48 && $0 <= 57 } ?? false }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (byte >= 48 && byte <= 57) || (byte | 0x20 >= 97 && byte | 0x20 <= 122)
  }
}
