import Pillion

/// Rules of the blog that a definition cannot say.
struct PostHooks: ModelHooks {
  typealias Record = Blog_Post
  typealias Changes = Blog_PostPartialUpdateRequest
  typealias Key = Blog_PostDestroyRequest

  let model = "blog.Post"

  /// The ancestor's `message_to_data`.
  func receive(_ post: inout Blog_Post, _ context: CallContext) async throws {
    if post.author.isEmpty { post.author = context.principal ?? "anonymous" }
  }

  func validate(_ post: Blog_Post, _ violations: inout Violations, _ context: CallContext) async throws {
    if post.title.contains(where: \.isLetter), post.title == post.title.uppercased() {
      violations.add("title", "must not be shouted")
    }
  }

  /// What the post said before is kept, in the same transaction.
  func performUpdate(
    _ post: Blog_Post, _ context: CallContext, save: (Blog_Post) async throws -> Blog_Post
  ) async throws -> Blog_Post {
    try await context.database.query(
      "INSERT INTO blog_revision (post, content) SELECT id, content FROM blog_post WHERE id = $1", .integer(post.id))
    return try await save(post)
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

  /// The ancestor's `data_to_message`; `summary` is in no column.
  func present(_ post: inout Blog_Post, _ context: CallContext) {
    post.summary = post.content.count > 20 ? "\(post.content.prefix(20))…" : post.content
  }
}
