import Blog
import GRPCCore
import Pillion
import PillionTesting
import XCTest

/// The same by XCTest.
final class PostTests: RPCTestCase {
  override class func makeServer() throws -> Server { .blog }

  override class var fixtures: [String] { ["\(Server.folder)/Tests/BlogTests/Fixtures/posts.yaml"] }

  private var count: String { "SELECT count(*) FROM blog_post" }

  func testCreates() async throws {
    let post = try await Blog_PostController.Client(wrapping: test.client).create(.with { $0.title = "title" })
    XCTAssertEqual(post.title, "title")
    let found = try await test.query(count)
    XCTAssertEqual(found, [["3"]])
  }

  func testDestroys() async throws {
    let posts = Blog_PostController.Client(wrapping: try test.authenticated(as: "ann"))
    _ = try await posts.destroy(.with { $0.id = 1 })
    let found = try await test.query(count)
    XCTAssertEqual(found, [["1"]])
  }
}

final class PostTransactionTests: RPCTransactionTestCase {
  override class func makeServer() throws -> Server { .blog }

  func testFirst() async throws { try await check() }

  func testSecond() async throws { try await check() }

  private func check() async throws {
    let post = try await Blog_PostController.Client(wrapping: test.client).create(.with { $0.title = "title" })
    XCTAssertEqual(post.id, 1)
  }
}

final class FeedTests: RPCSimpleTestCase {
  override class func makeServer() throws -> Server { .blog }

  func testHasNoDatabase() async throws {
    do {
      _ = try await Blog_PostController.Client(wrapping: test.client).create(.with { $0.title = "title" })
      XCTFail("there should be no database")
    } catch let error as RPCError {
      XCTAssertEqual(error.code, .unavailable)
    }
  }
}
