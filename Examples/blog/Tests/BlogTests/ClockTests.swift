import Blog
import Foundation
import GRPCCore
import Pillion
import PillionTesting
import Synchronization
import Testing

/// What goes by the server's clock, which tests move.
@Suite struct ClockTests {
  typealias Posts = Blog_PostController.Client<TestChannel>

  /// Says that a Create has begun, and hangs.
  struct Hanging: ModelHooks {
    typealias Record = Blog_Post

    let model = "blog.Post"
    let begun: AsyncStream<Duration?>.Continuation

    func performCreate(
      _ post: Blog_Post, _ context: CallContext, save: (Blog_Post) async throws -> Blog_Post
    ) async throws -> Blog_Post {
      begun.yield(context.timeRemaining)
      try await Task.sleep(for: .seconds(3600))
      return try await save(post)
    }
  }

  private static func server(_ interceptors: String) throws -> Server {
    let settings = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml")
    try "interceptors:\n\(interceptors)".write(to: settings, atomically: true, encoding: .utf8)
    return Server(
      configuration: settings.path,
      settings: ["models": "\(Server.folder)/models", "protos": "\(Server.folder)/protos"])
  }

  @Test func deadlinesCome() async throws {
    var server = try Self.server("  - deadline: { default: 1h }")
    let (begun, continuation) = AsyncStream<Duration?>.makeStream()
    server.add(Hanging(begun: continuation))
    try await withTestServer(server) { test in
      await test.advanceClock(by: .seconds(7200))
      let created = Task { try await Posts(wrapping: test.client).create(.with { $0.title = "late" }) }
      let remaining = try #require(await begun.first { _ in true })
      #expect(remaining ?? .zero > .seconds(3500))
      #expect(remaining ?? .zero <= .seconds(3600))
      await test.advanceClock(by: .seconds(3601))
      let error = await #expect(throws: RPCError.self) { try await created.value }
      #expect(error?.code == .deadlineExceeded)
      try await test.expect("SELECT count(*) FROM blog_post", [["0"]])
    }
  }

  @Test func ratesAreFreeAgain() async throws {
    let server = try Self.server("  - rate_limit: { rate: 1/h, burst: 2 }")
    try await withTestServer(server) { test in
      let posts = Posts(wrapping: test.client)
      func isRefused() async throws -> Bool {
        do {
          _ = try await posts.create(.with { $0.title = "title" })
          return false
        } catch let error as RPCError where error.code == .resourceExhausted {
          return true
        }
      }
      for _ in 0..<2 { try await equal(isRefused(), false) }
      try await equal(isRefused(), true)
      await test.advanceClock(by: .seconds(3600))
      try await equal(isRefused(), false)
      try await equal(isRefused(), true)
    }
  }

  @Test func tokensExpire() async throws {
    let secret = "a secret that is long enough for every algorithm: 64 bytes or more"
    let server = try Self.server(
      "  - authentication: { jwt: { secret: '\(secret)', issuer: i, audience: a, leeway: 0s } }")
    // {"iss":"i","aud":"a","sub":"ann","exp":4102444800}: until 2100.
    let token = [
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJpc3MiOiJpIiwiYXVkIjoiYSIsInN1YiI6ImFubiIsImV4cCI6NDEwMjQ0NDgwMH0",
      "UTnlS43vf0Q-94Pob7o9ntFaTl6xOF1PCeJ7vVt6Y_g",
    ].joined(separator: ".")
    try await withTestServer(server) { test in
      let posts = Posts(wrapping: test.client)
      let metadata: GRPCCore.Metadata = ["authorization": .string("Bearer \(token)")]
      _ = try await posts.create(.with { $0.title = "early" }, metadata: metadata)
      await test.advanceClock(by: .seconds(4_102_444_801 - Date().timeIntervalSince1970))
      let error = await #expect(throws: RPCError.self) {
        try await posts.create(.with { $0.title = "late" }, metadata: metadata)
      }
      #expect(error?.code == .unauthenticated)
    }
  }

  @Test func rowsAreOfThatTime() async throws {
    try await withTestServer(.blog) { test in
      let before = Date().timeIntervalSince1970
      await test.advanceClock(by: .seconds(86_400))
      let post = try await Posts(wrapping: test.client).create(.with { $0.title = "tomorrow" })
      #expect(Double(post.created.seconds) >= (before + 86_399).rounded(.down))
    }
  }

  /// The date goes back at the end of each test, whichever comes first.
  @Suite(.testServer(try ClockTests.server("  - rate_limit: { rate: 1/h, burst: 100 }"))) struct Shared {
    @Test(arguments: 1...2) func theNextTestHasTheSystemsTime(_ number: Int) async throws {
      let test = try TestServer.current
      let posts = Posts(wrapping: test.client)
      let now = Date().timeIntervalSince1970
      let post = try await posts.create(.with { $0.title = "now" })
      #expect(abs(Double(post.created.seconds) - now) < 3600)
      await test.advanceClock(by: .seconds(1_000_000))
      _ = try await posts.create(.with { $0.title = "later" })
    }
  }
}
