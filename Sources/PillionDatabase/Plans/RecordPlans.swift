package import PillionSchema

/// What code of a program's own asks of a model: the messages are those of the service that it is seen through, but every
/// row is there, whatever filters say, and every stored field that the message has can be written.
package struct RecordPlans: Sendable {
  package let model: Model
  package let message: MessageShape
  package let list: ListPlan
  package let aggregates: AggregatePlan
  /// Create, Update and Destroy by what the message itself says of the row; none for rows without a key, or whose
  /// message does not have it.
  package let unary: [Action: any UnaryPlan]

  /// - Parameter relations: what is shown of other models in this one's rows, as services show it.
  package init(model: Model, schema: Schema, shape: ServiceShape, dialect: Dialect, relations: RelatedModels) {
    var writable = model
    for index in writable.fields.indices { writable.fields[index].isReadOnly = model.fields[index].isComputed }
    self.model = writable
    message = shape.messages[0]
    let sql = ModelSQL(schema: schema, model: writable, dialect: dialect, relations: relations)
    list = ListPlan(sql, request: message, response: message, page: nil)
    aggregates = AggregatePlan(sql)
    var unary: [Action: any UnaryPlan] = [:]
    if !model.primaryKey.isEmpty { unary[.create] = WritePlan.create(sql, message: message) }
    let stored = shape.messages[0].fields.map(\.source)
    let finds = model.lookupFields.allSatisfy { stored.contains(.field($0)) }
    if finds, !model.lookupFields.isEmpty {
      unary[.update] = WritePlan.update(sql, message: message)
      unary[.destroy] = LookupPlan.destroy(sql, request: message)
    }
    self.unary = unary
  }
}
