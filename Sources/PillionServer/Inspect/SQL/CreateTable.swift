import PillionDatabase

/// What only the text of a SQLite table tells: its CHECK constraints.
enum CreateTable {
  /// The expressions of all CHECK constraints of columns and of the table, in order.
  static func checks(in sql: String) -> [String] {
    let tokens = SQLTokenizer.tokens(sql, .sqlite)
    let bytes = Array(sql.utf8)
    var checks: [String] = []
    var depth = 0
    var open: (depth: Int, end: Int)?
    for (index, token) in tokens.enumerated() {
      if token.isSymbol("(") {
        depth += 1
        if depth == 2, open == nil, index > 0, tokens[index - 1].isWord("check") {
          open = (depth, token.range.upperBound)
        }
      } else if token.isSymbol(")") {
        if let start = open, start.depth == depth {
          checks.append(String(decoding: bytes[start.end..<token.range.lowerBound], as: UTF8.self))
          open = nil
        }
        depth -= 1
      }
    }
    return checks
  }
}
