import Foundation
import Pillion
import PillionDatabase
import PillionSchema
import PillionServer
import PillionTransport
import Synchronization

/// A server without ports, with a database of its own: for one test, or for those of a suite, one after the other.
final class TestHost: Sendable {
  private struct Parts: Sendable {
    let transport: TransportServer
    let store: TestStore
  }

  private let isolation: TestIsolation?
  private let database: TestDatabase
  private let parts: Parts
  private let serving: Task<Void, any Error>
  private let turn = TestTurn()
  /// Fixtures that have been read, by their paths.
  private let fixtures = Mutex<[String: Fixture]>([:])

  private init(_ isolation: TestIsolation?, _ database: TestDatabase, _ parts: Parts, _ serving: Task<Void, any Error>)
  {
    self.isolation = isolation
    self.database = database
    self.parts = parts
    self.serving = serving
  }

  /// - Parameter isolation: nil: the server is for one test alone.
  static func start(_ server: Server, _ isolation: TestIsolation?) async throws -> TestHost {
    let configured = isolation == .noDatabase ? nil : try server.options().configuration.database
    let database = try await TestDatabase.make(like: configured)
    do {
      let (parts, serving) = try await serve(server, database, isolation)
      return TestHost(isolation, database, parts, serving)
    } catch {
      try await database.remove()
      throw error
    }
  }

  private static func serve(
    _ server: Server, _ database: TestDatabase, _ isolation: TestIsolation?
  ) async throws -> (Parts, Task<Void, any Error>) {
    var options = try server.options(changed: ["database.url": database.url, "log.level": "critical"])
    options.hasCallers = true
    options.createsTables = isolation != .noDatabase
    options.allowsDrift = isolation == .noDatabase
    options.adaptLayers = TestIdentity.adapt
    options.adaptDriver = { (driver) throws(DatabaseError) in
      switch isolation {
      case nil, .truncation: return driver
      case .noDatabase: return NoDatabaseDriver(driver)
      case .rollback:
        do throws(DatabaseError) {
          return try RollbackDriver(driver)
        } catch {
          driver.shutdown()
          throw error
        }
      }
    }
    let (ready, reports) = AsyncThrowingStream<Parts, any Error>.makeStream()
    let thread = ServingThread(options) { host throws(StartFailure) in
      let store = TestStore(driver: host.driver, schema: host.definitions.schema)
      reports.yield(Parts(transport: host.transport, store: store))
    }
    let serving = Task {
      do {
        try await thread.run()
        reports.finish()
      } catch {
        reports.finish(throwing: error)
        throw error
      }
    }
    for try await parts in ready { return (parts, serving) }
    serving.cancel()
    throw CancellationError()
  }

  func stop() async throws {
    serving.cancel()
    let ending = await serving.result
    try await database.remove()
    try ending.get()
  }

  // MARK: Tests

  /// Waits until no other test runs.
  func begin(fixtures paths: [String] = []) async throws -> TestServer {
    await turn.take()
    do {
      if let driver = parts.store.driver as? RollbackDriver { try await driver.begin() }
      for path in paths { try await parts.store.load(fixture(at: path).rows) }
      return TestServer(
        try await parts.transport.connectInside(), parts.transport, parts.store, databaseURL: database.url)
    } catch {
      await reset()
      turn.give()
      throw error
    }
  }

  /// Ends the test's calls, and undoes what it did.
  func end(_ test: TestServer) async throws {
    test.close()
    defer { turn.give() }
    switch isolation {
    case nil, .noDatabase: break
    case .rollback: try await (parts.store.driver as? RollbackDriver)?.rollback()
    case .truncation: try await parts.store.truncate()
    }
  }

  /// What a test that could not begin has left behind; another error would hide why it could not.
  private func reset() async {
    switch isolation {
    case nil, .noDatabase: break
    case .rollback: try? await (parts.store.driver as? RollbackDriver)?.rollback()
    case .truncation: try? await parts.store.truncate()
    }
  }

  func run<Result: Sendable>(
    fixtures: [String] = [], _ body: (TestServer) async throws -> Result
  ) async throws -> Result {
    let test = try await begin(fixtures: fixtures)
    let result: Swift.Result<Result, any Error>
    do {
      result = .success(try await body(test))
    } catch {
      result = .failure(error)
    }
    do {
      try await end(test)
    } catch {
      // What the test itself says counts first.
      _ = try result.get()
      throw error
    }
    return try result.get()
  }

  private func fixture(at path: String) throws -> Fixture {
    if let known = fixtures.withLock({ $0[path] }) { return known }
    let (fixture, diagnostics) = Fixture.load(path: path, schema: parts.store.schema)
    guard let fixture else { throw TestServerError(messages: diagnostics.map(\.description)) }
    fixtures.withLock { $0[path] = fixture }
    return fixture
  }
}

/// Why a test cannot begin.
public struct TestServerError: Error, CustomStringConvertible {
  /// What is wrong, a line each, with its place.
  public let messages: [String]

  public var description: String { messages.joined(separator: "\n") }
}

/// Whose test is next.
private final class TestTurn: Sendable {
  private struct State {
    var isTaken = false
    var waiting: ArraySlice<CheckedContinuation<Void, Never>> = []
  }

  private let state = Mutex(State())

  func take() async {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        if state.isTaken { state.waiting.append(continuation) }
        defer { state.isTaken = true }
        return !state.isTaken
      }
      if isFree { continuation.resume() }
    }
  }

  func give() {
    let next = state.withLock { state in
      let next = state.waiting.popFirst()
      if next == nil { state.isTaken = false }
      return next
    }
    next?.resume()
  }
}
