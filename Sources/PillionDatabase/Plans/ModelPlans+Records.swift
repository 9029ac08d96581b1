package import PillionSchema

extension ModelPlans {
  /// What code of a program's own asks of a model: the messages are those of the service that it is seen through, but every
  /// row is there, whatever filters say, and every stored field that the message has can be written.
  ///
  /// Create, Update and Destroy go by what the message itself says of the row; there are none for rows without a key, or
  /// whose message does not have it.
  ///
  /// - Parameter relations: what is shown of other models in this one's rows, as services show it.
  package static func ofRecords(
    _ model: Model, schema: Schema, shape: ServiceShape, dialect: Dialect, relations: RelatedModels
  ) -> ModelPlans {
    var writable = model
    for index in writable.fields.indices { writable.fields[index].isReadOnly = model.fields[index].isComputed }
    var actions: [Action] = [.list]
    if !model.primaryKey.isEmpty { actions.append(.create) }
    let stored = shape.messages[0].fields.map(\.source)
    let finds = model.lookupFields.allSatisfy { stored.contains(.field($0)) }
    if finds, !model.lookupFields.isEmpty { actions += [.update, .destroy] }
    return ModelPlans(
      model: writable, schema: schema, shape: shape.ofRecords(actions), dialect: dialect, relations: relations)
  }
}
