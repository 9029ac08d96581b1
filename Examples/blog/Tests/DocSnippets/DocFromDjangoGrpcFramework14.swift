// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion
import PillionGRPC
import PillionTesting
import Testing
import XCTest

#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 402)
final class PostTests: RPCTransactionTestCase {
  override class func makeServer() throws -> Server { BlogServer.make() }

  func testAuthorsDestroy() async throws {
    let posts = Blog_PostController.Client(wrapping: try test.authenticated(as: "ann"))
    let post = try await posts.create(.with { $0.title = "mine" })
    _ = try await posts.destroy(.with { $0.id = post.id })
    let left = try await test.query("SELECT count(*) FROM blog_post")
    XCTAssertEqual(left, [["0"]])
  }
}

final class FeedTests: RPCSimpleTestCase {
  override class func makeServer() throws -> Server { BlogServer.make() }

  func testShouts() async throws {
    let lines = try await Blog_Feed.Client(wrapping: test.client).shout { writer in
      try await writer.write(.with { $0.text = "hello" })
    } onResponse: { response in
      try await response.messages.reduce(into: []) { $0.append($1.text) }
    }
    XCTAssertEqual(lines, ["HELLO"])
  }
}
#sourceLocation()
