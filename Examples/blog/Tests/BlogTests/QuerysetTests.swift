import Blog
import Foundation
import GRPCCore
import Pillion
import PillionTesting
import Testing

/// Hooks that decide, call by call, which rows there are.
@Suite struct QuerysetTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  struct Asking: ModelHooks {
    typealias Record = Blog_Post

    let model = "blog.Post"
    let rows: @Sendable (CallContext) throws -> Queryset

    func queryset(_ context: CallContext) throws -> Queryset { try rows(context) }
  }

  typealias Posts = Blog_PostController.Client<TestChannel>

  /// A blog with three posts: two of Ann's, of which the second is published, and one of Bob's.
  private func withPosts(
    _ rows: @escaping @Sendable (CallContext) throws -> Queryset, settings: String? = nil,
    _ body: (TestServer) async throws -> Void
  ) async throws {
    var server = BlogServer.make(folder: Self.folder)
    if let settings {
      server = Server(
        configuration: settings, settings: ["models": "\(Self.folder)/models", "protos": "\(Self.folder)/protos"])
    }
    server.add(Asking(rows: rows))
    try await withTestServer(server) { test in
      let posts = [("one", "ann", "false"), ("two", "ann", "true"), ("three", "bob", "false")]
      for (number, (title, author, published)) in posts.enumerated() {
        try await test.execute(
          """
          INSERT INTO blog_post (id, title, content, author, published, created) VALUES
          (\(number + 101), '\(title)', '', '\(author)', \(published), '2026-01-0\(number + 1) 12:00:00')
          """)
      }
      try await body(test)
    }
  }

  private func titles(_ posts: Posts, _ request: Blog_PostListRequest = .init()) async throws -> [String] {
    try await posts.list(request) { response in
      try await response.messages.reduce(into: []) { $0.append($1.title) }
    }
  }

  private func expect(_ code: RPCError.Code, _ call: () async throws -> Void) async {
    let error = await #expect(throws: RPCError.self) { try await call() }
    #expect(error?.code == code)
  }

  @Test func otherRowsAreNotThere() async throws {
    try await withPosts { _ in
      Queryset("published = true OR author = principal")
    } _: { test in
      let ann = Posts(wrapping: test.authenticated(as: "ann"))
      let bob = Posts(wrapping: test.authenticated(as: "bob"))
      let anyone = Posts(wrapping: test.client)
      try await equal(titles(ann), ["one", "two"])
      try await equal(titles(bob), ["two", "three"])
      try await equal(titles(anyone), ["two"])
      try await equal(titles(bob, .with { $0.filter = "title = \"one\" OR title = \"two\"" }), ["two"])
      try await equal(bob.retrieve(.with { $0.id = 103 }).title, "three")
      await expect(.notFound) { _ = try await bob.retrieve(.with { $0.id = 101 }) }
      await expect(.notFound) {
        _ = try await bob.update(
          .with {
            $0.id = 101; $0.title = "taken"
          })
      }
      await expect(.notFound) {
        _ = try await bob.partialUpdate(
          .with {
            $0.id = 101; $0.title = .init("taken")
          })
      }
      await expect(.notFound) { _ = try await anyone.destroy(.with { $0.id = 101 }) }
      _ = try await ann.destroy(.with { $0.id = 101 })
      try await test.expect("SELECT title FROM blog_post ORDER BY id", [["two"], ["three"]])
    }
  }

  @Test func whatIsWrittenMayBeOutside() async throws {
    try await withPosts { _ in
      Queryset("author = principal")
    } _: { test in
      let bob = Posts(wrapping: test.authenticated(as: "bob"))
      let given = Blog_Post.with {
        $0.title = "for ann"; $0.author = "ann"
      }
      try await equal(bob.create(given).author, "ann")
      let changed = try await bob.partialUpdate(
        .with {
          $0.id = 103; $0.author = .init("ann")
        })
      #expect(changed.author == "ann")
      await expect(.notFound) { _ = try await bob.retrieve(.with { $0.id = 103 }) }
    }
  }

  @Test func eachActionHasRowsOfItsOwn() async throws {
    try await withPosts {
      $0.action == "List" ? .nothing : .all
    } _: { test in
      let posts = Posts(wrapping: test.client)
      try await equal(titles(posts), [])
      try await equal(posts.retrieve(.with { $0.id = 101 }).title, "one")
    }
  }

  @Test func valuesAreParameters() async throws {
    try await withPosts { context in
      let authors = context.metadata["x-authors"].map { $0.split(separator: ",").map { SQLValue.text(String($0)) } }
      return Queryset(
        "author = claims.authors AND title != claims.title",
        ["title": context.metadata["x-title"].map { .text($0) } ?? .null], lists: ["authors": authors ?? []])
    } _: { test in
      let posts = Posts(wrapping: test.client)
      func titles(_ authors: String?, _ title: String?) async throws -> [String] {
        var metadata = GRPCCore.Metadata()
        if let authors { metadata.addString(authors, forKey: "x-authors") }
        if let title { metadata.addString(title, forKey: "x-title") }
        return try await posts.list(.init(), metadata: metadata) { response in
          try await response.messages.reduce(into: []) { $0.append($1.title) }
        }
      }
      try await equal(titles("ann", "two"), ["one"])
      try await equal(titles("ann,bob,carl", "two"), ["one", "three"])
      try await equal(titles("x' OR 'a' = 'a", "two"), [])
      try await equal(titles("ann", nil), [])
      try await equal(titles(nil, "two"), [])
    }
  }

  @Test func pageTokensAreTheirs() async throws {
    try await withPosts { _ in
      Queryset("published = true OR author = principal")
    } _: { test in
      let ann = Posts(wrapping: test.authenticated(as: "ann"))
      var request = Blog_PostListRequest.with { $0.pageSize = 1 }
      let token = try await ann.list(request) { response in
        var token: String?
        for try await part in try response.accepted.get().bodyParts {
          if case .trailingMetadata(let trailers) = part {
            token = trailers[stringValues: "pillion-next-page-token"].first { _ in true }
          }
        }
        return token
      }
      request.pageToken = try #require(token)
      try await equal(titles(ann, request), ["two"])
      await expect(.invalidArgument) {
        _ = try await titles(Posts(wrapping: test.authenticated(as: "bob")), request)
      }
    }
  }

  /// Two filters that mean different things by the same name.
  struct Filtering: SynchronousModelHooks {
    typealias Record = Blog_Post

    let model = "blog.Post"
    var author: String?

    func queryset(_ context: CallContext) throws -> Queryset {
      author.map { Queryset("author = claims.it", ["it": .text($0)]) } ?? .all
    }

    func filterQueryset(_ rows: Queryset, _ context: CallContext) throws -> Queryset {
      switch context.metadata["only"] {
      case "nothing": rows.intersection(.nothing)
      case let title?: rows.filter("title = claims.it", ["it": .text(title)])
      case nil: rows
      }
    }
  }

  @Test(arguments: [nil, "ann"]) func filterQuerysetHasTheLastWord(_ author: String?) async throws {
    var server = BlogServer.make(folder: Self.folder)
    server.add(Filtering(author: author))
    try await withTestServer(server) { test in
      let posts = Posts(wrapping: test.client)
      for (title, author) in [("one", "ann"), ("two", "ann"), ("three", "bob")] {
        _ = try await posts.create(
          .with {
            $0.title = title
            $0.author = author
          })
      }
      func titles(_ only: String?) async throws -> Set<String> {
        var metadata: GRPCCore.Metadata = [:]
        if let only { metadata.addString(only, forKey: "only") }
        return try await posts.list(.init(), metadata: metadata) { response in
          try await response.messages.reduce(into: []) { $0.insert($1.title) }
        }
      }
      let all: Set = author == nil ? ["one", "two", "three"] : ["one", "two"]
      // Again and again: what a type leaves to its default is found out at its first call.
      for _ in 0..<3 {
        let (everything, two, three) = (try await titles(nil), try await titles("two"), try await titles("three"))
        #expect(everything == all)
        #expect(two == ["two"])
        #expect(three == all.intersection(["three"]))
      }
      let nothing = try await titles("nothing")
      #expect(nothing.isEmpty)
    }
  }

  /// The rows of `filterQueryset` alone: `queryset` is left to its default.
  struct Tenants: ModelHooks {
    typealias Record = Blog_Post

    let model = "blog.Post"

    func filterQueryset(_ rows: Queryset, _ context: CallContext) throws -> Queryset { rows.filter("author = 'ann'") }
  }

  @Test func filterQuerysetAloneIsAsked() async throws {
    var server = BlogServer.make(folder: Self.folder)
    server.add(Tenants())
    try await withTestServer(server) { test in
      let posts = Posts(wrapping: test.client)
      let other = try await posts.create(
        .with {
          $0.title = "one"
          $0.author = "bob"
        })
      for _ in 0..<3 {
        await expect(.notFound) { _ = try await posts.retrieve(.with { $0.id = other.id }) }
        await expect(.notFound) { _ = try await posts.destroy(.with { $0.id = other.id }) }
      }
    }
  }

  @Test func whatAHookThrowsEndsTheCall() async throws {
    try await withPosts { context in
      if context.action == "Retrieve" { return Queryset("secret_column = 1") }
      throw Pillion.Status(.permissionDenied, "Not on Sundays.")
    } _: { test in
      let posts = Posts(wrapping: test.client)
      await expect(.permissionDenied) { _ = try await titles(posts) }
      await expect(.permissionDenied) { _ = try await posts.destroy(.with { $0.id = 101 }) }
      let error = await #expect(throws: RPCError.self) { _ = try await posts.retrieve(.with { $0.id = 101 }) }
      #expect(error?.code == .internalError)
      #expect(error?.message.contains("secret_column") == false)
      try await test.expect("SELECT count(*) FROM blog_post", [["3"]])
    }
  }

  /// Row filters count as well, and know nothing of the hook's values.
  @Test func rowFiltersCountAsWell() async throws {
    let settings = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml")
    defer { try? FileManager.default.removeItem(at: settings) }
    try """
    interceptors:
      - authentication:
          jwt: { secret: "a secret that is long enough for every algorithm: 64 bytes or more", issuer: i, audience: a }
      - authorization:
          rules: [{ allow: "*/*" }]
          row_filters: { blog.Post: 'author = claims.name' }
    """.write(to: settings, atomically: true, encoding: .utf8)
    let rows: @Sendable (CallContext) throws -> Queryset = { _ in
      Queryset("title = claims.title AND NOT author = claims.name", ["title": "two", "name": "bob"])
    }
    try await withPosts(rows, settings: settings.path) { test in
      let ann = Posts(wrapping: test.authenticated(as: "a", claims: ["name": "ann"]))
      try await equal(titles(ann), ["two"])
      try await equal(ann.retrieve(.with { $0.id = 102 }).title, "two")
      await expect(.notFound) { _ = try await ann.retrieve(.with { $0.id = 101 }) }
      let moved = Blog_PostPartialUpdateRequest.with {
        $0.id = 102; $0.author = .init("bob")
      }
      await expect(.permissionDenied) { _ = try await ann.partialUpdate(moved) }
      let renamed = Blog_PostPartialUpdateRequest.with {
        $0.id = 102; $0.title = .init("four")
      }
      try await equal(ann.partialUpdate(renamed).title, "four")
      await expect(.notFound) { _ = try await ann.destroy(.with { $0.id = 102 }) }
    }
  }
}
