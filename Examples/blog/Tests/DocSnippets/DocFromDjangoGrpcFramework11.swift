// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion
import PillionGRPC
import PillionTesting

extension DocFromDjangoGrpcFramework {
  static func block11(context: CallContext, database: Database, server: inout Server, test: TestServer) async throws {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 352)
server = Server(configuration: "blog.yaml", settings: ["server.listen": "127.0.0.1:8000"])
server.isDevelopment = true
#sourceLocation()
  }
}
