// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion

extension DocFromDjangoGrpcFramework {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 75)
struct TrimmedPosts: SynchronousModelHooks {
  typealias Record = Blog_Post

  let model = "blog.Post"

  /// `message_to_data`
  func receive(_ post: inout Blog_Post, _ context: CallContext) {
    if post.author.isEmpty { post.author = context.principal ?? "anonymous" }
  }

  /// `data_to_message`
  func present(_ post: inout Blog_Post, _ context: CallContext) {
    if context.principal == nil { post.author = "" }
  }
}
#sourceLocation()
}
