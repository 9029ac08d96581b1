package import PillionSchema

/// SQL text and the types of its placeholders, built piece by piece.
///
/// Identifiers come from the schema and are always quoted; values are always placeholders.
package struct SQLText {
  package let dialect: Dialect
  package private(set) var text: String = ""
  package private(set) var parameterTypes: [UInt32] = []

  package init(_ dialect: Dialect) { self.dialect = dialect }

  package mutating func append(_ sql: String) { text += sql }

  /// Takes the next placeholder: `$3` or `?3`.
  package mutating func placeholder(_ type: UInt32 = 0) -> String {
    parameterTypes.append(type)
    return dialect.placeholder(parameterTypes.count)
  }

  /// A text in quotes, for what takes no placeholder: DDL and PRAGMA. Both databases double an embedded quote; neither
  /// holds U+0000 in a statement, so it is left out.
  package static func literal(_ text: String) -> String {
    let scalars = text.unicodeScalars.flatMap { $0 == "'" ? [$0, $0] : $0 == "\0" ? [] : [$0] }
    return "'" + String(String.UnicodeScalarView(scalars)) + "'"
  }

  package func statement() -> Statement { Statement(text, parameterTypes: parameterTypes) }
}

extension Dialect {
  package func placeholder(_ number: Int) -> String { self == .postgresql ? "$\(number)" : "?\(number)" }

  /// A quoted identifier; both databases double an embedded quote.
  package func quote(_ identifier: String) -> String {
    // By scalar: a quote with a combining mark behind it is another Character, but a quote all the same.
    let scalars = identifier.unicodeScalars.flatMap { $0 == "\"" ? [$0, $0] : [$0] }
    return "\"" + String(String.UnicodeScalarView(scalars)) + "\""
  }

  package func quote(_ table: TableName) -> String {
    (table.schema.map { quote($0) + "." } ?? "") + quote(table.name)
  }
}
