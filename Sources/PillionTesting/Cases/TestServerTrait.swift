public import Pillion
public import Testing

/// Gives the tests of a suite a server, made once for all of them, and keeps them apart.
///
///     @Suite(.testServer(BlogServer.make())) struct PostTests {
///       @Test func creates() async throws {
///         let test = try TestServer.current
///         let posts = Blog_PostController.Client(wrapping: test.client)
///         let post = try await posts.create(.with { $0.title = "title" })
///         #expect(post.title == "title")
///         #expect(try await test.query("SELECT count(*) FROM blog_post") == [["1"]])
///       }
///     }
///
/// Tests of one server run one after the other; those of different suites, each with a server and a database of its own,
/// may run at once. On a test that is in no such suite, the server is made for it alone.
public struct TestServerTrait: SuiteTrait, TestTrait, TestScoping {
  /// The suites' servers, by the traits that made them.
  @TaskLocal fileprivate static var hosts: [ObjectIdentifier: TestHost] = [:]
  @TaskLocal fileprivate static var running: TestServer?

  /// Tells traits apart; a suite in a suite inherits the same one.
  private final class Identity: Sendable {}

  private let identity = Identity()
  private let make: @Sendable () throws -> Server
  private let isolation: TestIsolation
  private let fixtures: [String]

  init(_ make: @escaping @Sendable () throws -> Server, isolation: TestIsolation, fixtures: [String]) {
    self.make = make
    self.isolation = isolation
    self.fixtures = fixtures
  }

  public var isRecursive: Bool { true }

  public func scopeProvider(for test: Test, testCase: Test.Case?) -> TestServerTrait? {
    test.isSuite || testCase != nil ? self : nil
  }

  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    if let host = Self.hosts[ObjectIdentifier(identity)] {
      guard !test.isSuite else { return try await function() }
      return try await run(function, on: host)
    }
    let host = try await TestHost.start(make(), isolation)
    let result: Result<Void, any Error>
    do {
      if test.isSuite {
        try await Self.$hosts.withValue(Self.hosts.merging([ObjectIdentifier(identity): host]) { $1 }) {
          try await function()
        }
      } else {
        try await run(function, on: host)
      }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    try await host.stop()
    try result.get()
  }

  private func run(_ function: @Sendable () async throws -> Void, on host: TestHost) async throws {
    try await host.run(fixtures: fixtures) { test in
      try await Self.$running.withValue(test) { try await function() }
    }
  }
}

extension Trait where Self == TestServerTrait {
  /// A server for the tests of a suite, or for one test.
  ///
  /// - Parameters:
  ///   - server: what is served; its database is not touched: the tests have one of their own, of the same kind.
  ///   - isolation: what keeps the tests apart.
  ///   - fixtures: files with rows that each test begins with (see the manual), relative to the file of the test.
  public static func testServer(
    _ server: @autoclosure @escaping @Sendable () throws -> Server, isolation: TestIsolation = .rollback,
    fixtures: [String] = [], file: String = #filePath
  ) -> TestServerTrait {
    let folder = file.prefix(upTo: file.lastIndex(of: "/") ?? file.startIndex)
    return TestServerTrait(
      server, isolation: isolation, fixtures: fixtures.map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" })
  }
}

extension TestServer {
  /// That of the test that runs.
  ///
  /// - Throws: `TestServerError` in a test that has no `.testServer`.
  public static var current: TestServer {
    get throws {
      guard let running = TestServerTrait.running else {
        throw TestServerError(messages: ["the test has no server: neither it nor its suite has the trait '.testServer'"]
        )
      }
      return running
    }
  }
}
