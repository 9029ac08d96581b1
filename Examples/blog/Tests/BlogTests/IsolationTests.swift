import Blog
import GRPCCore
import Pillion
import PillionTesting
import Testing

/// What keeps tests apart.
@Suite struct IsolationTests {
  typealias Posts = Blog_PostController.Client<TestChannel>

  static let count = "SELECT count(*) FROM blog_post"

  private static func create(_ title: String) async throws -> Blog_Post {
    try await Posts(wrapping: TestServer.current.client).create(.with { $0.title = title })
  }

  private static func titles() async throws -> [String] {
    try await Posts(wrapping: TestServer.current.client).list(.init()) { response in
      try await response.messages.reduce(into: []) { $0.append($1.title) }
    }
  }

  /// Whichever of the cases comes first, the others find nothing of it.
  @Suite(.testServer(.blog)) struct Rollback {
    @Test(arguments: 1...3) func nothingIsLeft(_ number: Int) async throws {
      try await TestServer.current.expect(count, [["0"]])
      _ = try await create("title\(number)")
      try await TestServer.current.execute("INSERT INTO blog_revision (post, content) VALUES (1, 'a')")
      try await equal(titles(), ["title\(number)"])
      try await TestServer.current.expect(count, [["1"]])
    }

    @Test func aCallThatFailsLeavesTheOthers() async throws {
      let test = try TestServer.current
      let kept = try await create("kept")
      try await test.execute(
        """
        CREATE TABLE note (id INTEGER PRIMARY KEY, post BIGINT REFERENCES blog_post (id) \
        DEFERRABLE INITIALLY DEFERRED)
        """)
      let posts = Posts(wrapping: test.client)
      // Of the request, of a hook, of the database at once, and of the database at the commit.
      await #expect(throws: RPCError.self) { try await create("SHOUTED") }
      let missing = Blog_PostDestroyRequest.with { $0.id = kept.id + 1000 }
      await #expect(throws: RPCError.self) { try await posts.destroy(missing) }
      let again =
        "INSERT INTO blog_post (id, title, content, created) SELECT id, title, content, created FROM blog_post"
      await #expect(throws: (any Error).self) { try await test.execute(again) }
      let orphan = "INSERT INTO note (id, post) VALUES (1, \(kept.id + 1000))"
      await #expect(throws: (any Error).self) { try await test.execute(orphan) }
      try await test.execute("INSERT INTO note (id, post) VALUES (1, \(kept.id))")
      try await equal(titles(), ["kept"])
      try await test.expect("SELECT count(*) FROM note", [["1"]])
    }

    @Test func listsAreAsLongAsEver() async throws {
      let test = try TestServer.current
      let content = String(repeating: "long ", count: 100)
      for first in stride(from: 0, to: 2000, by: 500) {
        let rows = (first..<first + 500).map { "('title\($0)', '\(content)', '2026-01-01 12:00:00')" }
        try await test.execute("INSERT INTO blog_post (title, content, created) VALUES \(rows.joined(separator: ", "))")
      }
      // Another call in the middle of a List that its client takes slowly.
      let titles = try await Posts(wrapping: test.client).list(.init()) { response in
        var titles: [String] = []
        for try await post in response.messages {
          if titles.count == 10 {
            _ = try await Posts(wrapping: test.client).retrieve(.with { $0.id = post.id })
          }
          titles.append(post.title)
        }
        return titles
      }
      #expect(titles.count == 2000)
      #expect(Set(titles).count == 2000)
      var pages = 0
      var request = Blog_PostListRequest.with { $0.pageSize = 900 }
      repeat {
        request.pageToken = try await Posts(wrapping: test.client).list(request) { response in
          var token = ""
          for try await part in try response.accepted.get().bodyParts {
            guard case .trailingMetadata(let trailers) = part else { continue }
            token = trailers[stringValues: "pillion-next-page-token"].first { _ in true } ?? ""
          }
          return token
        }
        pages += 1
      } while !request.pageToken.isEmpty && pages < 10
      #expect(pages == 3)
    }

    /// A suite inside shares the server, and is as well kept apart.
    @Suite struct Inner {
      @Test func nothingIsLeftHereEither() async throws {
        try await TestServer.current.expect(count, [["0"]])
        _ = try await create("inner")
      }
    }
  }

  @Suite(.testServer(.blog, isolation: .truncation)) struct Truncation {
    @Test(arguments: 1...3) func allIsEmptied(_ number: Int) async throws {
      try await TestServer.current.expect(count, [["0"]])
      // Numbers begin anew.
      try await equal(create("title\(number)").id, 1)
    }
  }

  @Suite(.testServer(.blog, isolation: .noDatabase)) struct NoDatabase {
    @Test func whatNeedsNoneIsAnswered() async throws {
      let test = try TestServer.current
      let feed = Blog_Feed.Client(wrapping: test.client)
      let lines = try await feed.shout { writer in
        try await writer.write(.with { $0.text = "hello" })
      } onResponse: { response in
        try await response.messages.reduce(into: []) { $0.append($1.text) }
      }
      #expect(lines == ["HELLO"])
      let error = await #expect(throws: RPCError.self) { try await create("stored") }
      #expect(error?.code == .unavailable)
    }
  }

  @Test(.testServer(.blog)) func aTestAloneHasAServerOfItsOwn() async throws {
    try await equal(Self.create("alone").id, 1)
  }

  @Test func withoutTheTraitThereIsNone() {
    #expect(throws: TestServerError.self) { try TestServer.current }
  }
}
