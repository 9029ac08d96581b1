// swift-format-ignore-file
// Written by scripts/doc-snippets from Sources/Pillion/Pillion.docc/TestsOfIt.md; not to be edited.
@testable import Blog
import Pillion
import PillionTesting
import Testing

extension DocTestsOfIt {
#sourceLocation(file: "Sources/Pillion/Pillion.docc/TestsOfIt.md", line: 76)
@Suite(.testServer(BlogServer.make())) struct PostTimeTests {
  @Test func postsSayWhenTheyWereMade() async throws {
    let test = try TestServer.current
    let posts = Blog_PostController.Client(wrapping: test.client)
    let first = try await posts.create(.with { $0.title = "today" })
    await test.advanceClock(by: .seconds(86_400))
    let second = try await posts.create(.with { $0.title = "tomorrow" })
    #expect(second.created.seconds - first.created.seconds >= 86_400)
  }
}
#sourceLocation()
}
