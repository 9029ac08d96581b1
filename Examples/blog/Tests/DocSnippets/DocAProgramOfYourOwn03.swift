// swift-format-ignore-file
// Written by scripts/doc-snippets from Sources/Pillion/Pillion.docc/AProgramOfYourOwn.md; not to be edited.
@testable import Blog
import Pillion

extension DocAProgramOfYourOwn {
#sourceLocation(file: "Sources/Pillion/Pillion.docc/AProgramOfYourOwn.md", line: 73)
struct PostHooks: ModelHooks {
  typealias Record = Blog_Post
  typealias Key = Blog_PostDestroyRequest

  let model = "blog.Post"

  func receive(_ post: inout Blog_Post, _ context: CallContext) async throws {
    if post.author.isEmpty { post.author = context.principal ?? "anonymous" }
  }

  func validate(_ post: Blog_Post, _ violations: inout Violations, _ context: CallContext) async throws {
    if post.title.contains(where: \.isLetter), post.title == post.title.uppercased() {
      violations.add("title", "must not be shouted")
    }
  }

  func performDestroy(
    _ key: Blog_PostDestroyRequest, _ context: CallContext, delete: (Blog_PostDestroyRequest) async throws -> Void
  ) async throws {
    let rows = try await context.database.query("SELECT author FROM blog_post WHERE id = $1", .integer(key.id))
    if let author = rows.first?.first?.text, author != context.principal ?? "anonymous" {
      throw Status(.permissionDenied, "Only \(author) may delete this post.")
    }
    try await delete(key)
  }

  func present(_ post: inout Blog_Post, _ context: CallContext) {
    post.summary = post.content.count > 20 ? "\(post.content.prefix(20))…" : post.content
  }
}
#sourceLocation()
}
