import PillionQuery
import PillionSchema

/// Orders rows, and finds those behind a position.
struct PageSQL {
  /// One term of the whole order.
  struct Key {
    /// The column as `ORDER BY` takes it.
    var expression: String
    /// The column as a token holds it.
    var selection: String
    var isDescending: Bool
    var isNullable: Bool
  }

  private(set) var keys: [Key] = []
  /// `LEFT JOIN …` for what foreign keys lead to.
  private(set) var joins = ""
  private let dialect: Dialect

  /// The terms, then what of the primary key they lack.
  init(_ terms: [OrderTerm], _ model: ModelSQL, _ query: inout QueryBuilder) {
    dialect = model.dialect
    let own = Set(terms.filter { $0.path.relations.isEmpty }.map(\.path.field))
    let all = terms + model.model.primaryKey.filter { !own.contains($0) }.map { OrderTerm(field: $0) }
    var aliases: [[Int]: String] = [:]
    for term in all { add(term, model, &aliases, &query) }
  }

  private mutating func add(
    _ term: OrderTerm, _ root: ModelSQL, _ aliases: inout [[Int]: String], _ query: inout QueryBuilder
  ) {
    var (model, alias) = (root, "t")
    for (index, relation) in term.path.relations.enumerated() {
      guard case .foreignKey(let key) = model.model.fields[relation].type else { return }
      let target = model.related(key.model)
      let path = Array(term.path.relations[...index])
      let known = aliases[path]
      let row = known ?? "o\(aliases.count + 1)"
      if known == nil {
        aliases[path] = row
        // A row that the caller may not see orders as none.
        let visible = query.visible(target, alias: row)
        joins +=
          " LEFT JOIN \(target.table) AS \(row) ON \(row).\(target.column(key.field)) = \(alias).\(model.column(relation))\(visible)"
      }
      (model, alias) = (target, row)
    }
    let field = model.model.fields[term.path.field]
    let column = "\(alias).\(model.column(term.path.field))"
    var expression = column
    if dialect == .sqlite, let collation = SQLiteCollation(of: field.type.scalar) {
      expression += " COLLATE \(collation.rawValue)"
    }
    keys.append(
      Key(
        expression: expression, selection: dialect == .postgresql ? "\(column)::text" : column,
        isDescending: term.descending, isNullable: field.isNullable || !term.path.relations.isEmpty))
  }

  /// `t."a" DESC, …`
  ///
  /// NULLs order as PostgreSQL orders them: last ascending, first descending.
  var orderBy: String {
    keys.map { key in
      var sql = key.expression
      if key.isDescending { sql += " DESC" }
      if dialect == .sqlite, key.isNullable { sql += key.isDescending ? " NULLS FIRST" : " NULLS LAST" }
      return sql
    }.joined(separator: ", ")
  }

  /// The condition of the rows behind a position; `isNull` says which of its values are NULL. Takes a placeholder for
  /// each of the others.
  func behind(_ isNull: [Bool], _ builder: inout QueryBuilder) -> String {
    let values = zip(keys, isNull).map { $1 ? nil : builder.placeholder() }
    guard let first = keys.first, values.count == keys.count else { return "FALSE" }
    let comparison = first.isDescending ? "<" : ">"
    // One comparison of rows, which an index answers, where all of them point one way and are never NULL.
    if keys.allSatisfy({ $0.isDescending == first.isDescending && !$0.isNullable }) {
      let left = keys.map(\.expression).joined(separator: ", ")
      let right = values.compactMap(\.self).joined(separator: ", ")
      return keys.count == 1 ? "(\(left) \(comparison) \(right))" : "((\(left)) \(comparison) (\(right)))"
    }
    var condition = "FALSE"
    for (key, value) in zip(keys, values).reversed() {
      let later = Self.later(key, value)
      let equal = value.map { "\(key.expression) = \($0)" } ?? "\(key.expression) IS NULL"
      condition = condition == "FALSE" ? later : "(\(later) OR (\(equal) AND \(condition)))"
    }
    // Says again what the first key must be, so that an index can begin there.
    if !first.isNullable, let value = values[0] {
      condition = "(\(first.expression) \(comparison)= \(value) AND \(condition))"
    }
    return condition
  }

  private static func later(_ key: Key, _ value: String?) -> String {
    switch (key.isDescending, value) {
    case (false, let value?):
      key.isNullable
        ? "(\(key.expression) > \(value) OR \(key.expression) IS NULL)" : "\(key.expression) > \(value)"
    case (false, nil): "FALSE"
    case (true, let value?): "\(key.expression) < \(value)"
    case (true, nil): "\(key.expression) IS NOT NULL"
    }
  }
}
