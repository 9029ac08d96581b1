// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion
import PillionGRPC
import PillionTesting

extension DocFromDjangoGrpcFramework {
  static func block8(context: CallContext, database: Database, server: inout Server, test: TestServer) async throws {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 257)
server.add(
  ServiceMethod.unary("Publish") { (request: Blog_PostPublishRequest, context) in
    let posts = context.objects(Blog_Post.self).filter("id = $1", .integer(request.id))
    guard var post = try await posts.first() else { throw Status(.notFound, "Post:\(request.id) not found!") }
    post.published = true
    return try await context.database.update(post)
  }.mutating(), to: "blog.PostController")
#sourceLocation()
  }
}
