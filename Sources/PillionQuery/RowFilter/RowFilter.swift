package import PillionSchema

/// The rows of a model that a caller may see and touch: a filter, some of whose values are the caller's own.
///
/// What is missing is unknown: a comparison with a claim that the caller does not have, or that is not of the field's
/// type, is neither true nor false, and neither is NOT of it. Only a row of which the filter is true for certain is the
/// caller's. That is SQL's three-valued logic, found out for each call before the database is asked.
package struct RowFilter: Sendable {
  let condition: RowCondition

  /// Reads a row filter in a model's terms. It may use every field, as definitions may.
  package static func parse(
    _ text: String, model: Model, schema: Schema, limits: FilterLimits = FilterLimits()
  ) throws(QueryError) -> RowFilter {
    let bytes = Array(text.utf8)
    do throws(FilterParser.Problem) {
      guard let syntax = try FilterParser.parse(bytes, limits: limits, knowsCaller: true) else {
        throw FilterParser.Problem(offset: 0, message: "the filter says nothing; leave it out to let every row through")
      }
      let paths = PathResolver(model: model, schema: schema, isTrusted: true, limits: limits)
      return RowFilter(condition: try RowFilterResolver(paths: paths).condition(syntax))
    } catch {
      throw QueryError(parameter: "row_filters", text: bytes, offset: error.offset, message: error.message)
    }
  }

  /// The filter for one caller. What only the caller decides is gone from it, so that it has few shapes.
  package func filter(for caller: Caller) -> Filter {
    switch condition.folded(for: caller, isWanted: true) {
    case .constant(true): Filter(predicate: .all([]), values: [])
    case .constant(false): Filter(predicate: .any([]), values: [])
    case .rows(let predicate, let values): Filter(predicate: predicate, values: values)
    }
  }
}

/// A row filter's condition, before a caller is known.
indirect enum RowCondition: Sendable {
  case all([RowCondition])
  case any([RowCondition])
  case not(RowCondition)
  /// On the row alone.
  case row(Predicate, [FilterValue])
  /// A field and something of the caller.
  case both(RowComparison)
  /// On the caller alone.
  case caller(CallerTest)

  /// What is left of a condition once the caller is known.
  enum Folded {
    case constant(Bool)
    case rows(Predicate, [FilterValue])
  }

  /// - Parameter isWanted: whether the whole filter becomes true more often as this part does; false below a NOT. What
  ///   is unknown becomes what lets fewer rows through.
  func folded(for caller: Caller, isWanted: Bool) -> Folded {
    switch self {
    case .all(let parts): return Self.join(parts, true, caller, isWanted)
    case .any(let parts): return Self.join(parts, false, caller, isWanted)
    case .not(let part):
      switch part.folded(for: caller, isWanted: !isWanted) {
      case .constant(let constant): return .constant(!constant)
      case .rows(let predicate, let values): return .rows(.not(predicate), values)
      }
    case .row(let predicate, let values): return .rows(predicate, values)
    case .both(let comparison): return comparison.folded(for: caller, isWanted: isWanted)
    case .caller(let test): return .constant(test.holds(for: caller) ?? !isWanted)
    }
  }

  /// Of all parts or any of them; `neutral` is the constant that decides nothing.
  private static func join(
    _ parts: [RowCondition], _ neutral: Bool, _ caller: Caller, _ isWanted: Bool
  ) -> Folded {
    var predicates: [Predicate] = []
    var values: [FilterValue] = []
    for part in parts {
      switch part.folded(for: caller, isWanted: isWanted) {
      case .constant(neutral): continue
      case .constant: return .constant(!neutral)
      case .rows(let predicate, let more):
        predicates.append(predicate)
        values += more
      }
    }
    if predicates.isEmpty { return .constant(neutral) }
    if predicates.count == 1 { return .rows(predicates[0], values) }
    return .rows(neutral ? .all(predicates) : .any(predicates), values)
  }
}
