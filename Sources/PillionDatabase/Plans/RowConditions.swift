import PillionQuery

extension QueryBuilder {
  /// Which of the service's rows there are: the conditions of its scope, of the row filter and of the base rows, then the
  /// filter's. `ModelSQL.bind` gives them their values.
  mutating func conditions(_ filter: Predicate?, _ model: ModelSQL) -> [String] {
    var conditions = scopes(model, from: 0)
    if let filter { conditions.append(condition(filter, model)) }
    return conditions
  }
}

extension ModelSQL {
  /// The parameters of a query with the placeholders `sources`: the filter's values, the scope's and the caller's.
  ///
  /// - Parameters:
  ///   - related: of the scopes of related models that a select list has.
  ///   - caller: of row filters and base rows; nil where there are none.
  func bind(
    _ sources: [QueryBuilder.Source], _ filter: Filter?, related: Parameters = Parameters(), caller: Parameters?
  ) throws(ValueError) -> Parameters {
    var parameters = Parameters(capacity: sources.count + 4)
    let values = filter?.values ?? []
    var bound = 0
    for source in sources {
      switch source {
      case .value(let binder):
        guard bound < values.count else { throw ValueError("does not fit its statement") }
        try binder.bind(values[bound], to: &parameters)
        bound += 1
      case .parameter(let index): try Self.append(index, of: scope?.parameters, to: &parameters)
      case .related(let number): try Self.append(number, of: related, to: &parameters)
      case .caller(let number): try Self.append(number, of: caller, to: &parameters)
      case .other: break
      }
    }
    guard bound == values.count else { throw ValueError("does not fit its statement") }
    return parameters
  }

  private static func append(
    _ index: Int, of values: Parameters?, to parameters: inout Parameters
  ) throws(ValueError) {
    guard let values, values.entries.indices.contains(index) else { throw ValueError("does not fit its statement") }
    parameters.append(index, of: values)
  }
}
