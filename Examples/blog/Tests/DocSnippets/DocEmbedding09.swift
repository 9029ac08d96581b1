// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/embedding.md; not to be edited.
@testable import Blog
import Pillion
import PillionTesting

extension DocEmbedding {
  static func block9(context: CallContext, database: Database, server: inout Server, test: TestServer) async throws {
#sourceLocation(file: "docs/embedding.md", line: 297)
try await context.database.transaction { database in
  try await database.query("UPDATE blog_post SET published = $2 WHERE id = $1", .integer(7), true)
}
#sourceLocation()
  }
}
