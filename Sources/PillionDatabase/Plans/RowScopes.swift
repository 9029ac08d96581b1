import PillionQuery
import PillionSchema

/// The row filters that apply to a call, as conditions: one set of plans serves all callers for whom they have the same
/// shape.
///
/// The callers' values are numbered through, over all models, in the order in which `bind` appends them.
struct RowScopes: Sendable {
  /// The row filter of one model.
  struct Scope: Sendable {
    let predicate: Predicate
    /// Number of its first value.
    let first: Int
  }

  /// What the service's own rows must be beyond the row filters, which are about writes and related rows as well.
  let base: Scope?
  private let scopes: [Int: Scope]
  private let binders: [ValueBinder]

  /// - Parameters:
  ///   - predicates: by the models' indices.
  ///   - base: of the model with the index `root`.
  init(
    _ predicates: [Int: Predicate], base: Predicate? = nil, root: Int = 0, schema: Schema, dialect: Dialect
  ) {
    var scopes: [Int: Scope] = [:]
    var binders: [ValueBinder] = []
    func number(_ predicate: Predicate, _ index: Int) -> Scope {
      let scope = Scope(predicate: predicate, first: binders.count)
      var builder = QueryBuilder(schema: schema, dialect: dialect)
      let model = ModelSQL(schema: schema, model: schema.models[index], dialect: dialect)
      _ = builder.trustedCondition(predicate, model)
      binders += builder.binders
      return scope
    }
    for index in predicates.keys.sorted() where schema.models.indices.contains(index) {
      guard let predicate = predicates[index] else { continue }
      scopes[index] = number(predicate, index)
    }
    self.base = schema.models.indices.contains(root) ? base.map { number($0, root) } : nil
    self.scopes = scopes
    self.binders = binders
  }

  /// How many values the caller brings.
  var count: Int { binders.count }

  subscript(model: Int) -> Scope? { scopes[model] }

  /// `values` in the order of the models, and behind them those of `base`.
  func bind(_ values: [FilterValue]) throws(ValueError) -> Parameters {
    guard values.count == binders.count else { throw ValueError("does not fit its statement") }
    var parameters = Parameters(capacity: values.count)
    for (binder, value) in zip(binders, values) { try binder.bind(value, to: &parameters) }
    return parameters
  }
}
