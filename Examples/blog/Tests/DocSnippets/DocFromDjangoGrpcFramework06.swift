// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion
import PillionTesting

extension DocFromDjangoGrpcFramework {
  static func block6(context: CallContext, database: Database, server: inout Server, test: TestServer) async throws {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 199)
context.addHeader("x-served-by", "blog")
context.addTrailer("x-language", context.metadata["accept-language"] ?? "en")
if let remaining = context.timeRemaining, remaining < .milliseconds(10) { throw Status(.deadlineExceeded) }
print(context.action, context.peer, context.principal ?? "nobody", context.claim("role") ?? "", Task.isCancelled)
#sourceLocation()
  }
}
