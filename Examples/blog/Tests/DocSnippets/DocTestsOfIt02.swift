// swift-format-ignore-file
// Written by scripts/doc-snippets from Sources/Pillion/Pillion.docc/TestsOfIt.md; not to be edited.
@testable import Blog
import GRPCCore
import Pillion
import PillionTesting
import Testing

extension DocTestsOfIt {
#sourceLocation(file: "Sources/Pillion/Pillion.docc/TestsOfIt.md", line: 52)
@Suite(.testServer(BlogServer.make())) struct PostRuleTests {
  @Test func onlyAuthorsDelete() async throws {
    let test = try TestServer.current
    let ann = Blog_PostController.Client(wrapping: test.authenticated(as: "ann"))
    let bob = Blog_PostController.Client(wrapping: test.authenticated(as: "bob"))
    let post = try await ann.create(.with { $0.title = "mine" })
    let error = await #expect(throws: RPCError.self) { try await bob.destroy(.with { $0.id = post.id }) }
    #expect(error?.code == .permissionDenied)
    _ = try await ann.destroy(.with { $0.id = post.id })
  }

  @Test func nobodyShouts() async throws {
    let posts = Blog_PostController.Client(wrapping: try TestServer.current.client)
    let error = await #expect(throws: RPCError.self) { try await posts.create(.with { $0.title = "HELLO" }) }
    #expect(error?.code == .invalidArgument)
  }
}
#sourceLocation()
}
