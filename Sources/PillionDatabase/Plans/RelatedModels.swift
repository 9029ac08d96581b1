package import PillionQuery
package import PillionSchema

/// How rows of each model are shown where other models' rows hold them: the message and the filter of its first service.
package struct RelatedModels: Sendable {
  private var messages: [Int: MessageShape] = [:]
  private var filters: [Int: Filter] = [:]

  /// No relation is expanded.
  package init() {}

  /// `shapes` are those of all services, the first of each model before its others; `scopes` their filters.
  package init(shapes: [ServiceShape], scopes: [Filter?]) {
    for (index, shape) in shapes.enumerated() where messages[shape.model] == nil {
      messages[shape.model] = shape.messages.first
      if scopes.indices.contains(index) { filters[shape.model] = scopes[index] }
    }
  }

  /// The message of the model with this index; nil: its rows are not shown.
  func message(of model: Int) -> MessageShape? { messages[model] }

  /// What the service of the model knows; nil: every row.
  func filter(of model: Int) -> Filter? { filters[model] }
}
