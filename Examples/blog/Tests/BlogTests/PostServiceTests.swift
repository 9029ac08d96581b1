import Blog
import GRPCCore
import Pillion
import PillionTesting
import Testing

/// The tutorial's tests, and what this blog adds to it: one server, and a transaction for each test.
@Suite(.testServer(.blog)) struct PostServiceTests {
  private let test: TestServer

  init() throws { test = try TestServer.current }

  @Test func createsPosts() async throws {
    let posts = Blog_PostController.Client(wrapping: test.client)
    let post = try await posts.create(
      .with {
        $0.title = "title"; $0.content = "content"
      })
    #expect(post.title == "title")
    #expect(post.content == "content")
    try await test.expect("SELECT count(*) FROM blog_post", [["1"]])
  }

  @Test func listsPosts() async throws {
    try await test.execute(
      "INSERT INTO blog_post (title, content, created) VALUES ('title1', 'content1', '2026-01-01 12:00:00')",
      "INSERT INTO blog_post (title, content, created) VALUES ('title2', 'content2', '2026-01-02 12:00:00')")
    let posts = Blog_PostController.Client(wrapping: test.client)
    let titles = try await posts.list(.init()) { response in
      try await response.messages.reduce(into: []) { $0.append($1.title) }
    }
    #expect(titles == ["title1", "title2"])
  }

  @Test func hooksChangeWhatComesAndGoes() async throws {
    let posts = Blog_PostController.Client(wrapping: test.authenticated(as: "ann"))
    let post = try await posts.create(
      .with {
        $0.title = "Hello"; $0.content = "A long story that goes on and on"
      })
    #expect(post.author == "ann")
    #expect(post.summary == "A long story that go…")
  }

  @Test func computedFieldsAreMadeOfTheRow() async throws {
    let posts = Blog_PostController.Client(wrapping: test.client)
    let given = Blog_Post.with {
      $0.title = "Hello"; $0.content = "short"; $0.summary = "not taken"
    }
    var post = try await posts.create(given)
    #expect(post.summary == "short")
    // A mask that names one gets it, and nothing of what it is made of.
    let masked = Blog_PostRetrieveRequest.with {
      $0.id = post.id; $0.readMask.paths = ["title", "summary"]
    }
    try await equal(
      posts.retrieve(masked),
      .with {
        $0.title = "Hello"; $0.summary = "short"
      })
    let unmasked = Blog_PostListRequest.with { $0.readMask.paths = ["content"] }
    let listed = try await posts.list(unmasked) { try await $0.messages.reduce(into: []) { $0.append($1) } }
    #expect(listed == [.with { $0.content = "short" }])
    post.content = "changed"
    try await equal(posts.update(post).summary, "changed")
    for request in [
      Blog_PostListRequest.with { $0.filter = "summary = \"changed\"" }, .with { $0.orderBy = "summary" },
    ] {
      let error = await #expect(throws: RPCError.self) {
        try await posts.list(request) { for try await _ in $0.messages {} }
      }
      #expect(error?.code == .invalidArgument)
      #expect(error?.message.contains("is computed, not stored") == true)
    }
  }

  @Test func hooksRefuse() async throws {
    let posts = Blog_PostController.Client(wrapping: test.client)
    let error = await #expect(throws: RPCError.self) { try await posts.create(.with { $0.title = "HELLO" }) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains("title must not be shouted") == true)
    try await test.expect("SELECT count(*) FROM blog_post", [["0"]])
  }

  @Test func revisionsAreKeptInTheTransactionOfTheWrite() async throws {
    let posts = Blog_PostController.Client(wrapping: test.client)
    var post = try await posts.create(
      .with {
        $0.title = "Hello"; $0.content = "first"
      })
    post.content = "second"
    post = try await posts.update(post)
    try await test.expect("SELECT content FROM blog_revision", [["first"]])
    // A write that fails takes its revision with it.
    await #expect(throws: RPCError.self) {
      try await posts.update(
        .with {
          $0.id = 99; $0.title = "nothing there"
        })
    }
    try await test.expect("SELECT count(*) FROM blog_revision", [["1"]])
  }

  @Test func methodsBesideTheActions() async throws {
    let posts = Blog_PostController.Client(wrapping: test.authenticated(as: "ann"))
    let post = try await posts.create(.with { $0.title = "Hello" })
    var published = try await posts.publish(.with { $0.id = post.id })
    #expect(published.published)
    #expect(published.author == "ann")
    published = try await posts.publish(
      .with {
        $0.id = post.id; $0.author.value = "bob"
      })
    #expect(published.author == "bob")
    try await test.expect("SELECT author FROM blog_post WHERE published", [["bob"]])
    let missing = await #expect(throws: RPCError.self) { try await posts.publish(.with { $0.id = post.id + 1 }) }
    #expect(missing?.code == .notFound)
    // The definitions' limits hold before the method is asked.
    let tooLong = await #expect(throws: RPCError.self) {
      try await posts.publish(
        .with {
          $0.id = post.id; $0.author.value = String(repeating: "x", count: 41)
        })
    }
    #expect(tooLong?.code == .invalidArgument)
    #expect(tooLong?.message.contains("author must have at most 40 characters, has 41") == true)
  }

  @Test func onlyAuthorsDelete() async throws {
    let post = try await Blog_PostController.Client(wrapping: test.authenticated(as: "ann"))
      .create(.with { $0.title = "mine" })
    let request = Blog_PostDestroyRequest.with { $0.id = post.id }
    let error = await #expect(throws: RPCError.self) {
      try await Blog_PostController.Client(wrapping: test.authenticated(as: "bob")).destroy(request)
    }
    #expect(error?.code == .permissionDenied)
    _ = try await Blog_PostController.Client(wrapping: test.authenticated(as: "ann")).destroy(request)
    try await test.expect("SELECT count(*) FROM blog_post", [["0"]])
  }

  @Test func grpcSwiftServicesAndLayers() async throws {
    let feed = Blog_Feed.Client(wrapping: test.client)
    let (lines, trailer) = try await feed.shout { writer in
      for word in ["hello", "world"] { try await writer.write(.with { $0.text = word }) }
    } onResponse: { response in
      var lines: [String] = []
      var trailer: String?
      for try await part in try response.accepted.get().bodyParts {
        switch part {
        case .message(let line): lines.append(line.text)
        case .trailingMetadata(let metadata): trailer = metadata[stringValues: "served-by"].first { _ in true }
        }
      }
      return (lines, trailer)
    }
    #expect(lines == ["HELLO", "WORLD"])
    #expect(trailer == "blog")
  }
}
