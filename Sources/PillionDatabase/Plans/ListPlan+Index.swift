import PillionQuery
import PillionSchema
import Synchronization

/// The questions about indexes that a List's shapes raise, each kept as long as the server runs or there are too many.
final class IndexQuestions: Sendable {
  /// What a question depends on: neither the page nor the fields that are read.
  private struct Key: Hashable {
    var predicate: Predicate?
    var order: [OrderTerm]
  }

  private let cache = Mutex<[Key: IndexQuestion]>([:])
  private static let limit = 1_024

  /// Nil where there is nothing to ask: all rows in the order of the key.
  func question(_ predicate: Predicate?, _ order: [OrderTerm], _ sql: ModelSQL) -> IndexQuestion? {
    if predicate == nil, order.isEmpty { return nil }
    // A filter that an index serves leaves few rows, whatever their order.
    let key = Key(predicate: predicate, order: predicate == nil ? order : [])
    return cache.withLock { cache in
      if let known = cache[key] { return known }
      if cache.count >= Self.limit { cache.removeAll() }
      let made = predicate.map { Self.question($0, sql) } ?? Self.question(order, sql)
      cache[key] = made
      return made
    }
  }

  private static func question(_ predicate: Predicate, _ sql: ModelSQL) -> IndexQuestion {
    var builder = QueryBuilder(schema: sql.schema, dialect: sql.dialect)
    let condition = builder.condition(predicate, sql)
    return IndexQuestion(
      .filter, need: IndexNeed(for: predicate, sql, scope: sql.scope?.predicate),
      sql: "SELECT t.* FROM \(sql.table) AS t WHERE \(condition)", advice: IndexAdvice(for: predicate, sql))
  }

  private static func question(_ order: [OrderTerm], _ sql: ModelSQL) -> IndexQuestion {
    var builder = QueryBuilder(schema: sql.schema, dialect: sql.dialect)
    let pages = PageSQL(order, sql, &builder)
    return IndexQuestion(
      .order, need: IndexNeed(for: order, sql),
      sql: "SELECT t.* FROM \(sql.table) AS t\(pages.joins) ORDER BY \(pages.orderBy)",
      advice: IndexAdvice(for: order, sql))
  }
}
