import Blog
import Foundation
import GRPCCore
import GRPCProtobuf
import Pillion
import PillionTesting
import Testing

/// The rows that methods of one's own find: those that their services show to the caller.
@Suite struct ObjectsTests {
  typealias Posts = Blog_PostController.Client<TestChannel>
  typealias Rows = @Sendable (CallContext) throws -> Queryset

  private static let isPostgreSQL =
    ProcessInfo.processInfo.environment["PILLION_DATABASE_URL"]?.hasPrefix("postgres") ?? false

  /// Says what there is of a service's posts.
  struct Teller: Service {
    let name = "blog.Teller"

    var methods: [ServiceMethod] {
      [
        .unary("Posts") { (service: Blog_FeedLine, context) in
          try await told(context.objects(Blog_Post.self, of: service.text.isEmpty ? nil : service.text))
        },
        .unary("Of") { (author: Blog_FeedLine, context) in
          let rows = Queryset("author = claims.it", ["it": .text(author.text)]).filter("title != 'x'")
          return try await told(context.objects(Blog_Post.self, of: "blog.PostController", in: rows))
        },
        .unary("Revisions") { (title: Blog_FeedLine, context) in
          let revisions = context.objects(Blog_Revision.self, of: "blog.RevisionController")
            .filter("post.title = $1", .text(title.text))
          let contents = try await revisions.order("id").all().map(\.content)
          let last = try await revisions.max(of: "content").text ?? "none"
          let count = try await revisions.count()
          return Blog_FeedLine.with { $0.text = "\(contents.joined(separator: " ")): \(count), \(last)" }
        },
        .unary("TooMany") { (_: Blog_FeedLine, context) in
          try await context.database.transaction { database in
            let posts = context.objects(Blog_Post.self, of: "blog.PostController", inside: database)
            let ids = (1...16_384).map { SQLValue.integer($0) }
            do {
              _ = try await posts.filter("id", in: ids).filter("id", in: ids).all()
            } catch let error as ModelError {
              return Blog_FeedLine.with { $0.text = error.description }
            }
            return Blog_FeedLine()
          }
        },
        .unary("Every") { (_: Blog_FeedLine, context) in try await told(context.database.query(Blog_Post.self)) },
      ]
    }
  }

  /// A service over posts with a further method, in the place of the definitions' or beside it.
  struct Reader: ListModel, RetrieveModel {
    typealias Record = Blog_Post
    typealias Key = Blog_PostRetrieveRequest

    var name = "blog.Reader"
    let rows: Rows

    func queryset(_ context: CallContext) throws -> Queryset { try rows(context) }

    var methods: [ServiceMethod] {
      [
        .unary("Posts") { (_: Blog_FeedLine, context) in try await told(objects(context)) },
        .unary("Shown") { (_: Blog_FeedLine, context) in try await told(context.objects(Blog_Post.self)) },
        ServiceMethod.unary("Inside") { (_: Blog_FeedLine, context) in
          try await context.database.transaction { database in
            try await database.query("UPDATE blog_post SET title = 'two!' WHERE title = 'two'")
            return try await told(objects(context, inside: database))
          }
        }.mutating(),
        .unary("Published") { (author: Blog_FeedLine, context) in
          try await told(objects(context).filter("published = true OR author = $1", .text(author.text)).limit(1))
        },
      ]
    }
  }

  /// Says how many posts its caller sees while the new one is being written.
  struct Counting: ModelHooks {
    typealias Record = Blog_Post

    let model = "blog.Post"

    func performCreate(
      _ post: Blog_Post, _ context: CallContext, save: (Blog_Post) async throws -> Blog_Post
    ) async throws -> Blog_Post {
      var stored = try await save(post)
      stored.content = try await told(context.objects(Blog_Post.self).filter("id > 101")).text
      return stored
    }
  }

  /// `titles: how many, sum of ids, last title`, as every way of asking has it.
  static func told(_ posts: ModelQuery<Blog_Post>) async throws -> Blog_FeedLine {
    var titles: [String] = []
    for try await post in posts.order("id").rows { titles.append(post.title) }
    guard try await posts.order("id").all().map(\.title) == titles else { throw Pillion.Status(.internal, "all, rows") }
    let last = try await posts.order("id desc").first()?.title ?? "none"
    let sum = try await posts.sum(of: "id").integer ?? 0
    let count = try await posts.count()
    return .with { $0.text = "\(titles.joined(separator: " ")): \(count), \(sum), \(last)" }
  }

  private static let publishing = ServiceMethod.unary("Publish") { (request: Blog_PostPublishRequest, context) in
    guard var post = try await context.objects(Blog_Post.self).filter("id = $1", .integer(request.id)).first() else {
      throw Pillion.Status(.notFound, "There is no post \(request.id).")
    }
    post.published = true
    return try await context.database.update(post)
  }.mutating()

  /// A blog in which callers see what is published and what is theirs, of four posts: two of Ann's, of which the second
  /// is published, one of Bob's, and one of his that is published and that the service does not show.
  private func withPosts(
    _ rowFilter: String = "author = claims.name OR published = true", _ add: (inout Server) -> Void,
    _ body: (TestServer) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder.appending(path: "models"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var models = try String(contentsOfFile: "\(Server.folder)/models/blog.yaml", encoding: .utf8)
    for (text, other) in [
      ("    service:\n      methods:", "    service:\n      filter: 'NOT title = \"hidden\"'\n      methods:"),
      ("post:    { type: int64 }", "post:    { type: foreign_key, model: Post, column: post }"),
    ] {
      try #require(models.contains(text))
      models.replace(text, with: other)
    }
    try models.write(to: folder.appending(path: "models/blog.yaml"), atomically: true, encoding: .utf8)
    try """
    interceptors:
      - authentication:
          jwt: { secret: "a secret that is long enough for every algorithm: 64 bytes or more", issuer: i, audience: a }
          anonymous: ["*/*"]
      - authorization:
          rules: [{ allow: "*/*" }]
          row_filters: { blog.Post: '\(rowFilter)' }
    """.write(to: folder.appending(path: "pillion.yaml"), atomically: true, encoding: .utf8)
    var server = Server(
      configuration: folder.appending(path: "pillion.yaml").path,
      settings: ["models": folder.appending(path: "models").path, "protos": "\(Server.folder)/protos"])
    server.add(Teller())
    add(&server)
    try await withTestServer(server) { test in
      let posts = [
        ("one", "ann", "false"), ("two", "ann", "true"), ("three", "bob", "false"), ("hidden", "bob", "true"),
      ]
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

  private func tell(
    _ method: String, _ client: GRPCClient<TestChannel>, _ text: String = "", metadata: [String: String] = [:]
  ) async throws -> String {
    let names = method.split(separator: "/").map(String.init)
    var request = ClientRequest(message: Blog_FeedLine.with { $0.text = text })
    for (name, value) in metadata { request.metadata.addString(value, forKey: name) }
    return try await client.unary(
      request: request,
      descriptor: GRPCCore.MethodDescriptor(fullyQualifiedService: names[0], method: names[1]),
      serializer: ProtobufSerializer<Blog_FeedLine>(), deserializer: ProtobufDeserializer<Blog_FeedLine>(),
      options: .defaults
    ) { try $0.message.text }
  }

  private func listed(_ client: GRPCClient<TestChannel>) async throws -> [String] {
    try await Posts(wrapping: client).list(.with { $0.orderBy = "id" }) { response in
      try await response.messages.reduce(into: []) { $0.append($1.title) }
    }
  }

  private func named(_ name: String, _ test: TestServer) -> GRPCClient<TestChannel> {
    test.authenticated(as: "x", claims: ["name": name])
  }

  @discardableResult
  private func expect(_ code: RPCError.Code, _ call: () async throws -> Void) async -> String {
    let error = await #expect(throws: RPCError.self) { try await call() }
    #expect(error?.code == code)
    return error?.message ?? ""
  }

  @Test func thoseOfTheServicesList() async throws {
    try await withPosts { _ in
    } _: { test in
      let controller = "blog.PostController"
      for (client, titles, rest) in [
        (named("ann", test), ["one", "two"], "2, 203, two"), (named("bob", test), ["two", "three"], "2, 205, three"),
        (named("carl", test), ["two"], "1, 102, two"), (test.client, ["two"], "1, 102, two"),
      ] {
        try await equal(listed(client), titles)
        try await equal(tell("blog.Teller/Posts", client, controller), "\(titles.joined(separator: " ")): \(rest)")
        try await equal(tell("blog.Teller/Every", client), "one two three hidden: 4, 410, hidden")
      }
      try await equal(tell("blog.Teller/Of", named("ann", test), "ann"), "one two: 2, 203, two")
      try await equal(tell("blog.Teller/Of", named("bob", test), "ann"), "two: 1, 102, two")
      try await equal(tell("blog.Teller/Of", test.client, "bob"), ": 0, 0, none")
    }
  }

  @Test func declaredMethodsFindTheirs() async throws {
    try await withPosts {
      $0.add(Self.publishing, to: "blog.PostController")
    } _: { test in
      let ann = Posts(wrapping: named("ann", test))
      let bob = Posts(wrapping: named("bob", test))
      await expect(.notFound) { _ = try await bob.publish(.with { $0.id = 101 }) }
      await expect(.notFound) { _ = try await bob.publish(.with { $0.id = 104 }) }
      await expect(.notFound) { _ = try await Posts(wrapping: test.client).publish(.with { $0.id = 103 }) }
      try await test.expect("SELECT id FROM blog_post WHERE published = true ORDER BY id", [["102"], ["104"]])
      try await equal(ann.publish(.with { $0.id = 101 }).published, true)
      try await equal(bob.publish(.with { $0.id = 101 }).title, "one")
    }
  }

  /// In the place of the definitions' service or beside it, a service has its `queryset` as well.
  @Test func servicesHaveTheirQueryset() async throws {
    for name in ["blog.PostController", "blog.Reader"] {
      let rows: Rows = { context in
        Queryset(
          "title != claims.without AND author = claims.authors", ["without": .text(context.metadata["without"] ?? "")],
          lists: ["authors": (context.metadata["authors"] ?? "").split(separator: ",").map { .text(String($0)) }])
      }
      try await withPosts {
        $0.add(Reader(name: name, rows: rows))
      } _: { test in
        let ann = named("ann", test)
        func told(_ method: String, _ authors: String, without: String) async throws -> String {
          try await tell("\(name)/\(method)", ann, metadata: ["authors": authors, "without": without])
        }
        try await equal(told("Posts", "ann,bob", without: "x"), "one two: 2, 203, two")
        try await equal(told("Posts", "ann,bob", without: "two"), "one: 1, 101, one")
        try await equal(told("Posts", "ann,bob,carl", without: "one"), "two: 1, 102, two")
        try await equal(told("Posts", "bob", without: "x"), ": 0, 0, none")
        try await equal(told("Posts", "", without: "x"), ": 0, 0, none")
        try await equal(told("Shown", "bob", without: "one"), "one two: 2, 203, two")
        try await equal(
          tell("\(name)/Published", ann, "carl", metadata: ["authors": "ann", "without": "x"]), "two: 1, 102, two")
      }
    }
  }

  @Test func whatIsMissingHidesAll() async throws {
    try await withPosts {
      $0.add(Reader { _ in Queryset("title != claims.without", ["without": .null]) })
    } _: { test in
      try await equal(tell("blog.Reader/Posts", named("ann", test)), ": 0, 0, none")
    }
    try await withPosts("NOT author = claims.name") { _ in
    } _: { test in
      try await equal(tell("blog.Teller/Posts", named("bob", test), "blog.PostController"), "one two: 2, 203, two")
      try await equal(tell("blog.Teller/Posts", test.client, "blog.PostController"), ": 0, 0, none")
    }
  }

  @Test func aValueThatTheDatabaseCannotHoldHidesAll() async throws {
    let name = "blog.PostController"
    try await withPosts {
      $0.add(Reader(name: name) { _ in Queryset("NOT author = claims.other", ["other": .text("bob\u{0}")]) })
    } _: { test in
      let ann = named("ann", test)
      try await equal(listed(ann), Self.isPostgreSQL ? [] : ["one", "two"])
      try await equal(tell("\(name)/Posts", ann), Self.isPostgreSQL ? ": 0, 0, none" : "one two: 2, 203, two")
    }
  }

  @Test func whatAQuerysetThrowsIsThrown() async throws {
    try await withPosts {
      $0.add(
        Reader { context in
          if context.principal == nil { throw Pillion.Status(.permissionDenied, "Not on Sundays.") }
          return Queryset("secret_column = 1")
        })
    } _: { test in
      let message = await expect(.permissionDenied) { _ = try await tell("blog.Reader/Posts", test.client) }
      #expect(message == "Not on Sundays.")
      let other = await expect(.internalError) { _ = try await tell("blog.Reader/Posts", named("ann", test)) }
      #expect(!other.contains("secret_column"))
      try await equal(tell("blog.Reader/Shown", named("ann", test)), "one two: 2, 203, two")
    }
  }

  @Test func transactionsAreSeenFromInside() async throws {
    try await withPosts {
      $0.add(Reader { _ in Queryset("NOT author = claims.other", ["other": .text("bob")]) })
    } _: { test in
      try await equal(tell("blog.Reader/Inside", test.client), "two!: 1, 102, two!")
      // More than are read at once.
      try await test.execute(
        """
        WITH RECURSIVE n(id) AS (SELECT 1001 UNION ALL SELECT id + 1 FROM n WHERE id < 2200)
        INSERT INTO blog_post (id, title, content, author, published, created)
        SELECT id, 't', '', CASE id % 2 WHEN 0 THEN 'ann' ELSE 'bob' END, false, '2026-02-01 12:00:00' FROM n
        """)
      try await equal(
        tell("blog.Reader/Inside", named("ann", test)),
        "one two! \(Array(repeating: "t", count: 600).joined(separator: " ")): 602, 960803, t")
      try await equal(tell("blog.Reader/Inside", test.client), "two!: 1, 102, two!")
    }
  }

  @Test func hooksSeeThemInsideTheirTransaction() async throws {
    try await withPosts {
      $0.add(Counting())
    } _: { test in
      let post = Blog_Post.with {
        $0.id = 200; $0.title = "four"; $0.author = "ann"
      }
      try await equal(Posts(wrapping: named("ann", test)).create(post).content, "two four: 2, 302, four")
    }
  }

  /// A filter that goes through a relation finds what it would in a List.
  @Test func relatedRowsAreTheCallers() async throws {
    try await withPosts { _ in
    } _: { test in
      for (id, post) in [(1, 101), (2, 102), (3, 101), (4, 104)] {
        try await test.execute("INSERT INTO blog_revision (id, post, content) VALUES (\(id), \(post), 'r\(id)')")
      }
      func listed(_ client: GRPCClient<TestChannel>, _ title: String) async throws -> [String] {
        try await Blog_RevisionController.Client(wrapping: client).list(
          .with {
            $0.filter = "post.title = \"\(title)\""; $0.orderBy = "id"
          }
        ) { response in try await response.messages.reduce(into: []) { $0.append($1.content) } }
      }
      for (client, title, contents) in [
        (named("ann", test), "one", ["r1", "r3"]), (named("bob", test), "one", []), (test.client, "two", ["r2"]),
        (named("bob", test), "hidden", ["r4"]),
      ] {
        try await equal(
          tell("blog.Teller/Revisions", client, title),
          "\(contents.joined(separator: " ")): \(contents.count), \(contents.last ?? "none")")
        try await equal(listed(client, title), contents)
      }
    }
  }

  @Test func whatThereIsNotIsSaid() async throws {
    try await withPosts { _ in
    } _: { test in
      for service in ["", "blog.Nothing", "blog.RevisionController", "blog.Post"] {
        await expect(.internalError) { _ = try await tell("blog.Teller/Posts", test.client, service) }
      }
      try await equal(
        tell("blog.Teller/TooMany", test.client),
        "a value of the filter on blog.Post is one of more than 32766")
    }
  }
}
