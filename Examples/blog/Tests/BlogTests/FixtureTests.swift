import Blog
import GRPCCore
import Pillion
import PillionTesting
import Testing

/// Rows that tests begin with.
@Suite struct FixtureTests {
  private static func check() async throws {
    let test = try TestServer.current
    let posts = Blog_PostController.Client(wrapping: test.client)
    let found = try await posts.list(.init()) { response in
      try await response.messages.reduce(into: []) { $0.append($1) }
    }
    #expect(found.map(\.title) == ["one", "two"])
    #expect(found.map(\.author) == ["ann", "bob"])
    #expect(found.map(\.published) == [false, true])
    #expect(found.map(\.created.seconds) == [1_767_268_800, 1_767_355_200])
    #expect(found.map(\.created.nanos) == [0, 500_000_000])
    try await test.expect("SELECT post, content FROM blog_revision", [["1", "zero"]])
    // The next number is not one of the fixtures'.
    try await equal(posts.create(.with { $0.title = "three" }).id, 3)
  }

  @Suite(.testServer(.blog, fixtures: ["Fixtures/posts.json"])) struct JSON {
    @Test(arguments: 1...2) func rowsAreThereAtEachTest(_ number: Int) async throws {
      let posts = Blog_PostController.Client(wrapping: try TestServer.current.client)
      try await equal(posts.retrieve(.with { $0.id = 2 }).title, "two")
      _ = try await posts.create(.with { $0.title = "three" })
    }
  }

  @Suite(.testServer(.blog, isolation: .truncation, fixtures: ["Fixtures/posts.yaml"])) struct YAML {
    @Test(arguments: 1...2) func rowsAreStoredAsCreateWouldStoreThem(_ number: Int) async throws {
      try await check()
    }
  }
}
