import Blog
import Foundation
import GRPCCore
import Pillion
import PillionTesting
import Testing

/// Hooks of callers with roles of their own in PostgreSQL.
@Suite struct RoleTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  private static let isPostgreSQL =
    ProcessInfo.processInfo.environment["PILLION_DATABASE_URL"]?.hasPrefix("postgres") ?? false

  /// Notes for whom PostgreSQL runs it, inside the transaction of the write.
  struct Noting: ModelHooks {
    typealias Record = Blog_Post

    let model = "blog.Post"

    func performCreate(
      _ post: Blog_Post, _ context: CallContext, save: (Blog_Post) async throws -> Blog_Post
    ) async throws -> Blog_Post {
      var post = post
      let rows = try await context.database.query("SELECT current_user::text")
      post.content = rows.first?.first?.text ?? ""
      if post.title == "secret" { try await context.database.query("SELECT count(*) FROM blog_revision") }
      if post.title == "hidden" { _ = try await RoleTests.revisions(context).count() }
      return try await save(post)
    }
  }

  private static func revisions(_ context: CallContext) -> ModelQuery<Blog_Revision> {
    context.objects(Blog_Revision.self, of: "blog.RevisionController")
  }

  /// Outside of a hook's transaction it is for the login role.
  private static let counting = ServiceMethod.unary("Publish") { (_: Blog_PostPublishRequest, context) in
    let count = try await revisions(context).count()
    return Blog_Post.with { $0.content = "\(count)" }
  }

  @Test(.enabled(if: isPostgreSQL)) func hooksRunForTheCallersRole() async throws {
    let role = "pillion_test_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
    let settings = FileManager.default.temporaryDirectory.appending(path: "\(role).yaml")
    defer { try? FileManager.default.removeItem(at: settings) }
    try """
    interceptors:
      - authentication:
          jwt: { secret: "a secret that is long enough for every algorithm: 64 bytes or more", issuer: i, audience: a }
      - authorization:
          rules: [{ allow: "*/*" }]
          database_role: { claim: role, allow_bypass: true }
    """.write(to: settings, atomically: true, encoding: .utf8)
    var server = Server(
      configuration: settings.path, settings: ["models": "\(Self.folder)/models", "protos": "\(Self.folder)/protos"])
    server.add(Noting())
    server.add(Self.counting, to: "blog.PostController")
    try await withTestServer(server) { test in
      try await test.execute(
        "CREATE ROLE \(role)", "GRANT SELECT, INSERT ON blog_post TO \(role)",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO \(role)")
      let posts = Blog_PostController.Client(wrapping: test.authenticated(as: "ann", claims: ["role": role]))
      let outcome = await Result { try await self.check(posts, role, test) }
      try await test.execute("DROP OWNED BY \(role)", "DROP ROLE \(role)")
      try outcome.get()
    }
  }

  private func check(_ posts: Blog_PostController.Client<TestChannel>, _ role: String, _ test: TestServer) async throws
  {
    try await equal(posts.create(.with { $0.title = "mine" }).content, role)
    for title in ["secret", "hidden"] {
      let refused = await #expect(throws: RPCError.self) { try await posts.create(.with { $0.title = title }) }
      #expect(refused?.code == .permissionDenied)
    }
    try await equal(posts.publish(.init()).content, "0")
    // The session has gone back as it was.
    try await equal(posts.create(.with { $0.title = "again" }).content, role)
    try await test.expect("SELECT title FROM blog_post ORDER BY id", [["mine"], ["again"]])
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}
