// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/embedding.md; not to be edited.
@testable import Blog
import Pillion
import PillionTesting

extension DocEmbedding {
  static func block6(context: CallContext, database: Database, server: inout Server, test: TestServer) async throws {
#sourceLocation(file: "docs/embedding.md", line: 226)
let recent = try await context.database.query(Blog_Post.self)
  .filter("published = true AND author = $1", .text(context.principal ?? ""))
  .order("created desc")
  .limit(10)
  .all()
#sourceLocation()
  }
}
