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
  init(_ terms: [OrderTerm], _ model: ModelSQL, alias: String = "t", _ query: inout QueryBuilder) {
    dialect = model.dialect
    let own = Set(terms.filter { $0.path.relations.isEmpty }.map(\.path.field))
    let all = terms + model.model.primaryKey.filter { !own.contains($0) }.map { OrderTerm(field: $0) }
    var aliases: [[Int]: String] = [:]
    for term in all { add(term, model, alias, &aliases, &query) }
  }

  private mutating func add(
    _ term: OrderTerm, _ root: ModelSQL, _ row: String, _ aliases: inout [[Int]: String],
    _ query: inout QueryBuilder
  ) {
    var (model, alias) = (root, row)
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

  /// The statement `rows` with its conditions and its order.
  ///
  /// - Parameter isPart: whether it is one of several that UNION ALL joins.
  func select(_ rows: String, where conditions: [String], limit: String?, isPart: Bool = false) -> String {
    var sql = rows
    if !conditions.isEmpty { sql += " WHERE \(conditions.joined(separator: " AND "))" }
    if !keys.isEmpty { sql += " ORDER BY \(orderBy)" }
    if let limit { sql += " LIMIT \(limit)" }
    guard isPart else { return sql }
    return dialect == .postgresql ? "(\(sql))" : "SELECT * FROM (\(sql))"
  }

  // MARK: Behind a position

  /// Placeholders of a position's values; `isNull` says which of them are NULL, and have none.
  func position(_ isNull: [Bool], _ builder: inout QueryBuilder) -> [String?] {
    zip(keys, isNull).map { $1 ? nil : builder.placeholder() }
  }

  /// Whether all keys point one way and are never NULL: then one comparison of rows, which an index answers, finds what
  /// is behind a position.
  private var isPlain: Bool {
    keys.allSatisfy { $0.isDescending == keys[0].isDescending && !$0.isNullable }
  }

  /// The condition of the rows behind a position.
  func behind(_ values: [String?]) -> String {
    guard let first = keys.first, values.count == keys.count else { return "FALSE" }
    let comparison = first.isDescending ? "<" : ">"
    if isPlain {
      let left = keys.map(\.expression).joined(separator: ", ")
      let right = values.compactMap(\.self).joined(separator: ", ")
      return keys.count == 1 ? "(\(left) \(comparison) \(right))" : "((\(left)) \(comparison) (\(right)))"
    }
    var condition = "FALSE"
    for (key, value) in zip(keys, values).reversed() {
      let later = Self.later(key, value).joined(separator: " OR ")
      let equal = Self.equal(key, value)
      condition = condition == "FALSE" ? "(\(later))" : "(\(later) OR (\(equal) AND \(condition)))"
    }
    // Says again what the first key must be, so that an index can begin there.
    if !first.isNullable, let value = values[0] {
      condition = "(\(first.expression) \(comparison)= \(value) AND \(condition))"
    }
    return condition
  }

  /// Keys that ranges are made of at most: each may add two.
  private static let rangedKeys = 4

  /// The same rows as ranges that follow one another, each of one index range: `a = 1 AND b > 2`, then `a > 1`, then
  /// `a IS NULL`. None where one comparison of rows does it, or where an order of other tables has no index anyway.
  func ranges(behind values: [String?]) -> [String] {
    guard !isPlain, joins.isEmpty, keys.count <= Self.rangedKeys, values.count == keys.count else { return [] }
    var ranges: [String] = []
    for index in keys.indices.reversed() {
      let equal = zip(keys, values).prefix(index).map(Self.equal)
      for later in Self.later(keys[index], values[index]) where later != "FALSE" {
        ranges.append((equal + [later]).joined(separator: " AND "))
      }
    }
    return ranges
  }

  private static func equal(_ key: Key, _ value: String?) -> String {
    value.map { "\(key.expression) = \($0)" } ?? "\(key.expression) IS NULL"
  }

  /// Conditions of what comes later in one key, in that order.
  private static func later(_ key: Key, _ value: String?) -> [String] {
    switch (key.isDescending, value) {
    case (false, let value?):
      key.isNullable
        ? ["\(key.expression) > \(value)", "\(key.expression) IS NULL"] : ["\(key.expression) > \(value)"]
    case (false, nil): ["FALSE"]
    case (true, let value?): ["\(key.expression) < \(value)"]
    case (true, nil): ["\(key.expression) IS NOT NULL"]
    }
  }
}
