import Pillion
import SwiftProtobuf

/// Queries over models and writes of records, as clients ask for them.
struct Shelf: Service {
  let name = "test.Shelf"

  var methods: [ServiceMethod] {
    [
      .serverStreaming("Rows") {
        (wish: Google_Protobuf_Struct, answers: MessageWriter<Shelf_Book>, context: CallContext) in
        try await Self.inside(wish, context) { database in
          for try await book in Self.books(wish, database).rows { try await answers.write(book) }
        }
      },
      .unary("First") { (wish: Google_Protobuf_Struct, context) in
        try await Self.inside(wish, context) { try await Self.books(wish, $0).first() ?? Shelf_Book() }
      },
      .unary("Value") { (wish: Google_Protobuf_Struct, context) in
        try await Self.inside(wish, context) { try await Self.value(wish, Self.books(wish, $0)) }
      },
      .unary("Create") { (book: Shelf_Book, context) in try await context.database.create(book) },
      .unary("Update") { (book: Shelf_Book, context) in try await context.database.update(book) },
      .unary("Delete") { (book: Shelf_Book, context) in
        try await context.database.delete(book)
        return Google_Protobuf_Empty()
      },
      // All of it, or nothing if one of the titles is taken; a title that breaks the rules is left out.
      .unary("Fill") { (titles: Google_Protobuf_ListValue, context) in
        try await context.database.transaction { database in
          for title in titles.values {
            do {
              try await database.create(Shelf_Book.with { $0.title = title.stringValue })
            } catch let status as Status where status.code == .invalidArgument {
              continue
            }
          }
          return Google_Protobuf_Int64Value(Int64(try await database.query(Shelf_Book.self).count()))
        }
      },
      // Reads one row of many and forgets the rest.
      .unary("Glance") { (_: Google_Protobuf_Empty, context) in
        for try await book in context.database.query(Shelf_Book.self).order("title").rows { return book }
        return Shelf_Book()
      },
      .unary("Misuse") { (wish: Google_Protobuf_Struct, context) in
        do {
          return Google_Protobuf_StringValue("\(try await Self.value(wish, Self.books(wish, context.database)))")
        } catch let error as ModelError {
          return Google_Protobuf_StringValue(error.description)
        }
      },
    ]
  }

  private static func inside<Result: Sendable>(
    _ wish: Google_Protobuf_Struct, _ context: CallContext, _ body: (Database) async throws -> Result
  ) async throws -> Result {
    guard wish.fields["transaction"]?.boolValue ?? false else { return try await body(context.database) }
    return try await context.database.transaction(body)
  }

  private static func books(_ wish: Google_Protobuf_Struct, _ database: Database) -> ModelQuery<Shelf_Book> {
    let fields = wish.fields
    func values(_ name: String) -> [SQLValue] { fields[name]?.listValue.values.map { SQLValue($0) } ?? [] }
    var query = database.query(Shelf_Book.self, in: fields["model"]?.stringValue)
    if let text = fields["filter"] { query = query.filter(text.stringValue, values: values("values")) }
    if let field = fields["among"] { query = query.filter(field.stringValue, in: values("members")) }
    if let text = fields["order"] { query = query.order(text.stringValue) }
    if let limit = fields["limit"] { query = query.limit(Int(limit.numberValue)) }
    return query
  }

  private static func value(
    _ wish: Google_Protobuf_Struct, _ query: ModelQuery<Shelf_Book>
  ) async throws -> Google_Protobuf_Value {
    let field = wish.fields["field"]?.stringValue ?? ""
    switch wish.fields["of"]?.stringValue {
    case "sum": return Google_Protobuf_Value(try await query.sum(of: field))
    case "average": return Google_Protobuf_Value(try await query.average(of: field))
    case "min": return Google_Protobuf_Value(try await query.min(of: field))
    case "max": return Google_Protobuf_Value(try await query.max(of: field))
    case "rows": return Google_Protobuf_Value(numberValue: Double(try await query.all().count))
    default: return Google_Protobuf_Value(numberValue: Double(try await query.count()))
    }
  }
}

extension SQLValue {
  init(_ value: Google_Protobuf_Value) {
    switch value.kind {
    case .boolValue(let flag): self = .bool(flag)
    case .numberValue(let number): self = Int64(exactly: number).map { .integer($0) } ?? .real(number)
    case .stringValue(let text): self = .text(text)
    case .nullValue, .structValue, .listValue, nil: self = .null
    }
  }
}

extension Google_Protobuf_Value {
  init(_ value: SQLValue) {
    switch value {
    case .null, .bytes: self.init(nilLiteral: ())
    case .bool(let flag): self.init(boolValue: flag)
    case .integer(let number): self.init(numberValue: Double(number))
    case .real(let number): self.init(numberValue: number)
    case .text(let text): self.init(stringValue: text)
    }
  }
}
