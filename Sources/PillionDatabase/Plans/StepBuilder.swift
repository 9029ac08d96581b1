import PillionQuery
import PillionSchema

/// Builds one step of an operation: its SQL together with the parameters that its placeholders stand for.
struct StepBuilder {
  var query: QueryBuilder
  /// The first parameter of the caller's values.
  private let callerParameters: Int
  /// The first parameter of the values of related models' scopes.
  private let relatedParameters: Int
  private var placeholders: [Int: String] = [:]

  /// - Parameters:
  ///   - callerParameters: nil: behind those of a lookup.
  ///   - relatedParameters: nil: behind all of a lookup.
  init(_ model: ModelSQL, callerParameters: Int? = nil, relatedParameters: Int? = nil) {
    query = QueryBuilder(schema: model.schema, dialect: model.dialect)
    self.callerParameters = callerParameters ?? model.callerParameters
    self.relatedParameters = relatedParameters ?? model.lookupCount
  }

  mutating func append(_ text: String) { query.append(text) }

  /// The placeholder of a parameter; asked for again, the same one.
  mutating func placeholder(_ parameter: Int, _ type: UInt32) -> String {
    if let known = placeholders[parameter] { return known }
    let placeholder = query.placeholder(type, for: .parameter(parameter))
    placeholders[parameter] = placeholder
    return placeholder
  }

  /// A placeholder for what earlier steps have captured; these come last.
  mutating func capture() -> String { query.placeholder() }

  func step(_ effect: Step.Effect, takesCapture: Bool = false) -> Step {
    let parameters = query.sources.compactMap { source -> Int? in
      switch source {
      case .parameter(let index): index
      case .caller(let number): callerParameters + number
      case .related(let number): relatedParameters + number
      case .value, .other: nil
      }
    }
    return Step(query.sql.statement(), parameters: parameters, takesCapture: takesCapture, effect: effect)
  }
}
