// swift-format-ignore-file
// Written by scripts/doc-snippets from Sources/Pillion/Pillion.docc/TestsOfIt.md; not to be edited.
@testable import Blog
import GRPCCore
import Pillion
import PillionTesting
import Testing

extension DocTestsOfIt {
#sourceLocation(file: "Sources/Pillion/Pillion.docc/TestsOfIt.md", line: 15)
@Suite(.testServer(BlogServer.make())) struct PostServiceTests {
  @Test func createsPosts() async throws {
    let test = try TestServer.current
    let posts = Blog_PostController.Client(wrapping: test.client)
    let post = try await posts.create(
      .with {
        $0.title = "title"
        $0.content = "content"
      })
    #expect(post.title == "title")
    #expect(post.content == "content")
    #expect(try await test.query("SELECT count(*) FROM blog_post") == [["1"]])
  }

  @Test func listsPosts() async throws {
    let test = try TestServer.current
    try await test.execute(
      "INSERT INTO blog_post (title, content, created) VALUES ('title1', 'content1', '2026-01-01 12:00:00')",
      "INSERT INTO blog_post (title, content, created) VALUES ('title2', 'content2', '2026-01-02 12:00:00')")
    let posts = Blog_PostController.Client(wrapping: test.client)
    let titles = try await posts.list(.init()) { response in
      try await response.messages.reduce(into: []) { $0.append($1.title) }
    }
    #expect(titles == ["title1", "title2"])
  }
}
#sourceLocation()
}
