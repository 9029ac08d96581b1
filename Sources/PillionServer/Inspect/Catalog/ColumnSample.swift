/// What the first rows of a SQLite column hold: its declared type binds no value.
package struct ColumnSample: Sendable {
  /// As SQLite's `typeof` names them; NULLs are left out.
  package enum Kind: String, Sendable { case integer, real, text, blob }

  package struct Value: Sendable {
    package var kind: Kind
    /// The first characters; hexadecimal digits of a blob.
    package var text: String

    package init(_ kind: Kind, _ text: String) {
      self.kind = kind
      self.text = text
    }
  }

  package var values: [Value]

  package init(_ values: [Value]) { self.values = values }

  /// Rows that are looked at.
  static let rows = 100
  /// Characters of a value that are looked at.
  static let width = 64

  /// The one kind of all values; nil for none and for several.
  var kind: Kind? {
    guard let first = values.first?.kind, values.allSatisfy({ $0.kind == first }) else { return nil }
    return first
  }

  var isEmpty: Bool { values.isEmpty }

  var isNumeric: Bool { !isEmpty && values.allSatisfy { $0.kind == .integer || $0.kind == .real } }

  /// Whether every value is a text that passes the test; false without values.
  func allTexts(_ test: (String) -> Bool) -> Bool { kind == .text && values.allSatisfy { test($0.text) } }
}
