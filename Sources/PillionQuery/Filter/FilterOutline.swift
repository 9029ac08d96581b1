/// What filters have in common that differ in plain values alone: their text, with a mark in the place of each.
///
/// Plain is a text in quotes that holds neither `*` nor `\`, and a bare literal without `*` that stands behind a
/// comparator or begins like a number. `FilterParser` does the same with all texts of one outline: where it meets the
/// value, it reads as far as the outline has taken it out, and what it reads there is no word of the language.
struct FilterOutline: Hashable {
  /// A value that has been taken out.
  struct Value {
    /// Bytes of the filter before it, and before its quotes.
    var offset: Int
    /// Its bytes in the filter, without quotes.
    var content: Range<Int>
  }

  /// In the place of values: bytes that no UTF-8 has.
  private enum Mark {
    static let quoted: UInt8 = 0xFD
    static let bare: UInt8 = 0xFE
    static let number: UInt8 = 0xFF
  }

  private(set) var bytes: [UInt8] = []

  static func == (one: FilterOutline, other: FilterOutline) -> Bool { one.bytes == other.bytes }

  /// As the array's own, in one piece.
  func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }

  /// - Parameters:
  ///   - text: UTF-8.
  ///   - values: get what has been taken out, in its order.
  init(_ text: Span<UInt8>, values: inout [Value]) {
    bytes.reserveCapacity(text.count)
    var index = 0
    var isBehindComparator = false
    while index < text.count {
      let byte = text[index]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        let end = Self.endOfQuoted(text, from: index)
        // Behind a `.` it names a key.
        if let content = Self.plain(text, index..<end), index == 0 || text[index - 1] != UInt8(ascii: ".") {
          values.append(Value(offset: index, content: content))
          bytes.append(Mark.quoted)
        } else {
          append(text.extracting(index..<end))
        }
        index = end
        isBehindComparator = false
      case _ where FilterParser.isValuePart(byte):
        let beginsNumber = Self.beginsNumber(text, index)
        let end = Self.endOfBare(text, from: index, isValue: isBehindComparator || beginsNumber)
        if isBehindComparator || beginsNumber, Self.isPlainBare(text.extracting(index..<end)) {
          values.append(Value(offset: index, content: index..<end))
          bytes.append(beginsNumber ? Mark.number : Mark.bare)
        } else {
          append(text.extracting(index..<end))
        }
        isBehindComparator = text[end - 1] == UInt8(ascii: ":")
        index = end
      default:
        bytes.append(byte)
        index += 1
        switch byte {
        case UInt8(ascii: "="), UInt8(ascii: "<"), UInt8(ascii: ">"): isBehindComparator = true
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","): isBehindComparator = false
        default: break
        }
      }
    }
  }

  /// Behind the quote that ends the text, or all of it.
  private static func endOfQuoted(_ text: Span<UInt8>, from start: Int) -> Int {
    var index = start + 1
    while index < text.count {
      if text[index] == text[start] { return index + 1 }
      index += text[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    return text.count
  }

  /// What is between the quotes, where it is what it says.
  private static func plain(_ text: Span<UInt8>, _ quoted: Range<Int>) -> Range<Int>? {
    guard quoted.count >= 2, text[quoted.upperBound - 1] == text[quoted.lowerBound] else { return nil }
    let content = quoted.lowerBound + 1..<quoted.upperBound - 1
    for index in content where text[index] == UInt8(ascii: "*") || text[index] == UInt8(ascii: "\\") { return nil }
    return content
  }

  /// Of a name its `:` is the last, which is a comparator.
  private static func endOfBare(_ text: Span<UInt8>, from start: Int, isValue: Bool) -> Int {
    var index = start
    while index < text.count, FilterParser.isValuePart(text[index]) {
      index += 1
      if !isValue, text[index - 1] == UInt8(ascii: ":") { break }
    }
    return index
  }

  private static func beginsNumber(_ text: Span<UInt8>, _ index: Int) -> Bool {
    let isSigned = text[index] == UInt8(ascii: "-") && index + 1 < text.count
    let first = isSigned ? text[index + 1] : text[index]
    return first >= UInt8(ascii: "0") && first <= UInt8(ascii: "9")
  }

  /// Neither a pattern nor a word that means something, nor what begins like a keyword.
  private static func isPlainBare(_ literal: Span<UInt8>) -> Bool {
    for index in literal.indices where literal[index] == UInt8(ascii: "*") { return false }
    switch literal[0] {
    case UInt8(ascii: "A"): return !begins(literal, "AND")
    case UInt8(ascii: "O"): return !begins(literal, "OR")
    case UInt8(ascii: "N"): return !begins(literal, "NOT")
    case UInt8(ascii: "n"): return literal.count != 4 || !begins(literal, "null")
    case UInt8(ascii: "t"): return literal.count != 4 || !begins(literal, "true")
    case UInt8(ascii: "f"): return literal.count != 5 || !begins(literal, "false")
    default: return true
    }
  }

  private static func begins(_ literal: Span<UInt8>, _ word: StaticString) -> Bool {
    word.withUTF8Buffer { word in
      guard literal.count >= word.count else { return false }
      for index in word.indices where literal[index] != word[index] { return false }
      return true
    }
  }

  private mutating func append(_ text: Span<UInt8>) {
    text.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
  }
}
