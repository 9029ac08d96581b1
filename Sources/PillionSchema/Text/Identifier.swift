/// Names as protobuf and the styles of its languages want them.
package enum Identifier {
  /// `BlogPost`: letters and digits, a capital first (the message names of the protobuf style guide).
  package static func isUpperCamelCase(_ name: String) -> Bool {
    guard let first = name.utf8.first, isUpper(first) else { return false }
    return name.utf8.allSatisfy { isUpper($0) || isLower($0) || isDigit($0) }
  }

  /// `blog_post`: lower-case letters, digits and underscores, a letter first.
  package static func isLowerSnakeCase(_ name: String) -> Bool {
    guard let first = name.utf8.first, isLower(first) else { return false }
    return name.utf8.allSatisfy { isLower($0) || isDigit($0) || $0 == underscore }
  }

  /// `shop.orders`: lower_snake_case parts with dots between them.
  package static func isPackageName(_ name: String) -> Bool {
    name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isLowerSnakeCase(String($0)) }
  }

  /// `BlogPost` → `blog_post`, `HTTPServer` → `http_server`, `Address2` → `address2`.
  package static func snakeCase(_ name: String) -> String {
    let bytes = Array(name.utf8)
    var result: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      guard isUpper(byte) else {
        result.append(byte)
        continue
      }
      let previous = index > 0 ? bytes[index - 1] : underscore
      let startsWord = isLower(previous) || isDigit(previous)
      let endsAcronym = isUpper(previous) && index + 1 < bytes.count && isLower(bytes[index + 1])
      if startsWord || endsAcronym { result.append(underscore) }
      result.append(byte | 0x20)
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// `blog_post` and `blog-post` → `BlogPost`; empty if nothing of the name can stay.
  package static func upperCamelCase(_ name: String) -> String {
    words(name).map { word in
      word.prefix(1).uppercased() + word.dropFirst()
    }.joined()
  }

  /// A legal field name near `name`; empty if nothing of it can stay.
  package static func lowerSnakeCase(near name: String) -> String {
    words(name).map(snakeCase).joined(separator: "_")
  }

  /// What protoc compares when it looks for fields whose JSON names collide: case and underscores do not count.
  /// (protoc up to 21, `ValidateProto3Message`; later versions compare the camel-case names themselves.)
  package static func jsonKey(_ name: String) -> String {
    String(decoding: name.utf8.filter { $0 != underscore }.map { isUpper($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  /// Runs of ASCII letters and digits, the digits before the first letter left out.
  private static func words(_ name: String) -> [String] {
    let runs = name.utf8.split { !isUpper($0) && !isLower($0) && !isDigit($0) }
    let words = runs.map { String(decoding: $0, as: UTF8.self) }
    guard let first = words.first else { return [] }
    let start = String(decoding: first.utf8.drop(while: isDigit), as: UTF8.self)
    return (start.isEmpty ? [] : [start]) + words.dropFirst()
  }

  private static let underscore = UInt8(ascii: "_")
  private static func isUpper(_ byte: UInt8) -> Bool { byte >= 65 && byte <= 90 }
  private static func isLower(_ byte: UInt8) -> Bool { byte >= 97 && byte <= 122 }
  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
}
