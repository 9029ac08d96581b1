// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion

extension DocFromDjangoGrpcFramework {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 95)
struct PostRules: SynchronousModelHooks {
  typealias Record = Blog_Post
  typealias Changes = Blog_PostPartialUpdateRequest

  let model = "blog.Post"

  func validate(_ post: Blog_Post, _ violations: inout Violations, _ context: CallContext) {
    if post.title == post.content { violations.add("content", "must say more than the title") }
  }

  func validate(changes: Blog_PostPartialUpdateRequest, _ violations: inout Violations, _ context: CallContext) {
    if changes.hasTitle, changes.title.value.isEmpty { violations.add("title", "must not be empty") }
  }
}
#sourceLocation()
}
