// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion

extension DocFromDjangoGrpcFramework {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 61)
struct PostSummaries: SynchronousModelHooks {
  typealias Record = Blog_Post

  let model = "blog.Post"

  func present(_ post: inout Blog_Post, _ context: CallContext) {
    post.summary = String(post.content.prefix(20))
  }
}
#sourceLocation()
}
