/// What of a row a request asks for.
package struct FieldSelection: Sendable, Hashable {
  /// Whether it asks for everything; then nothing else counts.
  package var isWhole = false
  /// Indices of the model's fields whose own values are sent.
  package var values: Set<Int> = []
  /// Indices of the relations whose rows are sent, and what of these.
  package var rows: [Int: FieldSelection] = [:]

  package static let whole = FieldSelection(isWhole: true)

  package init(isWhole: Bool = false, values: Set<Int> = [], rows: [Int: FieldSelection] = [:]) {
    self.isWhole = isWhole
    self.values = values
    self.rows = rows
  }

  func hasValue(_ field: Int) -> Bool { isWhole || values.contains(field) }

  /// What of a relation's rows is sent; nil: nothing.
  func rows(of field: Int) -> FieldSelection? { isWhole ? .whole : rows[field] }
}
