// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/embedding.md; not to be edited.
@testable import Blog
import Pillion
import PillionTesting

extension DocEmbedding {
  static func block3(context: CallContext, database: Database, server: inout Server, test: TestServer) async throws {
#sourceLocation(file: "docs/embedding.md", line: 89)
server.add(
  ServiceMethod.unary("Publish") { (request: Blog_PostPublishRequest, context) in
    let posts = context.objects(Blog_Post.self).filter("id = $1", .integer(request.id))
    guard var post = try await posts.first() else { throw Status(.notFound, "There is no post \(request.id).") }
    post.published = true
    return try await context.database.update(post)
  }.mutating(), to: "blog.PostController")
#sourceLocation()
  }
}
