import PillionQuery
import PillionSchema

extension IndexNeed {
  /// What a filter needs of indexes.
  ///
  /// - Parameter scope: the service's own filter, whose conditions hold besides.
  init(for predicate: Predicate, _ sql: ModelSQL, scope: Predicate? = nil) {
    switch predicate {
    case .test, .all: self = Self.conjunction(predicate.conjuncts, sql, scope)
    case .any(let parts): self = .all(parts.map { IndexNeed(for: $0, sql, scope: scope) })
    case .not: self = .impossible
    }
  }

  /// What an order needs.
  init(for order: [OrderTerm], _ sql: ModelSQL) {
    var builder = QueryBuilder(schema: sql.schema, dialect: sql.dialect)
    let pages = PageSQL(order, sql, &builder)
    self = .order(
      Statement("SELECT t.* FROM \(sql.table) AS t\(pages.joins) ORDER BY \(pages.orderBy)", parameterTypes: []))
  }

  /// One index that finds few of the rows is enough. It may have a WHERE that another condition implies, so what is asked
  /// of the table itself is asked together first; and then one by one, since of several indexes a planner may take one
  /// that does not serve where the table is empty and they all cost the same.
  private static func conjunction(_ parts: [Predicate], _ sql: ModelSQL, _ scope: Predicate?) -> IndexNeed {
    var own: [FieldTest] = []
    var needs: [IndexNeed] = []
    for part in parts {
      guard case .test(let test) = part else {
        needs.append(IndexNeed(for: part, sql, scope: scope))
        continue
      }
      if test.isOfTable(sql) { own.append(test) } else { needs.append(following(test, sql)) }
    }
    if !own.isEmpty {
      let scoped = (scope?.conjuncts ?? []).compactMap { part -> FieldTest? in
        if case .test(let test) = part, test.isOfTable(sql) { test } else { nil }
      }
      let tests = scoped + own
      let together = tests.count > 1 ? [tests] : []
      needs.insert(contentsOf: (together + tests.map { [$0] }).map { find(all: $0, sql) }, at: 0)
    }
    return needs.count == 1 ? needs[0] : .any(needs)
  }

  /// A test on what a relation leads to: the other table has to be entered by an index, and from there this one, whose
  /// primary key has one.
  private static func following(_ test: FieldTest, _ sql: ModelSQL) -> IndexNeed {
    let field = test.path.relations.first ?? test.path.field
    var rest = test
    if !test.path.relations.isEmpty { rest.path.relations.removeFirst() }
    switch sql.model.fields[field].type {
    case .foreignKey(let key):
      return .all([
        equality(in: sql.table, sql.column(field), sql.codec(field).parameterType, sql),
        IndexNeed(for: .test(rest), sql.related(key.model)),
      ])
    case .manyToMany(let relation):
      let target = sql.related(relation.model)
      let (through, _, other) = sql.join(relation)
      let join = equality(in: through, other, target.codec(relation.field).parameterType, sql)
      if !test.path.relations.isEmpty { return .all([join, IndexNeed(for: .test(rest), target)]) }
      return test.condition == .contains ? join : .impossible
    case .reverse(let relation):
      let target = sql.related(relation.model)
      if !test.path.relations.isEmpty { return IndexNeed(for: .test(rest), target) }
      guard test.condition == .contains, let key = relation.key else { return .impossible }
      return equality(in: target.table, target.column(key), target.codec(key).parameterType, sql)
    case .scalar, .array: return .impossible
    }
  }

  private static func equality(in table: String, _ column: String, _ type: UInt32, _ sql: ModelSQL) -> IndexNeed {
    var builder = QueryBuilder(schema: sql.schema, dialect: sql.dialect)
    let condition = "t.\(column) = \(builder.placeholder(type))"
    return find(in: table, where: condition, builder)
  }

  private static func find(all tests: [FieldTest], _ sql: ModelSQL) -> IndexNeed {
    var builder = QueryBuilder(schema: sql.schema, dialect: sql.dialect)
    let condition = builder.condition(.all(tests.map(Predicate.test)), sql)
    return find(in: sql.table, where: condition, builder)
  }

  private static func find(in table: String, where condition: String, _ builder: QueryBuilder) -> IndexNeed {
    .find(
      Statement("SELECT t.* FROM \(table) AS t WHERE \(condition)", parameterTypes: builder.sql.parameterTypes))
  }
}

extension Predicate {
  /// What all holds of a row where the predicate does.
  var conjuncts: [Predicate] {
    switch self {
    case .all(let parts): parts.flatMap(\.conjuncts)
    case .any(let parts) where parts.count == 1: parts[0].conjuncts
    case .any, .not, .test: [self]
    }
  }
}

extension FieldTest {
  /// Whether it is about a column of the model's own table.
  fileprivate func isOfTable(_ sql: ModelSQL) -> Bool {
    guard path.relations.isEmpty else { return false }
    return sql.model.fields[path.field].hasColumn
  }
}
