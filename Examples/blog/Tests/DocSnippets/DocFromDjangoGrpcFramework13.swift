// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion
import PillionGRPC
import PillionTesting
import Testing

extension DocFromDjangoGrpcFramework {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 386)
@Suite(.testServer(BlogServer.make())) struct PostServiceTests {
  @Test func createPost() async throws {
    let test = try TestServer.current
    let posts = Blog_PostController.Client(wrapping: test.client)
    let post = try await posts.create(.with { $0.title = "title" })
    #expect(post.title == "title")
    #expect(try await test.query("SELECT count(*) FROM blog_post") == [["1"]])
  }
}
#sourceLocation()
}
