// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion
import PillionGRPC
import PillionTesting
import Testing
import XCTest

extension DocFromDjangoGrpcFramework {
  static func block15(context: CallContext, database: Database, server: inout Server, test: TestServer) async throws {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 450)
let posts = Blog_PostController.Client(wrapping: test.client)
_ = try await posts.partialUpdate(
  .with {
    $0.id = 1
    $0.title = .init("new title")
  })
#sourceLocation()
  }
}
