package import PillionQuery
package import PillionSchema

/// Everything that one model's service does to one kind of database, settled when the schema loads.
///
/// A class, as calls that row filters concern take hold of it: one reference costs less than copies of its parts.
package final class ModelPlans: Sendable {
  package let model: Model
  package let unary: [Action: any UnaryPlan]
  package let list: ListPlan?
  /// What code asks of several of the service's rows.
  package let aggregates: AggregatePlan
  private let rows: RowScopes?

  /// - Parameters:
  ///   - scope: the service's `filter`; nil: every row.
  ///   - relations: what is shown of other models in this one's rows.
  ///   - rows: what row filters ask of the rows of models, by their indices; nil: no row filter concerns the service.
  ///   - base: what code asks of the service's own rows where they are looked up or listed; its values follow those of
  ///     the row filters.
  ///   - hidesRows: whether the database itself does not show all rows to everybody.
  ///   - asksForIndexes: whether Lists come with an `IndexQuestion`.
  ///   - isPresented: whether code of a program changes the rows on their way out.
  package init(
    model: Model, schema: Schema, shape: ServiceShape, dialect: Dialect, scope: Filter? = nil,
    relations: RelatedModels = RelatedModels(), rows: [Int: Predicate]? = nil, base: Predicate? = nil,
    hidesRows: Bool = false, asksForIndexes: Bool = false, isPresented: Bool = false
  ) {
    self.model = model
    self.rows = rows.map { RowScopes($0, base: base, root: model.index, schema: schema, dialect: dialect) }
    let sql = ModelSQL(
      schema: schema, model: model, dialect: dialect, scope: scope, relations: relations, rows: self.rows)
    let message = shape.messages[0]
    var unary: [Action: any UnaryPlan] = [:]
    var list: ListPlan?
    for method in shape.methods {
      let request = shape.messages[method.request]
      switch method.action {
      case .list, .listPage:
        list =
          list
          ?? ListPlan(
            sql, request: request, response: message, page: shape.message(.listPage), countsRows: hidesRows,
            asksForIndexes: asksForIndexes, isPresented: isPresented)
      case .retrieve:
        unary[.retrieve] = RetrievePlan(sql, request: request, response: message, isPresented: isPresented)
      case .destroy: unary[.destroy] = LookupPlan.destroy(sql, request: request)
      case .create: unary[.create] = WritePlan.create(sql, message: message)
      case .update: unary[.update] = WritePlan.update(sql, message: message)
      case .partialUpdate:
        unary[.partialUpdate] = WritePlan.partialUpdate(sql, request: request, response: message)
      case nil: continue
      }
    }
    self.unary = unary
    self.list = list
    aggregates = AggregatePlan(sql)
  }

  /// The caller's values in row filters, in the order of the models, and behind them those of the base rows.
  func bind(_ values: [FilterValue]) throws(ValueError) -> Parameters { try rows?.bind(values) ?? Parameters() }
}
