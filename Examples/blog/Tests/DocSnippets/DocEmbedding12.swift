// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/embedding.md; not to be edited.
@testable import Blog
import Pillion
import PillionGRPC
import PillionTesting
import Testing
import XCTest

#sourceLocation(file: "docs/embedding.md", line: 361)
final class PostCases: RPCTestCase {
  override class func makeServer() throws -> Server { BlogServer.make() }

  func testCreates() async throws {
    let post = try await Blog_PostController.Client(wrapping: test.client).create(.with { $0.title = "title" })
    XCTAssertEqual(post.title, "title")
  }
}
#sourceLocation()
