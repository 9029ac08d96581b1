package import PillionSchema

/// What a client wrote wrong in a query parameter.
package struct QueryError: Error, Sendable, Hashable {
  /// `order_by` or `filter`.
  package var parameter: String
  /// In characters, from 1.
  package var position: Int
  package var message: String

  package init(parameter: String, position: Int, message: String) {
    self.parameter = parameter
    self.position = position
    self.message = message
  }
}

/// The `order_by` parameter of List: `"a desc, b"` (AIP-132).
package enum OrderBy {
  /// Terms that a request may name at most.
  package static let maximumTerms = 16

  /// Resolves the text against the fields that the model's service shows.
  ///
  /// Field names are followed by nothing, `asc` or `desc`; spaces do not matter. An empty text gives no terms.
  package static func parse(_ text: String, model: Model) throws(QueryError) -> [OrderTerm] {
    guard text.contains(where: { $0 != " " }) else { return [] }
    var terms: [OrderTerm] = []
    var position = 1
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let start = position + part.prefix { $0 == " " }.count
      let words = part.split(separator: " ")
      position += part.count + 1
      guard let name = words.first else { throw error(start, "expected a field name") }
      let direction = words.dropFirst().first.map { $0.lowercased() }
      guard words.count <= 2, direction == nil || direction == "asc" || direction == "desc" else {
        throw error(start, "expected `asc`, `desc` or a comma after `\(excerpt(name))`")
      }
      guard let field = model.fieldIndex(String(name)), model.service.fields.contains(field) else {
        throw error(start, "`\(excerpt(name))` is not a field of \(model.name)")
      }
      let definition = model.fields[field]
      if definition.type.isRepeated { throw error(start, "`\(name)` has many values and cannot order rows") }
      if definition.isWriteOnly { throw error(start, "`\(name)` is write-only and cannot order rows") }
      if definition.type == .scalar(.json) { throw error(start, "`\(name)` is JSON and cannot order rows") }
      if terms.contains(where: { $0.field == field }) { throw error(start, "`\(name)` is named twice") }
      guard terms.count < maximumTerms else { throw error(start, "more than \(maximumTerms) fields") }
      terms.append(OrderTerm(field: field, descending: direction == "desc"))
    }
    return terms
  }

  /// Cut by scalars: one Character may be a megabyte of combining marks.
  private static func excerpt(_ name: Substring) -> String {
    name.unicodeScalars.count <= 64
      ? String(name) : String(String.UnicodeScalarView(name.unicodeScalars.prefix(64))) + "…"
  }

  private static func error(_ position: Int, _ message: String) -> QueryError {
    QueryError(parameter: "order_by", position: position, message: message)
  }
}
