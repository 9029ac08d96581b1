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
      return try await save(post)
    }
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
    let refused = await #expect(throws: RPCError.self) { try await posts.create(.with { $0.title = "secret" }) }
    #expect(refused?.code == .permissionDenied)
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
