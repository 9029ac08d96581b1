import Blog
import Foundation
import GRPCCore
import Pillion
import PillionTesting
import Synchronization
import Testing

/// Hooks that wait for nothing, and what becomes of hooks that a type does not have.
@Suite struct SynchronousHookTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  private func withServer(
    _ add: (inout Server) -> Void,
    _ body: (TestServer, Blog_PostController.Client<TestChannel>) async throws -> Void
  ) async throws {
    // Hooks that are added last count, in the place of the blog's.
    var server = BlogServer.make(folder: Self.folder)
    add(&server)
    try await withTestServer(server) { test in
      try await body(test, Blog_PostController.Client(wrapping: test.client))
    }
  }

  private static func titled(_ title: String) -> Blog_Post { .with { $0.title = title } }

  /// Takes part in everything, and says so.
  struct Tidying: SynchronousModelHooks {
    typealias Record = Blog_Post
    typealias Changes = Blog_PostPartialUpdateRequest

    struct Secret: Error {}

    let model = "blog.Post"

    func queryset(_ context: CallContext) throws -> Queryset { Queryset("title != 'hidden'") }

    func receive(_ post: inout Blog_Post, _ context: CallContext) throws {
      if post.title == "refused" { throw Status(.failedPrecondition, "not today") }
      if post.title == "broken" { throw Secret() }
      post.title = post.title.trimmingCharacters(in: .whitespaces)
      context.addHeader("x-length", "\(post.title.count)")
    }

    func validate(_ post: Blog_Post, _ violations: inout Violations, _ context: CallContext) {
      if post.content == "bad" { violations.add("content", "is bad") }
    }

    func validate(changes: Blog_PostPartialUpdateRequest, _ violations: inout Violations, _ context: CallContext) {
      if changes.content == "bad" { violations.add("content", "is worse") }
    }

    func present(_ post: inout Blog_Post, _ context: CallContext) {
      post.summary = "\(context.action) \(post.title)"
      context.addTrailer("x-shown", post.title)
    }
  }

  @Test func everyActionGoesThroughThem() async throws {
    try await withServer({ $0.add(Tidying()) }) { test, posts in
      let made = try await posts.create(request: .init(message: Self.titled("  one "))) { response in
        #expect(Array(response.metadata[stringValues: "x-length"]) == ["3"])
        #expect(Array(response.trailingMetadata[stringValues: "x-shown"]) == ["one"])
        return try response.message
      }
      #expect((made.title, made.summary) == ("one", "Create one"))
      let key = Blog_PostRetrieveRequest.with { $0.id = made.id }
      let found1 = try await posts.retrieve(key).summary
      #expect(found1 == "Retrieve one")
      var changed = made
      changed.title = " two"
      let found2 = try await posts.update(changed).summary
      #expect(found2 == "Update two")
      let changes = Blog_PostPartialUpdateRequest.with {
        $0.id = made.id; $0.title = " three"
      }
      // `receive` is not for a PartialUpdate.
      let found3 = try await posts.partialUpdate(changes).summary
      #expect(found3 == "PartialUpdate  three")
      let listed = try await posts.list(.init()) { response in
        try await response.messages.reduce(into: []) { $0.append($1.summary) }
      }
      #expect(listed == ["List  three"])
      try await test.expect("SELECT title FROM blog_post", [[" three"]])
      _ = try await posts.destroy(.with { $0.id = made.id })
      try await test.expect("SELECT count(*) FROM blog_post", [["0"]])
    }
  }

  @Test func whatTheyRefuseIsNotWritten() async throws {
    try await withServer({ $0.add(Tidying()) }) { test, posts in
      let refused = await #expect(throws: RPCError.self) { try await posts.create(Self.titled("refused")) }
      #expect((refused?.code, refused?.message) == (.failedPrecondition, "not today"))
      let broken = await #expect(throws: RPCError.self) { try await posts.create(Self.titled("broken")) }
      #expect(broken?.code == .internalError)
      #expect(broken?.message.contains("request id") == true)
      #expect(broken?.message.contains("Secret") == false)
      let both = Blog_Post.with {
        $0.title = String(repeating: "x", count: 101); $0.content = "bad"
      }
      let bad = await #expect(throws: RPCError.self) { try await posts.create(both) }
      #expect(bad?.code == .invalidArgument)
      #expect(bad?.message.contains("content is bad") == true)
      #expect(bad?.message.contains("title") == true)
      try await test.expect("SELECT count(*) FROM blog_post", [["0"]])
      try await test.execute(
        "INSERT INTO blog_post (id, title, content, author, published, created) VALUES (7, 'seven', 'good', '', false, '2026-01-01 00:00:00')"
      )
      let changes = Blog_PostPartialUpdateRequest.with {
        $0.id = 7; $0.content = "bad"
      }
      let worse = await #expect(throws: RPCError.self) { try await posts.partialUpdate(changes) }
      #expect(worse?.message.contains("content is worse") == true)
      try await test.expect("SELECT content FROM blog_post", [["good"]])
    }
  }

  @Test func rowsOutsideTheQuerysetAreNotThere() async throws {
    try await withServer({ $0.add(Tidying()) }) { test, posts in
      try await test.execute(
        "INSERT INTO blog_post (id, title, content, author, published, created) VALUES (7, 'hidden', '', '', false, '2026-01-01 00:00:00')"
      )
      let missed = await #expect(throws: RPCError.self) { try await posts.retrieve(.with { $0.id = 7 }) }
      #expect(missed?.code == .notFound)
    }
  }

  /// Lists what has the content that the request's order names: hooks see all of the request.
  struct Looking: SynchronousModelHooks {
    typealias Record = Blog_Post
    let model = "blog.Post"

    func queryset(_ context: CallContext) throws -> Queryset {
      switch context.action {
      case "List":
        Queryset("content = claims.order", ["order": .text(try context.request(Blog_PostListRequest.self).orderBy)])
      case "Retrieve": try context.request(Blog_PostRetrieveRequest.self).id == 7 ? .nothing : .all
      default: .all
      }
    }
  }

  @Test func theRequestIsThereToLookAt() async throws {
    try await withServer({ $0.add(Looking()) }) { _, posts in
      for content in ["id", "title"] {
        _ = try await posts.create(
          .with {
            $0.title = "\(content)!"; $0.content = content
          })
      }
      let titles = try await posts.list(.with { $0.orderBy = "title" }) { response in
        try await response.messages.reduce(into: []) { $0.append($1.title) }
      }
      #expect(titles == ["title!"])
      let first = try await posts.retrieve(.with { $0.id = 1 }).title
      #expect(first == "id!")
      let missed = await #expect(throws: RPCError.self) { try await posts.retrieve(.with { $0.id = 7 }) }
      #expect(missed?.code == .notFound)
    }
  }

  /// A hook that hands on to one that does not have it, and then to one that has.
  struct Handing: SynchronousModelHooks {
    struct Nothing: SynchronousModelHooks {
      typealias Record = Blog_Post
      let model = "blog.Post"
    }

    typealias Record = Blog_Post
    let model = "blog.Post"

    func present(_ post: inout Blog_Post, _ context: CallContext) {
      Nothing().present(&post, context)
      if post.title == "second" { post.summary = "seen" }
    }
  }

  /// What has been left to a default once is left out from then on; what hands on to a default is not.
  @Test func defaultsOfOthersAreNoDefaults() async throws {
    try await withServer({ $0.add(Handing()) }) { _, posts in
      let found4 = try await posts.create(Self.titled("first")).summary
      #expect(found4 == "")
      let found5 = try await posts.create(Self.titled("second")).summary
      #expect(found5 == "seen")
    }
  }

  /// Has nothing but what may wait, around some of the actions.
  final class Counting: ModelHooks {
    typealias Record = Blog_Post

    let model = "blog.Post"
    let tasks = Mutex<[String]>([])

    func performUpdate(
      _ post: Blog_Post, _ context: CallContext, save: (Blog_Post) async throws -> Blog_Post
    ) async throws -> Blog_Post {
      tasks.withLock { $0.append(context.action) }
      return try await save(post)
    }
  }

  @Test func hooksThatAreNotThereChangeNothingFromCallToCall() async throws {
    let hooks = Counting()
    try await withServer({ $0.add(hooks) }) { test, posts in
      for number in 1...3 {
        var post = try await posts.create(Self.titled("post \(number)"))
        let found6 = try await posts.retrieve(.with { $0.id = post.id }).title
        #expect(found6 == "post \(number)")
        post.title += "!"
        let found7 = try await posts.update(post).title
        #expect(found7 == "post \(number)!")
        let masked = Blog_PostRetrieveRequest.with {
          $0.id = post.id; $0.readMask.paths = ["title"]
        }
        let found8 = try await posts.retrieve(masked)
        #expect(found8 == Self.titled("post \(number)!"))
        let changes = Blog_PostPartialUpdateRequest.with {
          $0.id = post.id; $0.title = "again"
        }
        let found9 = try await posts.partialUpdate(changes).title
        #expect(found9 == "again")
        let shouted = Blog_Post.with { $0.title = String(repeating: "x", count: 101) }
        let long = await #expect(throws: RPCError.self) { try await posts.create(shouted) }
        #expect(long?.code == .invalidArgument)
        _ = try await posts.destroy(.with { $0.id = post.id })
      }
      #expect(hooks.tasks.withLock { $0 } == ["Update", "Update", "Update"])
      try await test.expect("SELECT count(*) FROM blog_post", [["0"]])
    }
  }
}
