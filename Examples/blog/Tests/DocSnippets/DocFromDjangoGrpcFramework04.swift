// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion

extension DocFromDjangoGrpcFramework {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 114)
struct KeptRevisions: ModelHooks {
  typealias Record = Blog_Post
  typealias Key = Blog_PostDestroyRequest

  let model = "blog.Post"

  func performCreate(
    _ post: Blog_Post, _ context: CallContext, save: (Blog_Post) async throws -> Blog_Post
  ) async throws -> Blog_Post {
    let stored = try await save(post)
    try await context.database.query(
      "INSERT INTO blog_revision (post, content) VALUES ($1, $2)", .integer(stored.id), .text(stored.content))
    return stored
  }

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
    guard context.principal != nil else { throw Status(.permissionDenied, "Nobody deletes without a name.") }
    try await delete(key)
  }
}
#sourceLocation()
}
