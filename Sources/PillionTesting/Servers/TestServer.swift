public import GRPCCore
public import Pillion
import PillionTransport

/// A server without a port for the time of a test, with a database of its own.
///
///     @Test func creates() async throws {
///       try await withTestServer(BlogServer.make()) { test in
///         let posts = Blog_PostController.Client(wrapping: test.client)
///         let post = try await posts.create(.with { $0.title = "title" })
///         #expect(post.title == "title")
///         #expect(try await test.query("SELECT count(*) FROM blog_post") == [["1"]])
///       }
///     }
///
/// It does all that the real one does, but for listening. The database is new and empty, with the tables that the
/// definitions need, and is gone after the test: tests may run at once, and see transactions as clients do. It is of the
/// kind that the settings name; SQLite, if they name none.
///
/// Where a suite has several tests of the same server, `.testServer(…)` makes it once for all of them.
public func withTestServer<Result: Sendable>(
  _ server: Server, _ body: (TestServer) async throws -> Result
) async throws -> Result {
  let host = try await TestHost.start(server, nil)
  let result: Swift.Result<Result, any Error>
  do {
    result = .success(try await host.run(body))
  } catch {
    result = .failure(error)
  }
  try await host.stop()
  return try result.get()
}

/// What a test has of its server.
public struct TestServer: Sendable {
  /// The URL of the test's database.
  public let databaseURL: String
  private let inside: InsideClient
  private let store: TestStore
  private let transport: TransportServer

  init(_ inside: InsideClient, _ transport: TransportServer, _ store: TestStore, databaseURL: String) {
    self.inside = inside
    self.transport = transport
    self.store = store
    self.databaseURL = databaseURL
  }

  /// For the stubs that grpc-swift-2 generates; a caller without a name.
  public var client: GRPCClient<TestChannel> { GRPCClient(transport: TestChannel(inside)) }

  /// For a caller that `authentication` would have found to be this one: no token is needed, and no key.
  ///
  /// - Parameter claims: texts, as a token or an API key would say them.
  public func authenticated(as principal: String, claims: [String: String] = [:]) -> GRPCClient<TestChannel> {
    GRPCClient(transport: TestChannel(inside, metadata: TestIdentity.metadata(principal, claims)))
  }

  /// Runs statements in one transaction: rows that a test begins with.
  public func execute(_ statements: String...) async throws { try await store.execute(statements) }

  /// The rows of one statement, every value as text, NULL as nil.
  public func query(_ sql: String) async throws -> [[String?]] { try await store.query(sql) }

  /// Moves the server's clock, whose date goes back to the system's at the end of the test: calls whose deadline has come then
  /// end with DEADLINE_EXCEEDED, tokens and page tokens expire, rates are free again, `auto_now` writes that time.
  ///
  /// What the client and the database themselves measure goes on by the system's clock: `CallOptions.timeout` ends a call
  /// at the client, if not before at the server.
  public func advanceClock(by duration: Duration) async {
    let (seconds, attoseconds) = duration.components
    let nanoseconds = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let rest = UInt64(clamping: attoseconds / 1_000_000_000)
    await transport.advanceClock(by: nanoseconds.overflow ? UInt64(Int64.max) : nanoseconds.partialValue &+ rest)
  }

  /// Ends its calls.
  func close() {
    inside.close()
    transport.resetClock()
  }
}
