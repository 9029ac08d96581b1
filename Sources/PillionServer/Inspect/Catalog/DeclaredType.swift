/// A type as a SQLite table declares it: words, and numbers in brackets.
struct DeclaredType {
  /// Lower case, one space between words, without brackets: `double precision`, `varchar`.
  let name: String
  let arguments: [Int]
  private let text: String

  init(_ text: String) {
    self.text = text
    let lower = text.asciiLowercased
    let open = lower.firstIndex(of: "(") ?? lower.endIndex
    let close = lower.lastIndex(of: ")") ?? lower.endIndex
    var words = lower[..<open].split(whereSeparator: \.isWhitespace)
    var arguments: [Int] = []
    if open < close, close < lower.endIndex {
      words += lower[lower.index(after: close)...].split(whereSeparator: \.isWhitespace)
      arguments = lower[lower.index(after: open)..<close].split(separator: ",").compactMap { part in
        Int(part.filter { !$0.isWhitespace })
      }
    }
    name = words.joined(separator: " ")
    self.arguments = arguments
  }

  var type: CatalogType { CatalogType(name, arguments: arguments, text: text) }
}
