package import PillionDatabase
package import PillionQuery
package import PillionSchema
import PillionTransport
import PillionWire
import Synchronization

/// The models as code of a program's own reaches them: by their messages, through the lanes or inside a transaction.
package final class Records: Sendable {
  package let driver: any Driver
  private let errors: ErrorPolicy
  private let current = Mutex<Definitions?>(nil)

  /// One reading of the definitions, with the plans that somebody has asked for.
  private final class Definitions: Sendable {
    let schema: Schema
    let shapes: [ServiceShape]
    let relations: RelatedModels
    let known = Mutex<[String: RecordModel]>([:])

    init(_ schema: Schema, _ shapes: [ServiceShape], _ relations: RelatedModels) {
      self.schema = schema
      self.shapes = shapes
      self.relations = relations
    }
  }

  package init(driver: any Driver, errors: ErrorPolicy) {
    self.driver = driver
    self.errors = errors
  }

  /// Takes definitions in the place of those before; `shapes` and `scopes` are in the order of `schema.views`.
  package func replace(schema: Schema, shapes: [ServiceShape], scopes: [Filter?]) {
    let definitions = Definitions(schema, shapes, RelatedModels(shapes: shapes, scopes: scopes))
    current.withLock { $0 = definitions }
  }

  /// A model by its name or its message's, `blog.Post`.
  package func model(_ name: String) throws(RecordError) -> RecordModel {
    guard let definitions = current.withLock({ $0 }) else { throw RecordError("the server has not started yet") }
    if let known = definitions.known.withLock({ $0[name] }) { return known }
    let views = definitions.schema.views
    let index =
      views.firstIndex { $0.messageFullName == name } ?? views.firstIndex { $0.fullName == name }
    guard let index, definitions.shapes.indices.contains(index) else {
      throw RecordError("there is no model '\(name)' in the definitions")
    }
    let plans = RecordPlans(
      model: views[index], schema: definitions.schema, shape: definitions.shapes[index], dialect: driver.dialect,
      relations: definitions.relations)
    let made = RecordModel(plans: plans, schema: definitions.schema, errors: errors)
    return definitions.known.withLock { known in
      // Two calls may have made the same at once: all use the first, so that its statements are prepared once.
      if let first = known[name] { return first }
      known[name] = made
      return made
    }
  }
}

/// What code has asked for and cannot have: a name, a type or a value is wrong.
package struct RecordError: Error, Sendable {
  package var message: String

  package init(_ message: String) { self.message = message }
}

/// One model as code asks for it.
package final class RecordModel: Sendable {
  package let plans: RecordPlans
  private let schema: Schema
  private let errors: ErrorPolicy
  private let decoder: RequestDecoder
  private let validator: RequestValidator

  init(plans: RecordPlans, schema: Schema, errors: ErrorPolicy) {
    self.plans = plans
    self.schema = schema
    self.errors = errors
    decoder = RequestDecoder(shape: plans.message)
    validator = RequestValidator(request: plans.message, model: plans.model)
  }

  /// A filter with `$1`, `$2` and so on for `values`; nil for one that says nothing.
  package func filter(_ text: String, _ values: [ClaimValue]) throws -> Filter? {
    do throws(QueryError) {
      return try Filter.parse(text, arguments: values, model: plans.model, schema: schema)
    } catch {
      throw RecordError("the filter on \(plans.model.fullName) is wrong at \(error.description)")
    }
  }

  /// Terms of an order, as `order_by` has them.
  package func order(_ text: String) throws -> [OrderTerm] {
    do throws(QueryError) {
      return try OrderBy.parse(text, paths: PathResolver(model: plans.model, schema: schema, isTrusted: true))
    } catch {
      throw RecordError("the order of \(plans.model.fullName) is wrong at \(error.description)")
    }
  }

  package func list(_ query: ListQuery) throws -> BoundList {
    do throws(ValueError) {
      let list = try plans.list.bind(query)
      try check(list.parameters)
      return list
    } catch {
      throw unfit(error)
    }
  }

  /// Values of a statement at most: SQLite takes so many (sqlite.org/limits.html), PostgreSQL twice as many.
  private static let maximumValues = 32_766

  private func check(_ parameters: Parameters) throws(ValueError) {
    if parameters.entries.count > Self.maximumValues { throw ValueError("is one of more than \(Self.maximumValues)") }
  }

  /// - Parameter make: makes the aggregate of a field's index.
  package func aggregate(
    of field: String?, _ filter: Filter?, _ make: (Int) -> Aggregate
  ) throws -> (operation: BoundOperation, type: ScalarType) {
    var aggregate = Aggregate.count
    if let field {
      guard let index = plans.model.fieldIndex(forClient: field) else {
        throw RecordError("\(plans.model.fullName) has no field '\(field)'")
      }
      if plans.model.fields[index].isComputed {
        throw RecordError("'\(field)' of \(plans.model.fullName) is computed, not stored")
      }
      aggregate = make(index)
    }
    do throws(ValueError) {
      if let type = plans.aggregates.type(of: aggregate), let bound = try plans.aggregates.bind(aggregate, filter) {
        try check(bound.parameters)
        return (bound, type)
      }
    } catch {
      throw unfit(error)
    }
    throw RecordError("'\(field ?? "")' of \(plans.model.fullName) is not of a type that this can be found of")
  }

  /// A write of a record, which the rules of the definitions are asked about; what they find is thrown as a client reads it.
  ///
  /// - Parameter now: for `auto_now` and `default: now`.
  package func write(_ action: Action, _ record: [UInt8], now: WallTime) throws -> BoundOperation {
    guard let plan = plans.unary[action] else {
      throw RecordError("no row of \(plans.model.fullName) can be told by its message's key")
    }
    var message = DecodedMessage()
    return try record.withUnsafeBytes { bytes in
      do throws(WireError) {
        try decoder.decode(bytes, into: &message)
      } catch {
        throw RecordError("the record is no \(plans.model.messageFullName): \(error.message)")
      }
      var violations: [FieldViolation] = []
      if action != .destroy { validator.validate(message, violations: &violations) }
      guard let bound = plan.bind(message, caller: nil, now: now, violations: &violations) else {
        throw errors.status(for: violations)
      }
      return bound
    }
  }

  /// The answer's message; empty where there is none.
  package func message(of outcome: Operation.Outcome) throws -> [UInt8] {
    switch outcome {
    case .message(let framed): return Array(framed.dropFirst(5))
    case .done: return []
    case .notFound: throw errors.notFound(plans.model.name)
    case .denied: throw ErrorPolicy.rowRefused
    case .failed(let error): throw error
    case .pending: throw DatabaseError(.pillion(.internal), "the call ended without an outcome")
    }
  }

  private func unfit(_ error: ValueError) -> RecordError {
    RecordError("a value of the filter on \(plans.model.fullName) \(error.message)")
  }
}
