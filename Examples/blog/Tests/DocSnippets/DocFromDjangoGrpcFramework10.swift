// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion
import PillionGRPC

extension DocFromDjangoGrpcFramework {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 289)
struct OwnPosts: ReadOnlyModelService {
  typealias Record = Blog_Post

  let name = "blog.OwnPosts"

  func queryset(_ context: CallContext) throws -> Queryset { Queryset("author = principal") }

  /// `self.get_object()`
  func object(_ id: Int64, _ context: CallContext) async throws -> Blog_Post {
    guard let post = try await objects(context).filter("id = $1", .integer(id)).first() else {
      throw Status(.notFound, "Post:\(id) not found!")
    }
    return post
  }

  var methods: [ServiceMethod] {
    [
      ServiceMethod.unary("Publish") { (request: Blog_PostPublishRequest, context) in
        var post = try await object(request.id, context)
        post.published = true
        return try await context.database.update(post)
      }.mutating(),
      .serverStreaming("Drafts") { (_: Blog_FeedLine, writer: MessageWriter<Blog_Post>, context) in
        for try await post in objects(context).filter("published = false").rows { try await writer.write(post) }
      },
    ]
  }
}
#sourceLocation()
}
