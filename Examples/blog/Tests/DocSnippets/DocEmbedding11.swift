// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/embedding.md; not to be edited.
@testable import Blog
import GRPCCore
import Pillion
import PillionGRPC
import PillionTesting
import Testing

extension DocEmbedding {
#sourceLocation(file: "docs/embedding.md", line: 333)
@Suite(.testServer(BlogServer.make())) struct PostTests {
  @Test func creates() async throws {
    let test = try TestServer.current
    let posts = Blog_PostController.Client(wrapping: test.client)
    let post = try await posts.create(.with { $0.title = "title" })
    #expect(post.title == "title")
    #expect(try await test.query("SELECT count(*) FROM blog_post") == [["1"]])
  }
}
#sourceLocation()
}
