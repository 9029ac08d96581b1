import Dispatch
public import Pillion
import Synchronization
public import XCTest

/// Tests of a class, by XCTest, against a server that is made once for all of them, without a database.
///
///     final class GreeterTests: RPCSimpleTestCase {
///       override class func makeServer() throws -> Server { BlogServer.make() }
///
///       func testGreets() async throws {
///         let answer = try await Blog_Greeter.Client(wrapping: test.client).greet(.init())
///         XCTAssertEqual(answer.text, "Hello")
///       }
///     }
///
/// Who overrides `setUp() async throws` or `tearDown() async throws` calls that of the super class, first or last.
open class RPCSimpleTestCase: XCTestCase {
  private static let hosts = Mutex<[ObjectIdentifier: TestHost]>([:])

  private var running: TestServer?

  /// What is served; that of `pillion.yaml`, unless overridden.
  open class func makeServer() throws -> Server { Server() }

  class var isolation: TestIsolation { .noDatabase }
  class var files: [String] { [] }

  /// The server of the test that runs.
  public var test: TestServer {
    get throws {
      guard let running else { throw TestServerError(messages: ["no test is running, or setUp() was not called"]) }
      return running
    }
  }

  open override func setUp() async throws {
    try await super.setUp()
    running = try await Self.host.begin(fixtures: Self.files)
  }

  open override func tearDown() async throws {
    if let running {
      self.running = nil
      try await Self.host.end(running)
    }
    try await super.tearDown()
  }

  open override class func tearDown() {
    if let host = hosts.withLock({ $0.removeValue(forKey: ObjectIdentifier(self)) }) {
      let done = DispatchSemaphore(value: 0)
      Task.detached {
        // The tests have said what there was to say.
        try? await host.stop()
        done.signal()
      }
      done.wait()
    }
    super.tearDown()
  }

  /// Made by the first test of the class.
  private static var host: TestHost {
    get async throws {
      let id = ObjectIdentifier(self)
      if let host = hosts.withLock({ $0[id] }) { return host }
      let host = try await TestHost.start(makeServer(), isolation)
      hosts.withLock { $0[id] = host }
      return host
    }
  }
}

/// Tests whose transactions are real: after each, all tables are emptied. For what `RPCTestCase` cannot show, such as
/// several transactions at once.
open class RPCTransactionTestCase: RPCSimpleTestCase {
  override class var isolation: TestIsolation { .truncation }
  override class var files: [String] { fixtures }

  /// Paths of files with rows that each test begins with.
  open class var fixtures: [String] { [] }
}

/// Tests that each run in a transaction which is undone at its end: the fastest with a database.
open class RPCTestCase: RPCTransactionTestCase {
  override class var isolation: TestIsolation { .rollback }
}
