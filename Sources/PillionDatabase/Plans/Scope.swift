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
  /// The conditions of the scope, of the row filter and of the call's base rows. The scope's values are the operation's parameters from `first`
  /// on.
  mutating func scopes(_ model: ModelSQL, from first: Int) -> [String] {
    var conditions: [String] = []
    if let scope = scope(model, source: { .parameter(first + $0) }) { conditions.append(scope) }
    if let filter = rowFilter(model) { conditions.append(filter) }
    if let base = model.rows?.base { conditions.append(callerCondition(base, model)) }
    return conditions
  }

  /// The condition of the scope on the rows that go by `alias`; nil without one.
  ///
  /// - Parameter source: where each of its values comes from.
  mutating func scope(_ model: ModelSQL, alias: String = "t", source: (Int) -> Source) -> String? {
    guard let scope = model.scope else { return nil }
    let first = sources.count
    let condition = trustedCondition(scope.predicate, model, alias: alias)
    redirect(from: first, to: source)
    return condition
  }
}
