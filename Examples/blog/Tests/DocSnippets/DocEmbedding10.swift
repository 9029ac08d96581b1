// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/embedding.md; not to be edited.
@testable import Blog
import Pillion
import PillionGRPC
import PillionTesting

extension DocEmbedding {
  static func block10(context: CallContext, database: Database, server: inout Server, test: TestServer) async throws {
#sourceLocation(file: "docs/embedding.md", line: 319)
server.add(grpc: [Feed()])
#sourceLocation()
  }
}
