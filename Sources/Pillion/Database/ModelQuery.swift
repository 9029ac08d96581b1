import PillionDatabase
import PillionQuery
import PillionSchema
import PillionService
public import SwiftProtobuf

extension Database {
  /// A query over the rows of a model, which come as its messages.
  ///
  ///     let recent = try await context.database.query(Blog_Post.self)
  ///       .filter("published = true AND author = $1", .text(author))
  ///       .order("created desc")
  ///       .limit(10)
  ///       .all()
  ///
  /// All rows of the model are there, whatever filters of the service, of the configuration and of hooks say. Those that
  /// the caller sees are `CallContext.objects`.
  ///
  /// - Parameter model: `blog.Post`; nil: the model that has this message.
  public func query<Record: Message>(_ record: Record.Type, in model: String? = nil) -> ModelQuery<Record> {
    ModelQuery(self) { [name = model ?? Record.protoMessageName] records in try records.model(name).rows }
  }
}

/// Rows of a model, yet to be asked for: which, in what order, how many.
///
/// A filter or an order that cannot be read, and a value that is not of its field's type, are thrown as `ModelError` when
/// the rows are asked for. What the database says is thrown as it is, and becomes the status that it always has.
public struct ModelQuery<Record: Message>: Sendable {
  private let database: Database
  /// Of which rows it is about.
  private let source: @Sendable (Records) throws -> RecordRows
  private var filters: [(text: String, values: [Argument])] = []
  private var order: String?
  private var limit: Int?

  private enum Argument: Sendable {
    case one(SQLValue)
    case oneOf([SQLValue])

    var claim: ClaimValue {
      get throws {
        switch self {
        case .one(let value): try value.argument
        case .oneOf(let values): .array(try values.map { try $0.argument })
        }
      }
    }
  }

  init(_ database: Database, of source: @escaping @Sendable (Records) throws -> RecordRows) {
    self.database = database
    self.source = source
  }

  /// Only rows that the filter lets through, beside what was asked for before.
  ///
  /// - Parameters:
  ///   - text: the language of a List's `filter`, with every field of the model, and `$1`, `$2` and so on for values. Text
  ///     of a client's must never become a part of it.
  ///   - values: of the placeholders, in their order. `nil` is null: `author = $1` finds then what has no author.
  public func filter(_ text: String, _ values: SQLValue...) -> ModelQuery { filter(text, values: values) }

  /// The same, for values that are already a list.
  public func filter(_ text: String, values: [SQLValue]) -> ModelQuery {
    filter(text, values.map { .one($0) })
  }

  /// Only rows whose field is one of the values; with none of them there is no row.
  public func filter(_ field: String, in values: [SQLValue]) -> ModelQuery {
    filter("\(field) = $1", [.oneOf(values)])
  }

  private func filter(_ text: String, _ values: [Argument]) -> ModelQuery {
    var query = self
    query.filters.append((text, values))
    return query
  }

  /// In this order, as a List's `order_by`: `created desc, title`. Without one, in the model's own.
  public func order(_ text: String) -> ModelQuery {
    var query = self
    query.order = text
    return query
  }

  /// So many rows at most; 0 or less is none.
  public func limit(_ rows: Int) -> ModelQuery {
    var query = self
    query.limit = Swift.min(rows, Int(Int32.max))
    return query
  }

  // MARK: Rows

  /// The rows, all in memory.
  public func all() async throws -> [Record] {
    var records: [Record] = []
    for try await record in rows { records.append(record) }
    return records
  }

  /// The first row; nil: there is none.
  public func first() async throws -> Record? {
    if let limit, limit <= 0 { return nil }
    let (list, view) = try ModelError.translating {
      let rows = try source(database.records)
      var query = try listQuery(rows.view)
      query.limit = 1
      return (try rows.list(query), rows.view)
    }
    let outcome = try await database.run(list.firstRow)
    if case .notFound = outcome { return nil }
    return try Record(stored: try view.message(of: outcome))
  }

  /// The rows one after the other, as they come: a loop that is slow holds the database back, and one that ends early
  /// stops it. Outside of a transaction all of them are of one moment. Inside they are read some hundreds at a time, in
  /// between other statements, by their place in the order.
  public var rows: Rows { Rows(query: self) }

  /// The rows of a query, one after the other.
  public struct Rows: AsyncSequence, Sendable {
    fileprivate let query: ModelQuery

    public func makeAsyncIterator() -> Iterator { Iterator(query: query) }

    public struct Iterator: AsyncIteratorProtocol {
      fileprivate let query: ModelQuery
      private var cursor: RowCursor?
      private var waiting: ArraySlice<[UInt8]> = []
      private var isOver = false

      fileprivate init(query: ModelQuery) { self.query = query }

      public mutating func next() async throws -> Record? {
        if isOver { return nil }
        do {
          if waiting.isEmpty {
            let cursor = try cursor ?? query.open()
            self.cursor = cursor
            waiting = try await cursor?.next()?[...] ?? []
          }
          if let message = waiting.popFirst() { return try Record(stored: message) }
        } catch {
          finish()
          throw error
        }
        finish()
        return nil
      }

      private mutating func finish() {
        isOver = true
        cursor = nil
        waiting = []
      }
    }
  }

  /// Nil where no row is wanted.
  fileprivate func open() throws -> RowCursor? {
    if let limit, limit <= 0 { return nil }
    return try ModelError.translating {
      let rows = try source(database.records)
      return try database.cursor(try listQuery(rows.view), of: rows)
    }
  }

  // MARK: Values

  /// How many rows there are; `limit` and `order` make no difference to what follows.
  public func count() async throws -> Int {
    let value = try await aggregate(nil) { _ in .count }
    return value.integer.map { Int(clamping: $0) } ?? 0
  }

  /// The sum of a field that is a number; `.null`: there is nothing to add.
  ///
  /// Of whole numbers it is an `.integer`, or an error beyond 64 bits; of float and double a `.real`; of decimal and uint64
  /// the decimal as `.text`. SQLite adds decimals as doubles.
  public func sum(of field: String) async throws -> SQLValue { try await aggregate(field) { .sum($0) } }

  /// The average of a field that is a number: a `.real`; of decimal and uint64 the decimal as `.text`; `.null`: there is
  /// nothing to take it of.
  public func average(of field: String) async throws -> SQLValue { try await aggregate(field) { .average($0) } }

  /// The first value of a field in its order; `.null`: there is none. Of what has no case of its own it is text, as JSON
  /// has it in protobuf's mapping: timestamps in RFC 3339, durations in ISO 8601.
  public func min(of field: String) async throws -> SQLValue { try await aggregate(field) { .minimum($0) } }

  /// The last value of a field in its order, as `min` gives the first.
  public func max(of field: String) async throws -> SQLValue { try await aggregate(field) { .maximum($0) } }

  private func aggregate(_ field: String?, _ make: (Int) -> Aggregate) async throws -> SQLValue {
    let (bound, view) = try ModelError.translating {
      let rows = try source(database.records)
      return (try rows.aggregate(of: field, try filter(in: rows.view), make), rows.view)
    }
    let outcome = try await database.run(bound.operation)
    if case .notFound = outcome { return .null }
    return try SQLValue(answer: try view.message(of: outcome), bound.type)
  }

  // MARK: What it says

  private func filter(in view: RecordView) throws -> Filter? {
    let all = try filters.compactMap { text, values in try view.filter(text, try values.map { try $0.claim }) }
    guard let first = all.first, all.count > 1 else { return all.first }
    return Filter(
      predicate: .all([first.predicate] + all.dropFirst().map(\.predicate)), values: all.flatMap(\.values))
  }

  private func listQuery(_ view: RecordView) throws -> ListQuery {
    var query = ListQuery()
    query.filter = try filter(in: view)
    query.limit = limit
    if let order {
      let terms = try view.order(order)
      if !terms.isEmpty { query.order = terms }
    }
    return query
  }
}

/// What code has asked of a model and cannot have: there is no such model or field, a filter or an order cannot be read, a
/// value is not of its field's type. To the client it is INTERNAL, unless it is caught.
public struct ModelError: Error, CustomStringConvertible {
  /// What is wrong, and in a filter where.
  public let description: String

  init(_ error: RecordError) { description = error.message }

  init(_ description: String) { self.description = description }

  static func translating<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as RecordError {
      throw ModelError(error)
    }
  }
}

extension SQLValue {
  /// As a filter's placeholder takes it.
  fileprivate var argument: ClaimValue {
    get throws {
      if case .bytes = self { throw ModelError("a filter does not compare with bytes") }
      return claim
    }
  }

  /// Reads the answer to an aggregate: the value is its field 1, in whose place nothing means NULL.
  fileprivate init(answer: [UInt8], _ type: ScalarType) throws {
    guard !answer.isEmpty else {
      self = .null
      return
    }
    switch type {
    case .bool: self = .bool(try Google_Protobuf_BoolValue(encoded: answer).value)
    case .int32, .int64, .uint32: self = .integer(try Google_Protobuf_Int64Value(encoded: answer).value)
    case .uint64:
      let number = try Google_Protobuf_UInt64Value(encoded: answer).value
      self = Int64(exactly: number).map { .integer($0) } ?? .text(String(number))
    case .float: self = .real(Double(try Google_Protobuf_FloatValue(encoded: answer).value))
    case .double: self = .real(try Google_Protobuf_DoubleValue(encoded: answer).value)
    case .bytes: self = .bytes(Array(try Google_Protobuf_BytesValue(encoded: answer).value))
    case .string, .timestamp, .date, .time, .duration, .decimal, .uuid, .json:
      self = .text(try Google_Protobuf_StringValue(encoded: answer).value)
    }
  }
}

extension Message {
  /// A row as it comes from the database.
  init(stored bytes: [UInt8]) throws {
    do {
      try self.init(encoded: bytes)
    } catch {
      throw ModelError("a row cannot be decoded as \(Self.protoMessageName)")
    }
  }
}
