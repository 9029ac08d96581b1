package import PillionSchema

/// The `order_by` parameter of List: `"a desc, b"` (AIP-132).
package enum OrderBy {
  /// Terms that a request may name at most.
  package static let maximumTerms = 16

  /// Resolves the text against the fields that the model's service shows, also those that foreign keys lead to
  /// (`author.name`).
  ///
  /// Field names are followed by nothing, `asc` or `desc`; spaces do not matter. An empty text gives no terms.
  package static func parse(
    _ text: String, model: Model, schema: Schema, limits: FilterLimits = FilterLimits()
  ) throws(QueryError) -> [OrderTerm] {
    try parse(text, paths: PathResolver(model: model, schema: schema, limits: limits))
  }

  /// The same with a resolver that is kept.
  package static func parse(_ text: String, paths: PathResolver) throws(QueryError) -> [OrderTerm] {
    guard text.contains(where: { $0 != " " }) else { return [] }
    let bytes = Array(text.utf8)
    var terms: [OrderTerm] = []
    var offset = 0
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let start = offset + part.utf8.prefix { $0 == UInt8(ascii: " ") }.count
      func error(_ message: String) -> QueryError {
        QueryError(parameter: "order_by", text: bytes, offset: start, message: message)
      }
      let words = part.split(separator: " ")
      offset += part.utf8.count + 1
      guard let word = words.first else { throw error("expected a field name") }
      let name = String(word)
      let direction = words.dropFirst().first.map { $0.lowercased() }
      guard words.count <= 2, direction == nil || direction == "asc" || direction == "desc" else {
        throw error("expected `asc`, `desc` or a comma after `\(PathResolver.excerpt(name))`")
      }
      let target: PathResolver.Target
      do throws(PathResolver.Problem) {
        target = try paths.resolve(name.split(separator: ".", omittingEmptySubsequences: false).map(String.init))
      } catch let problem {
        throw error(problem.message)
      }
      if target.field.type.isRepeated || paths.hasMany(target.path) {
        throw error("`\(name)` has many values and cannot order rows")
      }
      if target.field.type == .scalar(.json) { throw error("`\(name)` is JSON and cannot order rows") }
      if terms.contains(where: { $0.path == target.path }) { throw error("`\(name)` is named twice") }
      guard terms.count < maximumTerms else { throw error("more than \(maximumTerms) fields") }
      terms.append(OrderTerm(target.path, descending: direction == "desc"))
    }
    return terms
  }
}
