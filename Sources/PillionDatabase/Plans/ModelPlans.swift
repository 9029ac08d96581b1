package import PillionSchema

/// Everything that one model's service does to one kind of database, settled when the schema loads.
package struct ModelPlans: Sendable {
  package let model: Model
  package private(set) var unary: [Action: any UnaryPlan] = [:]
  package private(set) var list: ListPlan?

  package init(model: Model, schema: Schema, shape: ServiceShape, dialect: Dialect) {
    self.model = model
    let sql = ModelSQL(schema: schema, model: model, dialect: dialect)
    let message = shape.messages[0]
    for method in shape.methods {
      let request = shape.messages[method.request]
      switch method.action {
      case .list: list = ListPlan(sql, request: request, response: message)
      case .retrieve: unary[.retrieve] = LookupPlan.retrieve(sql, request: request, response: message)
      case .destroy: unary[.destroy] = LookupPlan.destroy(sql, request: request)
      case .create: unary[.create] = WritePlan.create(sql, message: message)
      case .update: unary[.update] = WritePlan.update(sql, message: message)
      case .partialUpdate:
        unary[.partialUpdate] = WritePlan.partialUpdate(sql, request: request, response: message)
      }
    }
  }
}
