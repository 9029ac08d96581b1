import PillionQuery
import PillionSchema

/// The rows that a service knows: its `filter`, with values bound once, as they never change.
struct Scope: Sendable {
  let predicate: Predicate
  let parameters: Parameters

  /// A filter with a value that the database cannot hold lets no row through.
  init(_ filter: Filter, _ sql: ModelSQL) {
    var builder = QueryBuilder(schema: sql.schema, dialect: sql.dialect)
    _ = builder.trustedCondition(filter.predicate, sql)
    var parameters = Parameters(capacity: filter.values.count)
    do throws(ValueError) {
      for (binder, value) in zip(builder.binders, filter.values) { try binder.bind(value, to: &parameters) }
      (self.predicate, self.parameters) = (filter.predicate, parameters)
    } catch {
      (self.predicate, self.parameters) = (.any([]), Parameters())
    }
  }
}

extension QueryBuilder {
  /// The conditions of the scope and of the row filter. The scope's values are the operation's parameters from `first`
  /// on; no filter's value may have been written before them.
  mutating func scopes(_ model: ModelSQL, from first: Int) -> [String] {
    var conditions: [String] = []
    if let scope = model.scope {
      conditions.append(trustedCondition(scope.predicate, model))
      bindScope(from: first)
    }
    if let filter = rowFilter(model) { conditions.append(filter) }
    return conditions
  }
}
