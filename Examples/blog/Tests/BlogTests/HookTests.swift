import Blog
import Dispatch
import Foundation
import GRPCCore
import Pillion
import PillionTesting
import Synchronization
import Testing

/// What becomes of a call whose hooks fail, hang, or take transactions apart.
@Suite struct HookTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  private func withHooks(
    _ hooks: some ModelHooks, _ body: (TestServer, Blog_PostController.Client<TestChannel>) async throws -> Void
  ) async throws {
    var server = BlogServer.make(folder: Self.folder)
    server.add(hooks)
    try await withTestServer(server) { test in
      try await body(test, Blog_PostController.Client(wrapping: test.client))
    }
  }

  private static func titled(_ title: String) -> Blog_Post { .with { $0.title = title } }

  private static let count = "SELECT count(*) FROM blog_post"

  struct Secret: Error {}

  /// Does in a Create what a test says.
  struct Creating: ModelHooks {
    typealias Record = Blog_Post

    let model = "blog.Post"
    var isTransactional = true
    var mayBlock = false
    let create: @Sendable (Blog_Post, CallContext, (Blog_Post) async throws -> Blog_Post) async throws -> Blog_Post

    func performCreate(
      _ post: Blog_Post, _ context: CallContext, save: (Blog_Post) async throws -> Blog_Post
    ) async throws -> Blog_Post { try await create(post, context, save) }
  }

  @Test func anErrorAfterTheWriteUndoesIt() async throws {
    let hooks = Creating { post, _, save in
      _ = try await save(post)
      throw Secret()
    }
    try await withHooks(hooks) { test, posts in
      let error = await #expect(throws: RPCError.self) { try await posts.create(Self.titled("gone")) }
      #expect(error?.code == .internalError)
      #expect(error?.message.contains("request id") == true)
      #expect(error?.message.contains("Secret") == false)
      try await test.expect(Self.count, [["0"]])
    }
  }

  @Test func aHookThatHangsIsCutByTheDeadline() async throws {
    let hooks = Creating { post, _, save in
      let stored = try await save(post)
      if post.title == "hang" { try await Task.sleep(for: .seconds(3600)) }
      return stored
    }
    try await withHooks(hooks) { test, posts in
      var options = CallOptions.defaults
      options.timeout = .milliseconds(300)
      let error = await #expect(throws: RPCError.self) {
        try await posts.create(Self.titled("hang"), options: options)
      }
      #expect(error?.code == .deadlineExceeded)
      let found1 = try await posts.create(Self.titled("after")).title
      #expect(found1 == "after")
      try await test.expect("SELECT title FROM blog_post", [["after"]])
    }
  }

  /// A hook that keeps its thread until the next call comes, which must be served meanwhile.
  @Test func aHookThatMayBlockHoldsUpNobody() async throws {
    let next = DispatchSemaphore(value: 0)
    @Sendable func waitForNext() -> DispatchTimeoutResult { next.wait(timeout: .now() + 30) }
    let hooks = Creating(isTransactional: false, mayBlock: true) { post, _, save in
      var post = post
      if post.title == "first" { post.content = waitForNext() == .success ? "the next came" : "nobody came" }
      if post.title == "next" { next.signal() }
      return try await save(post)
    }
    try await withHooks(hooks) { _, posts in
      async let first = posts.create(Self.titled("first"))
      async let second = posts.create(Self.titled("next"))
      let (found1, found2) = try await (first.content, second.title)
      #expect(found1 == "the next came" && found2 == "next")
    }
  }

  /// What hooks give on unchanged is not encoded again; what they change is.
  @Test func changesBeforeAndAfterTheWrite() async throws {
    let hooks = Creating { post, _, save in
      var post = post
      if post.title.hasSuffix("before") { post.content = "changed before" }
      var stored = try await save(post)
      if stored.title.hasSuffix("after") { stored.content = "changed after" }
      return stored
    }
    try await withHooks(hooks) { test, posts in
      for (title, shown) in [("untouched", ""), ("before", "changed before"), ("after", "changed after")] {
        let found1 = try await posts.create(Self.titled(title)).content
        #expect(found1 == shown)
      }
      try await test.expect(
        "SELECT title, content FROM blog_post ORDER BY id",
        [["untouched", ""], ["before", "changed before"], ["after", ""]])
    }
  }

  /// Changes what is stored on its way out, and answers for some keys without the database.
  struct Showing: ModelHooks {
    typealias Record = Blog_Post
    typealias Key = Blog_PostRetrieveRequest

    let model = "blog.Post"

    func performCreate(
      _ post: Blog_Post, _ context: CallContext, save: (Blog_Post) async throws -> Blog_Post
    ) async throws -> Blog_Post {
      var stored = try await save(post)
      stored.content += "written"
      return stored
    }

    func getObject(
      _ key: Blog_PostRetrieveRequest, _ context: CallContext,
      find: (Blog_PostRetrieveRequest) async throws -> Blog_Post
    ) async throws -> Blog_Post {
      if key.id < 0 { return .with { $0.title = "made up" } }
      return try await find(key)
    }

    func present(_ post: inout Blog_Post, _ context: CallContext) { post.content += ", shown" }
  }

  @Test func whatTwoHooksChangeIsShownOnce() async throws {
    try await withHooks(Showing()) { test, posts in
      let created = try await posts.create(Self.titled("a"))
      #expect(created.content == "written, shown")
      let read = try await posts.retrieve(.with { $0.id = created.id })
      #expect(read.title == "a" && read.content == ", shown")
      try await test.expect("SELECT content FROM blog_post", [[""]])
    }
  }

  @Test func aHookMayAnswerWithoutTheDatabase() async throws {
    try await withHooks(Showing()) { _, posts in
      let found = try await posts.retrieve(.with { $0.id = -1 })
      #expect(found.title == "made up" && found.content == ", shown")
      let error = await #expect(throws: RPCError.self) { try await posts.retrieve(.with { $0.id = 1 }) }
      #expect(error?.code == .notFound)
    }
  }

  /// Hooks that find out later whether they want a transaction.
  final class Changing: ModelHooks {
    typealias Record = Blog_Post

    let model = "blog.Post"
    let wants = Atomic(false)
    var isTransactional: Bool { wants.load(ordering: .relaxed) }

    func performCreate(
      _ post: Blog_Post, _ context: CallContext, save: (Blog_Post) async throws -> Blog_Post
    ) async throws -> Blog_Post {
      _ = try await save(post)
      throw Secret()
    }
  }

  @Test func whetherThereIsATransactionIsAskedAtEachCall() async throws {
    let hooks = Changing()
    try await withHooks(hooks) { test, posts in
      await #expect(throws: RPCError.self) { try await posts.create(Self.titled("stays")) }
      hooks.wants.store(true, ordering: .relaxed)
      await #expect(throws: RPCError.self) { try await posts.create(Self.titled("is undone")) }
      try await test.expect("SELECT title FROM blog_post", [["stays"]])
    }
  }

  @Test func aStatementThatRunsOnIsStoppedWithTheCall() async throws {
    let hooks = Creating { post, context, save in
      if post.title == "endless" {
        try await context.database.query(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
      }
      return try await save(post)
    }
    try await withHooks(hooks) { test, posts in
      var options = CallOptions.defaults
      options.timeout = .milliseconds(300)
      let error = await #expect(throws: RPCError.self) {
        try await posts.create(Self.titled("endless"), options: options)
      }
      #expect(error?.code == .deadlineExceeded)
      let found2 = try await posts.create(Self.titled("after")).title
      #expect(found2 == "after")
    }
  }

  @Test func innerTransactionsAreUndoneAlone() async throws {
    let hooks = Creating { post, context, save in
      let insert = "INSERT INTO blog_revision (post, content) VALUES ($1, $2)"
      try await context.database.query(insert, 1, "kept")
      do {
        try await context.database.transaction { database in
          try await database.query(insert, 2, "undone")
          throw Secret()
        }
      } catch is Secret {}
      return try await save(post)
    }
    try await withHooks(hooks) { test, posts in
      _ = try await posts.create(Self.titled("nested"))
      try await test.expect("SELECT content FROM blog_revision", [["kept"]])
      try await test.expect(Self.count, [["1"]])
    }
  }

  @Test func errorsOfTheDatabaseAreWhatTheyAlwaysAre() async throws {
    let hooks = Creating { post, context, save in
      try await context.database.query("INSERT INTO blog_revision (id, post, content) VALUES (1, 1, 'a'), (1, 1, 'b')")
      return try await save(post)
    }
    try await withHooks(hooks) { test, posts in
      let error = await #expect(throws: RPCError.self) { try await posts.create(Self.titled("twice")) }
      #expect(error?.code == .alreadyExists)
      try await test.expect(Self.count, [["0"]])
    }
  }

  /// What a `save` has failed with is undone by itself, and the transaction goes on.
  @Test func aSaveThatFailsCanBeTriedAgain() async throws {
    let hooks = Creating { post, context, save in
      try await context.database.query("INSERT INTO blog_revision (post, content) VALUES ($1, $2)", 1, "kept")
      do {
        return try await save(post)
      } catch {
        var other = post
        other.clearID()
        other.title = "another"
        return try await save(other)
      }
    }
    try await withHooks(hooks) { test, posts in
      let first = try await posts.create(Self.titled("first"))
      let taken = Blog_Post.with {
        $0.id = first.id; $0.title = "taken"
      }
      let second = try await posts.create(taken)
      #expect(second.title == "another" && second.id != first.id)
      try await test.expect("SELECT title FROM blog_post ORDER BY id", [["first"], ["another"]])
      try await test.expect("SELECT content FROM blog_revision", [["kept"], ["kept"]])
    }
  }

  @Test func withoutATransactionWritesGoThroughTheLanes() async throws {
    let hooks = Creating(isTransactional: false) { post, _, save in
      var post = post
      post.title += "!"
      return try await save(post)
    }
    try await withHooks(hooks) { test, posts in
      let found3 = try await posts.create(Self.titled("hello")).title
      #expect(found3 == "hello!")
      let calls = (1...50).map { "post \($0)" }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for title in calls { group.addTask { _ = try await posts.create(Self.titled(title)) } }
        try await group.waitForAll()
      }
      try await test.expect(Self.count, [["51"]])
    }
  }

  @Test func callsAtOnceShareTheSessions() async throws {
    try await withHooks(Creating { post, _, save in try await save(post) }) { test, posts in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 1...40 { group.addTask { _ = try await posts.create(Self.titled("post \(number)")) } }
        try await group.waitForAll()
      }
      try await test.expect(Self.count, [["40"]])
    }
  }

  /// Finds one fault, and notes what has been committed.
  final class Watching: ModelHooks {
    typealias Record = Blog_Post

    let model = "blog.Post"
    let titles = Mutex<[String]>([])

    func validate(_ post: Blog_Post, _ violations: inout Violations, _ context: CallContext) async throws {
      if post.content == "bad" { violations.add("content", "is bad") }
    }

    func committed(_ post: Blog_Post?, _ context: CallContext) async {
      titles.withLock { $0.append(post?.title ?? "none") }
    }
  }

  @Test func violationsOfHooksAndDefinitionsComeTogether() async throws {
    let hooks = Watching()
    try await withHooks(hooks) { _, posts in
      let error = await #expect(throws: RPCError.self) {
        try await posts.create(
          .with {
            $0.title = String(repeating: "x", count: 101); $0.content = "bad"
          })
      }
      #expect(error?.code == .invalidArgument)
      #expect(error?.message.contains("content is bad") == true)
      #expect(error?.message.contains("title") == true)
      #expect(hooks.titles.withLock { $0 } == [])
      _ = try await posts.create(Self.titled("good"))
      while hooks.titles.withLock({ $0.isEmpty }) { await Task.yield() }
      #expect(hooks.titles.withLock { $0 } == ["good"])
    }
  }

  @Test func rowFiltersHoldInsideHooks() async throws {
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
    var server = Server(
      configuration: settings.path, settings: ["models": "\(Self.folder)/models", "protos": "\(Self.folder)/protos"])
    server.add(Creating { post, _, save in try await save(post) })
    try await withTestServer(server) { test in
      let ann = Blog_PostController.Client(wrapping: test.authenticated(as: "a", claims: ["name": "ann"]))
      let bob = Blog_PostController.Client(wrapping: test.authenticated(as: "b", claims: ["name": "bob"]))
      let mine = Blog_Post.with {
        $0.title = "mine"; $0.author = "ann"
      }
      let post = try await ann.create(mine)
      let his = Blog_Post.with {
        $0.title = "his"; $0.author = "bob"
      }
      let stolen = await #expect(throws: RPCError.self) { try await ann.create(his) }
      #expect(stolen?.code == .permissionDenied)
      let taken = Blog_Post.with {
        $0.id = post.id; $0.title = "taken"; $0.author = "bob"
      }
      let missed = await #expect(throws: RPCError.self) { try await bob.update(taken) }
      #expect(missed?.code == .notFound)
      let key = Blog_PostDestroyRequest.with { $0.id = post.id }
      let gone = await #expect(throws: RPCError.self) { _ = try await bob.destroy(key) }
      #expect(gone?.code == .notFound)
      let strangers = Blog_PostController.Client(wrapping: test.client)
      let nobody = await #expect(throws: RPCError.self) { try await strangers.create(his) }
      #expect(nobody?.code == .unauthenticated)
      try await test.expect("SELECT title, author FROM blog_post", [["mine", "ann"]])
    }
  }
}
