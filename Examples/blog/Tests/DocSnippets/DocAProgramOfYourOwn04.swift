// swift-format-ignore-file
// Written by scripts/doc-snippets from Sources/Pillion/Pillion.docc/AProgramOfYourOwn.md; not to be edited.
@testable import Blog
import Pillion
import PillionTesting

extension DocAProgramOfYourOwn {
  static func block4(context: CallContext, database: Database, server: inout Server, test: TestServer) async throws {
#sourceLocation(file: "Sources/Pillion/Pillion.docc/AProgramOfYourOwn.md", line: 124)
let publish = ServiceMethod.unary("Publish") { (request: Blog_PostPublishRequest, context) in
  try await context.database.transaction { database in
    let posts = context.objects(Blog_Post.self, inside: database).filter("id = $1", .integer(request.id))
    guard var post = try await posts.first() else { throw Status(.notFound, "Post not found!") }
    post.published = true
    if case .value(let author)? = request.author.kind { post.author = author }
    return try await database.update(post)
  }
}.mutating()
#sourceLocation()
  }
}
