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
    /// The column as a message holds it, where that is an integer of PostgreSQL's that tells a token as much.
    var integer: String?
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
    let shown = model.codec(term.path.field).selectExpression(column)
    keys.append(
      Key(
        expression: expression, selection: dialect == .postgresql ? "\(column)::text" : column,
        integer: shown == "\(column)::int8" ? shown : nil, isDescending: term.descending,
        isNullable: field.isNullable || !term.path.relations.isEmpty))
  }

  /// Where in a row of `columns` the values of its position are, and what has to be selected besides.
  ///
  /// What a message holds of them is not selected once more: it costs PostgreSQL a quarter of a large List to write each
  /// key as text.
  func sources(in columns: [String]) -> (sources: [PageCutter.Source], more: [String]) {
    var more: [String] = []
    let sources = keys.map { key in
      if let cell = columns.firstIndex(of: key.selection) { return PageCutter.Source(cell: cell) }
      if let integer = key.integer, let cell = columns.firstIndex(of: integer) {
        return PageCutter.Source(cell: cell, isInteger: true)
      }
      more.append(key.selection)
      return PageCutter.Source(cell: columns.count + more.count - 1)
    }
    return (sources, more)
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

  /// The condition of the rows behind a position.
  func behind(_ values: [String?]) -> String {
    guard let first = keys.first, values.count == keys.count else { return "FALSE" }
    if let run = runs(values).first, run.count == keys.count, !first.isNullable, !values.contains(nil) {
      return compare(run, values)
    }
    var condition = "FALSE"
    for (key, value) in zip(keys, values).reversed() {
      let later = Self.later(key, value).joined(separator: " OR ")
      let equal = Self.equal(key, value)
      condition = condition == "FALSE" ? "(\(later))" : "(\(later) OR (\(equal) AND \(condition)))"
    }
    // Says again what the first key must be, so that an index can begin there.
    if !first.isNullable, let value = values[0] {
      condition = "(\(first.expression) \(first.isDescending ? "<" : ">")= \(value) AND \(condition))"
    }
    return condition
  }

  /// Ranges that a statement joins at most.
  private static let rangeLimit = 8

  /// The same rows as ranges that follow one another, each of one index range: `a = 1 AND (b, c) > (2, 3)`, then `a > 1`,
  /// then `a IS NULL`. None where there would be too many, or where an order of other tables has no index anyway.
  func ranges(behind values: [String?]) -> [String] {
    guard joins.isEmpty, values.count == keys.count else { return [] }
    var ranges: [String] = []
    for run in runs(values).reversed() {
      let equal = zip(keys, values).prefix(run.lowerBound).map(Self.equal)
      let key = keys[run.lowerBound]
      let later =
        run.count == 1
        ? Self.later(key, values[run.lowerBound])
        : [compare(run, values)] + (key.isNullable && !key.isDescending ? ["\(key.expression) IS NULL"] : [])
      for later in later where later != "FALSE" {
        ranges.append((equal + [later]).joined(separator: " AND "))
      }
    }
    return ranges.count <= Self.rangeLimit ? ranges : []
  }

  /// The keys cut into runs that one comparison of rows orders: they point one way, and only the first of a run may be
  /// NULL, as a comparison says nothing about rows whose first difference is a NULL.
  ///
  /// On SQLite each key is a run of its own. Of `(a, id) > (1, 2)` its indexes look up `a >= 1` alone where `id` is the
  /// rowid, and then it reads all rows of the same `a`. PostgreSQL looks up the whole, and plans fewer ranges sooner.
  private func runs(_ values: [String?]) -> [Range<Int>] {
    guard dialect == .postgresql else { return keys.indices.map { $0..<$0 + 1 } }
    var runs: [Range<Int>] = []
    for index in keys.indices {
      if let run = runs.last, values[run.lowerBound] != nil, values[index] != nil, !keys[index].isNullable,
        keys[index].isDescending == keys[run.lowerBound].isDescending
      {
        runs[runs.count - 1] = run.lowerBound..<index + 1
      } else {
        runs.append(index..<index + 1)
      }
    }
    return runs
  }

  /// `((a, b) > ($1, $2))`
  private func compare(_ run: Range<Int>, _ values: [String?]) -> String {
    let left = keys[run].map(\.expression).joined(separator: ", ")
    let right = values[run].compactMap(\.self).joined(separator: ", ")
    let comparison = keys[run.lowerBound].isDescending ? "<" : ">"
    return run.count == 1 ? "(\(left) \(comparison) \(right))" : "((\(left)) \(comparison) (\(right)))"
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
