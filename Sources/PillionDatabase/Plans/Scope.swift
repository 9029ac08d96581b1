import PillionQuery
import PillionSchema

/// The rows that a service knows: its `filter`, with values bound once, as they never change.
struct Scope: Sendable {
  let predicate: Predicate
  let parameters: Parameters

  /// A filter with a value that the database cannot hold lets no row through.
  init(_ filter: Filter, _ sql: ModelSQL) {
    var builder = QueryBuilder(schema: sql.schema, dialect: sql.dialect)
    _ = builder.condition(filter.predicate, sql)
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
  /// The condition of the scope on the rows that go by `alias`, whose values come before all others that the builder
  /// binds; nil without one.
  mutating func scope(_ model: ModelSQL, alias: String = "t") -> String? {
    guard let scope = model.scope else { return nil }
    let condition = condition(scope.predicate, model, alias: alias)
    forgetBinders()
    return condition
  }
}
