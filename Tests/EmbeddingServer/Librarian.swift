import Foundation
import Pillion
import SwiftProtobuf

/// In the place of the definitions' service of that name: reads, and the method that the definitions declare.
struct AuthorController: ReadOnlyModelService {
  typealias Record = Shelf_Author

  let name = "shelf.AuthorController"

  func present(_ author: inout Shelf_Author, _ context: CallContext) { author.name = author.name.uppercased() }

  var methods: [ServiceMethod] {
    [
      .unary("Sign") { (request: Shelf_AuthorSignRequest, _: CallContext) in
        Shelf_Author.with { ($0.id, $0.name) = (request.id, request.below) }
      }
    ]
  }
}

/// Beside the definitions' services over books, with a method of its own.
struct Librarian: ModelService {
  typealias Record = Shelf_Book
  typealias Key = Shelf_BookRetrieveRequest

  let name = "test.Librarian"

  /// Made by the tests.
  var descriptors: [UInt8] {
    ProcessInfo.processInfo.environment["LIBRARIAN_DESCRIPTORS"].flatMap(FileManager.default.contents(atPath:)).map {
      Array($0)
    } ?? []
  }

  func queryset(_ context: CallContext) -> Queryset {
    guard let pages = context.metadata["x-pages"].flatMap({ Int64($0) }) else { return .all }
    return Queryset("pages <= claims.pages", ["pages": .integer(pages)])
  }

  func getObject(
    _ key: Shelf_BookRetrieveRequest, _ context: CallContext,
    find: (Shelf_BookRetrieveRequest) async throws -> Shelf_Book
  ) async throws -> Shelf_Book {
    do {
      return try await find(key)
    } catch let status as Status where status.code == .notFound {
      throw Status(.notFound, "There is no book \(key.id) here.")
    }
  }

  func validate(_ book: Shelf_Book, _ violations: inout Violations, _ context: CallContext) async throws {
    if book.title.hasPrefix("The ") { violations.add("title", "must not begin with an article") }
  }

  /// An author comes with the first book, in the same transaction.
  func performCreate(
    _ book: Shelf_Book, _ context: CallContext, save: (Shelf_Book) async throws -> Shelf_Book
  ) async throws -> Shelf_Book {
    var book = book
    if let name = context.metadata["x-author"] {
      let authors = context.database.query(Shelf_Author.self).filter("name = $1", .text(name))
      let author =
        if let known = try await authors.first() { known } else {
          try await context.database.create(Shelf_Author.with { $0.name = name })
        }
      book.author.value = author.id
    }
    return try await save(book)
  }

  var methods: [ServiceMethod] {
    [
      ServiceMethod.unary("Lend") { (key: Shelf_BookRetrieveRequest, context) in
        try await context.database.transaction { database in
          let books = database.query(Shelf_Book.self).filter("id = $1 AND available = true", .integer(key.id))
          guard var book = try await books.first() else { throw Status(.failedPrecondition, "It is lent already.") }
          (book.available, book.note) = (false, "lent")
          return try await database.update(book)
        }
      }.mutating()
    ]
  }
}
