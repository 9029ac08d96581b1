// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/embedding.md; not to be edited.
@testable import Blog
import Pillion

extension DocEmbedding {
#sourceLocation(file: "docs/embedding.md", line: 194)
struct PostTitles: SynchronousModelHooks {
  typealias Record = Blog_Post

  let model = "blog.Post"

  func validate(_ post: Blog_Post, _ violations: inout Violations, _ context: CallContext) {
    if post.title == post.title.uppercased() { violations.add("title", "must not be shouted") }
  }
}
#sourceLocation()
}
