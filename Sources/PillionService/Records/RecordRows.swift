package import PillionDatabase
package import PillionQuery
package import PillionSchema

/// Rows of a model as code asks for them: all of them, or those that a service shows to a caller.
package struct RecordRows: Sendable {
  package let view: RecordView
  private let plans: ModelPlans
  /// The caller's values, for the plans to bind; nil where there are none.
  private let caller: Parameters?

  init(_ view: RecordView, _ plans: ModelPlans, caller: Parameters?) {
    self.view = view
    self.plans = plans
    self.caller = caller
  }

  /// Whether rows have a key, without which a page has no end to go on from.
  package var canPage: Bool { plans.list?.canPage ?? false }

  package func list(_ query: ListQuery) throws(RecordError) -> BoundList {
    guard let plan = plans.list else { throw RecordError("the rows of \(view.model.fullName) cannot be listed") }
    do throws(ValueError) {
      let list = try plan.bind(query, caller: caller)
      try check(list.parameters)
      return list
    } catch {
      throw unfit(error)
    }
  }

  /// - Parameter make: makes the aggregate of a field's index.
  package func aggregate(
    of field: String?, _ filter: Filter?, _ make: (Int) -> Aggregate
  ) throws(RecordError) -> (operation: BoundOperation, type: ScalarType) {
    var aggregate = Aggregate.count
    if let field {
      guard let index = view.model.fieldIndex(forClient: field) else {
        throw RecordError("\(view.model.fullName) has no field '\(field)'")
      }
      if view.model.fields[index].isComputed {
        throw RecordError("'\(field)' of \(view.model.fullName) is computed, not stored")
      }
      aggregate = make(index)
    }
    do throws(ValueError) {
      if let type = plans.aggregates.type(of: aggregate),
        let bound = try plans.aggregates.bind(aggregate, filter, caller: caller)
      {
        try check(bound.parameters)
        return (bound, type)
      }
    } catch {
      throw unfit(error)
    }
    throw RecordError("'\(field ?? "")' of \(view.model.fullName) is not of a type that this can be found of")
  }

  /// Values of a statement at most: SQLite takes so many (sqlite.org/limits.html), PostgreSQL twice as many.
  private static let maximumValues = 32_766

  private func check(_ parameters: Parameters) throws(ValueError) {
    if parameters.entries.count > Self.maximumValues { throw ValueError("is one of more than \(Self.maximumValues)") }
  }

  private func unfit(_ error: ValueError) -> RecordError {
    RecordError("a value of the filter on \(view.model.fullName) \(error.message)")
  }
}

/// A model as one of its services shows it, in whose terms code asks for rows.
package final class RecordView: Sendable {
  package let model: Model
  let errors: ErrorPolicy
  private let schema: Schema

  init(model: Model, schema: Schema, errors: ErrorPolicy) {
    self.model = model
    self.schema = schema
    self.errors = errors
  }

  /// A filter with `$1`, `$2` and so on for `values`; nil for one that says nothing.
  package func filter(_ text: String, _ values: [ClaimValue]) throws(RecordError) -> Filter? {
    do throws(QueryError) {
      return try Filter.parse(text, arguments: values, model: model, schema: schema)
    } catch {
      throw unreadable(error)
    }
  }

  /// Terms of an order, as `order_by` has them.
  package func order(_ text: String) throws(RecordError) -> [OrderTerm] {
    do throws(QueryError) {
      return try OrderBy.parse(text, paths: PathResolver(model: model, schema: schema, isTrusted: true))
    } catch {
      throw RecordError("the order of \(model.fullName) is wrong at \(error.description)")
    }
  }

  /// The answer's message; empty where there is none.
  package func message(of outcome: Operation.Outcome) throws -> [UInt8] {
    switch outcome {
    case .message(let framed): return Array(framed.dropFirst(5))
    case .done: return []
    case .notFound: throw errors.notFound(model.name)
    case .denied: throw ErrorPolicy.rowRefused
    case .failed(let error): throw error
    case .pending: throw DatabaseError(.pillion(.internal), "the call ended without an outcome")
    }
  }

  func unreadable(_ error: QueryError) -> RecordError {
    RecordError("the filter on \(model.fullName) is wrong at \(error.description)")
  }
}
