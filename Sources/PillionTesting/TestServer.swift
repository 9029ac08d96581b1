import Foundation
public import GRPCCore
public import Pillion
import PillionDatabase
import PillionServer
import PillionTransport

/// A server without a port for the time of a test, with a database of its own.
///
///     @Test func creates() async throws {
///       try await withTestServer(Blog.server) { test in
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
public func withTestServer<Result: Sendable>(
  _ server: Server, _ body: (TestServer) async throws -> Result
) async throws -> Result {
  let configured = try server.options().configuration.database
  let database = try await TestDatabase.make(like: configured)
  let result: Swift.Result<Result, any Error>
  do {
    result = .success(try await run(server, database, body))
  } catch {
    result = .failure(error)
  }
  try await database.remove()
  return try result.get()
}

private func run<Result: Sendable>(
  _ server: Server, _ database: TestDatabase, _ body: (TestServer) async throws -> Result
) async throws -> Result {
  var options = try server.options(changed: ["database.url": database.url, "log.level": "critical"])
  options.isTest = true
  options.adaptLayers = TestIdentity.adapt
  let (ready, reports) = AsyncThrowingStream<TransportServer, any Error>.makeStream()
  let thread = ServingThread(options) { host throws(StartFailure) in reports.yield(host.transport) }
  return try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask {
      do {
        try await thread.run()
        reports.finish()
      } catch {
        reports.finish(throwing: error)
      }
    }
    defer { group.cancelAll() }
    for try await transport in ready {
      let inside = try await transport.connectInside()
      defer { inside.close() }
      return try await body(TestServer(inside, database))
    }
    throw CancellationError()
  }
}

/// What a test has of its server.
public struct TestServer: Sendable {
  private let inside: InsideClient
  private let database: TestDatabase

  init(_ inside: InsideClient, _ database: TestDatabase) {
    self.inside = inside
    self.database = database
  }

  /// For the stubs that grpc-swift-2 generates; a caller without a name.
  public var client: GRPCClient<TestChannel> { GRPCClient(transport: TestChannel(inside)) }

  /// For a caller that `authentication` would have found to be this one: no token is needed, and no key.
  ///
  /// - Parameter claims: texts, as a token or an API key would say them.
  public func authenticated(as principal: String, claims: [String: String] = [:]) -> GRPCClient<TestChannel> {
    GRPCClient(transport: TestChannel(inside, metadata: TestIdentity.metadata(principal, claims)))
  }

  /// The URL of the test's database.
  public var databaseURL: String { database.url }

  /// Runs statements in one transaction: rows that a test begins with.
  public func execute(_ statements: String...) async throws { try await database.execute(statements) }

  /// The rows of one statement, every value as text, NULL as nil.
  public func query(_ sql: String) async throws -> [[String?]] { try await database.query(sql) }
}
