// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/embedding.md; not to be edited.
@testable import Blog
import Pillion
import PillionTesting

extension DocEmbedding {
  static func block8(context: CallContext, database: Database, server: inout Server, test: TestServer) async throws {
#sourceLocation(file: "docs/embedding.md", line: 271)
let drafts = try await context.objects(Blog_Post.self, of: "blog.PostController").filter("published = false").count()
try await context.database.transaction { database in
  let posts = context.objects(Blog_Post.self, inside: database).filter("title = $1", .text("title"))
  guard let post = try await posts.first() else { throw Status(.notFound, "There is no such post, and \(drafts) drafts.") }
  try await database.delete(post)
}
#sourceLocation()
  }
}
