package import PillionQuery
package import PillionSchema
import Synchronization

/// What several rows come to; fields are indices into `Model.fields`.
package enum Aggregate: Sendable, Hashable {
  case count
  case sum(Int)
  case average(Int)
  case minimum(Int)
  case maximum(Int)
}

/// One value of all rows of a service that a filter lets through.
///
/// The answer is a message with this value as its field 1, which is not there where there is no value.
package final class AggregatePlan: Sendable {
  private struct Shape: Hashable {
    let aggregate: Aggregate
    let filter: FilterShape?
  }

  private final class Prepared: Sendable {
    let step: Step
    /// Of the statement's placeholders, in their order.
    let sources: [QueryBuilder.Source]

    init(step: Step, sources: [QueryBuilder.Source]) {
      self.step = step
      self.sources = sources
    }
  }

  private let sql: ModelSQL
  private let cache = Mutex<[Shape: Prepared]>([:])
  /// Shapes whose statements are kept; the cache starts afresh beyond it.
  private static let cacheLimit = 256

  init(_ sql: ModelSQL) { self.sql = sql }

  /// The type of the answer's field; nil: there is no such value of that field.
  ///
  /// Sums of whole numbers are int64, averages double; of decimals, and of uint64 whose sums are larger than any integer,
  /// both are decimals.
  package func type(of aggregate: Aggregate) -> ScalarType? {
    switch aggregate {
    case .count: .int64
    case .sum(let field):
      switch scalar(field) {
      case .int32, .int64, .uint32: .int64
      case .float, .double: .double
      case .decimal, .uint64: .decimal
      default: nil
      }
    case .average(let field):
      switch scalar(field) {
      case .int32, .int64, .uint32, .float, .double: .double
      case .decimal, .uint64: .decimal
      default: nil
      }
    case .minimum(let field), .maximum(let field): scalar(field).flatMap { $0 == .json ? nil : $0 }
    }
  }

  /// Nil where there is no such value. Throws what of the filter's values the database cannot hold.
  ///
  /// - Parameter caller: the caller's values in row filters; nil where there are none.
  package func bind(
    _ aggregate: Aggregate, _ filter: Filter?, caller: Parameters? = nil
  ) throws(ValueError) -> BoundOperation? {
    guard let type = type(of: aggregate) else { return nil }
    let prepared = prepared(Shape(aggregate: aggregate, filter: filter?.shape), type)
    let parameters = try sql.bind(prepared.sources, filter, caller: caller)
    return BoundOperation(steps: [prepared.step], parameters: parameters, isWrite: false)
  }

  private func scalar(_ field: Int) -> ScalarType? {
    guard sql.model.fields.indices.contains(field) else { return nil }
    switch sql.model.fields[field].type {
    case .scalar(let type): return type
    case .foreignKey(let key): return key.type
    case .array, .manyToMany, .reverse: return nil
    }
  }

  private func prepared(_ shape: Shape, _ type: ScalarType) -> Prepared {
    if let known = cache.withLock({ $0[shape] }) { return known }
    let made = make(shape, type)
    return cache.withLock { cache in
      // Two calls may have made the same at once: all use the first, so that its statement is prepared once.
      if let known = cache[shape] { return known }
      if cache.count >= Self.cacheLimit { cache.removeAll(keepingCapacity: true) }
      cache[shape] = made
      return made
    }
  }

  private func make(_ shape: Shape, _ type: ScalarType) -> Prepared {
    var query = QueryBuilder(schema: sql.schema, dialect: sql.dialect)
    let filter = query.conditions(shape.filter?.predicate, sql)
    func rows(_ more: String? = nil) -> String {
      let conditions = filter + [more].compactMap(\.self)
      return "FROM \(sql.table) AS t" + (conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))")
    }
    var field = Field(name: "value", type: .scalar(type), isNullable: true, location: sql.model.location)
    switch shape.aggregate {
    case .count: query.append("SELECT count(*) \(rows())")
    case .sum(let index), .average(let index):
      let function = if case .sum = shape.aggregate { "sum" } else { "avg" }
      let value = FieldCodec(field: field, dialect: sql.dialect).selectExpression("\(function)(t.\(sql.column(index)))")
      query.append("SELECT \(value) \(rows())")
    case .minimum(let index), .maximum(let index):
      // The first of them in their order, which is not that of what a column happens to hold, and which an index has.
      field.storage = sql.definition(index).storage
      field.format = sql.model.fields[index].format
      let isLast = if case .maximum = shape.aggregate { true } else { false }
      let order = PageSQL([OrderTerm(field: index, descending: isLast)], sql, &query).keys.first
      let column = "t.\(sql.column(index))"
      let value = FieldCodec(field: field, dialect: sql.dialect).selectExpression(column)
      query.append(
        "SELECT \(value) \(rows("\(column) IS NOT NULL")) ORDER BY \(order?.expression ?? column)\(isLast ? " DESC" : "") LIMIT 1"
      )
    }
    // Times and spans as text, which has no other form in the two databases.
    field.usesStringInProto = true
    guard case .scalar(let proto) = field.protoElement else {
      assertionFailure("a value that is no scalar in text form: \(type)")
      return Prepared(step: Step(query.sql.statement(), parameters: [], effect: .respond(RowEncoder())), sources: [])
    }
    let answer = FieldShape(
      name: "value", number: 1, type: .scalar(proto), label: .optional, source: .serviceField)
    let encoder = RowEncoder(columns: [RowEncoder.Column(shape: answer, field: field)], dialect: sql.dialect)
    let sources = query.sources
    let step = Step(query.sql.statement(), parameters: Array(sources.indices), effect: .respond(encoder))
    return Prepared(step: step, sources: sources)
  }
}
