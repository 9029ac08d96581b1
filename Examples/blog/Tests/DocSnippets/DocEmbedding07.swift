// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/embedding.md; not to be edited.
@testable import Blog
import Pillion
import PillionTesting

extension DocEmbedding {
  static func block7(context: CallContext, database: Database, server: inout Server, test: TestServer) async throws {
#sourceLocation(file: "docs/embedding.md", line: 258)
try await context.database.transaction { database in
  var post = try await database.create(Blog_Post.with { $0.title = "title" })
  post.published = true
  try await database.update(post)
}
#sourceLocation()
  }
}
