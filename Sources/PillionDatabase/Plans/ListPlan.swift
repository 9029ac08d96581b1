package import PillionQuery
package import PillionSchema
package import PillionWire
import Synchronization

/// What a List asks for; nothing set: every row in the model's order.
package struct ListQuery: Sendable {
  package var filter: Filter?
  /// Nil: the model's own.
  package var order: [OrderTerm]?
  /// Rows of a page; nil: all.
  package var limit: Int?
  /// Where the page before ended.
  package var after: PagePosition?
  /// What of the rows to read; nil: all that the service shows.
  package var fields: FieldSelection?

  package init() {}
}

/// A List ready for a driver.
package struct BoundList: Sendable {
  package var statement: Statement
  package var parameters: Parameters
  package var encoder: RowEncoder
  /// Nil without a limit.
  package var cutter: PageCutter?
  /// Nil where the service asks for no index, or the query needs none.
  package var index: IndexQuestion?
  /// What of each row goes out once a program has seen it; nil: all of it.
  package var mask: MessageMask?

  /// The first of the rows as the answer of an operation, which finds none where there is none.
  package var firstRow: BoundOperation {
    let step = Step(statement, parameters: Array(parameters.entries.indices), effect: .respond(encoder))
    return BoundOperation(steps: [step], parameters: parameters, isWrite: false)
  }
}

/// List: the rows of a model that a query asks for.
///
/// The statement depends on the query's shape alone, so it is made once for each shape that occurs.
package final class ListPlan: Sendable {
  package let request: MessageShape
  private let response: MessageShape
  private let sql: ModelSQL
  /// The answer of ListPage, where the service has it.
  package let page: MessageShape?
  private let cache = Mutex<[Shape: Prepared]>([:])
  /// Shapes whose statements are kept; the cache starts afresh beyond it.
  private static let cacheLimit = 256
  /// Nil where the service asks for no index.
  private let questions: IndexQuestions?
  /// Whether an estimate has to be made of rows, as statistics count those that a caller may not see.
  private let countsRows: Bool
  /// Whether code of a program changes the rows on their way out.
  private let isPresented: Bool

  private struct Shape: Hashable {
    var filter: FilterShape?
    var order: [OrderTerm]
    var isLimited: Bool
    /// Which values of the position are NULL.
    var after: [Bool]?
    var fields: FieldSelection?
    var count: TotalSize
  }

  private final class Prepared: Sendable {
    let statement: Statement
    let encoder: RowEncoder
    /// Values of the scopes of related models, whose rows the rows hold.
    let relatedScopes: Parameters
    /// Of the statement's placeholders, in their order.
    let sources: [QueryBuilder.Source]
    /// Where in a row its position is.
    let position: [PageCutter.Source]
    let index: IndexQuestion?
    let mask: MessageMask?

    init(
      statement: Statement, encoder: RowEncoder, relatedScopes: Parameters = Parameters(),
      sources: [QueryBuilder.Source], position: [PageCutter.Source] = [], index: IndexQuestion? = nil,
      mask: MessageMask? = nil
    ) {
      self.mask = mask
      self.statement = statement
      self.encoder = encoder
      self.relatedScopes = relatedScopes
      self.sources = sources
      self.position = position
      self.index = index
    }
  }

  init(
    _ sql: ModelSQL, request: MessageShape, response: MessageShape, page: MessageShape?, countsRows: Bool = false,
    asksForIndexes: Bool = false, isPresented: Bool = false
  ) {
    self.countsRows = countsRows
    self.isPresented = isPresented
    self.request = request
    self.response = response
    self.page = page
    self.sql = sql
    questions = asksForIndexes ? IndexQuestions() : nil
  }

  package var model: Model { sql.model }
  package var schema: Schema { sql.schema }

  /// Whether rows have a key, without which a page has no end to go on from.
  package var canPage: Bool { !sql.model.primaryKey.isEmpty }

  /// Throws what of the filter's values the database cannot hold.
  ///
  /// - Parameter caller: the caller's values in row filters; nil where there are none.
  package func bind(_ query: ListQuery, caller: Parameters? = nil) throws(ValueError) -> BoundList {
    let order = query.order ?? sql.model.ordering
    let prepared = prepared(
      Shape(
        filter: query.filter?.shape, order: order, isLimited: query.limit != nil, after: query.after?.nulls,
        fields: query.fields, count: .none))
    var parameters = try bindFilter(query.filter, prepared, caller)
    for value in query.after?.values ?? [] { value.bind(to: &parameters) }
    // One more than the page, to know whether another follows. PostgreSQL plans a statement anew for each limit that is a
    // parameter. With one that it knew it would keep one plan for all values, rare and frequent, of what it compares
    // with, such as a walk along the key in search of a value that hardly occurs.
    if let limit = query.limit { append(Int64(limit) + 1, to: &parameters) }
    return BoundList(
      statement: prepared.statement, parameters: parameters, encoder: prepared.encoder,
      cutter: query.limit.map { PageCutter(limit: $0, sources: prepared.position) }, index: prepared.index,
      mask: prepared.mask)
  }

  /// How many rows the filter lets through, as a message with `total_size` alone; nil where the service does not say.
  package func bindCount(_ filter: Filter?, caller: Parameters? = nil) throws(ValueError) -> BoundOperation? {
    let count = sql.model.service.totalSize
    if count == .none { return nil }
    let prepared = prepared(Shape(filter: filter?.shape, order: [], isLimited: false, count: count))
    let parameters = try bindFilter(filter, prepared, caller)
    let step = Step(
      prepared.statement, parameters: Array(parameters.entries.indices), effect: .respond(prepared.encoder))
    return BoundOperation(steps: [step], parameters: parameters, isWrite: false)
  }

  /// Whether a position has a value for each term of the order.
  package func fits(_ position: PagePosition, order: [OrderTerm]?) -> Bool {
    var query = QueryBuilder(schema: sql.schema, dialect: sql.dialect)
    return PageSQL(order ?? sql.model.ordering, sql, &query).keys.count == position.values.count
  }

  /// The parameters before those of the page.
  private func bindFilter(
    _ filter: Filter?, _ prepared: Prepared, _ caller: Parameters?
  ) throws(ValueError) -> Parameters {
    try sql.bind(prepared.sources, filter, related: prepared.relatedScopes, caller: caller)
  }

  private func append(_ number: Int64, to parameters: inout Parameters) {
    switch sql.dialect {
    case .postgresql: parameters.append(bigEndian: number)
    case .sqlite: parameters.append(integer: number)
    }
  }

  private func prepared(_ shape: Shape) -> Prepared {
    if let known = cache.withLock({ $0[shape] }) { return known }
    let made = shape.count == .none ? make(shape) : makeCount(shape)
    return cache.withLock { cache in
      // Two calls may have made the same at once: all use the first, so that its statement is prepared once.
      if let known = cache[shape] { return known }
      if cache.count >= Self.cacheLimit { cache.removeAll(keepingCapacity: true) }
      cache[shape] = made
      return made
    }
  }

  private func make(_ shape: Shape) -> Prepared {
    var builder = QueryBuilder(schema: sql.schema, dialect: sql.dialect)
    let reading = sql.reading(shape.fields, of: response, isPresented: isPresented)
    let list = sql.selectList(of: response, only: reading.selected, in: &builder)
    let pages = PageSQL(shape.order, sql, &builder)
    let (position, more) = shape.isLimited && canPage ? pages.sources(in: list.columns) : ([], [])
    let columns = (list.columns + more).joined(separator: ", ")
    let rows = "SELECT \(columns) FROM \(sql.table) AS t\(pages.joins)"
    let conditions = conditions(shape, &builder)
    let after = shape.after.map { pages.position($0, &builder) }
    let limit = shape.isLimited ? builder.placeholder(20) : nil
    let ranges = limit == nil ? [] : after.map(pages.ranges(behind:)) ?? []
    if let limit, ranges.count > 1 {
      // One range after the other until the page is full, each as an index has it.
      let parts = ranges.map {
        pages.select(rows, where: conditions + [$0], limit: limit, isPart: true)
      }
      builder.append("\(parts.joined(separator: " UNION ALL ")) LIMIT \(limit)")
    } else {
      let behind = ranges.isEmpty ? after.map { [pages.behind($0)] } ?? [] : ranges
      builder.append(pages.select(rows, where: conditions + behind, limit: limit))
    }
    return Prepared(
      statement: builder.sql.statement(), encoder: list.encoder, relatedScopes: list.parameters,
      sources: builder.sources, position: position,
      index: questions?.question(shape.filter?.predicate, shape.order, sql.unfiltered), mask: reading.mask)
  }

  /// Rows that an estimate counts at most.
  private static let countLimit = 10_000

  private func makeCount(_ shape: Shape) -> Prepared {
    var builder = QueryBuilder(schema: sql.schema, dialect: sql.dialect)
    let conditions = conditions(shape, &builder)
    let rows =
      "FROM \(sql.table) AS t" + (conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))")
    switch shape.count {
    case .none, .exact: builder.append("SELECT count(*) \(rows)")
    case .estimated:
      let counted = "(SELECT count(*) FROM (SELECT 1 \(rows) LIMIT \(Self.countLimit)) AS c)"
      if sql.dialect == .postgresql, conditions.isEmpty, !countsRows {
        // -1: the table has not been analyzed yet (PostgreSQL's manual, pg_class).
        builder.append(
          "SELECT CASE WHEN reltuples < 0 THEN \(counted) ELSE reltuples::bigint END FROM pg_class WHERE oid = \(SQLText.literal(sql.table))::regclass"
        )
      } else {
        builder.append("SELECT \(counted)")
      }
    }
    let count = Field(name: "total_size", type: .scalar(.int64), location: sql.model.location)
    let shape = page?.fields.first { $0.source == .totalSize }
    let columns = shape.map { [RowEncoder.Column(shape: $0, field: count)] } ?? []
    return Prepared(
      statement: builder.sql.statement(), encoder: RowEncoder(columns: columns, dialect: sql.dialect),
      sources: builder.sources)
  }

  private func conditions(_ shape: Shape, _ builder: inout QueryBuilder) -> [String] {
    builder.conditions(shape.filter?.predicate, sql)
  }
}
