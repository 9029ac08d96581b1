import Glibc
import NIOEmbedded
import PillionDatabase
import Synchronization
import Testing

@testable import PillionService

/// When an event loop waits for the next call without sleeping.
@Suite struct LoopStateTests {
  /// A client that calls again at once is waited for, and its call stays awake too.
  @Test func aClientThatCallsAgain() throws {
    let conversation = try Conversation()
    #expect(try !conversation.call(cameAtOnce: true, next: true).staysAwake)
    for _ in 0..<5 { #expect(try conversation.call(cameAtOnce: true, next: true).staysAwake) }
    // The database was slow: nobody waits for the client, and its next call sleeps.
    #expect(try conversation.call(cameAtOnce: false, next: true).staysAwake)
    #expect(try !conversation.call(cameAtOnce: true, next: true).staysAwake)
    #expect(conversation.looks == 6)
  }

  /// A client that takes its time is waited for less and less often.
  @Test func aClientThatThinks() throws {
    let conversation = try Conversation()
    for _ in 0..<1000 { #expect(try !conversation.call(cameAtOnce: true, next: false).staysAwake) }
    #expect(conversation.looks == 21)
  }

  /// While others have calls under way, the loop sleeps.
  @Test func othersWait() throws {
    let conversation = try Conversation()
    conversation.isAlone = false
    for _ in 0..<100 { #expect(try !conversation.call(cameAtOnce: true, next: true).staysAwake) }
    #expect(conversation.looks == 7)
  }

  /// Answers that came by way of the lane's thread say nothing.
  @Test func slowAnswers() throws {
    let conversation = try Conversation()
    for _ in 0..<100 { #expect(try !conversation.call(cameAtOnce: false, next: true).staysAwake) }
    #expect(conversation.looks == 0)
  }

  @Test func turnedOff() throws {
    let conversation = try Conversation(staysAwake: false)
    for _ in 0..<100 { #expect(try !conversation.call(cameAtOnce: true, next: true).staysAwake) }
    #expect(conversation.looks == 0)
  }
}

/// A loop, a client's socket with both its ends, and a driver that the test answers for.
private final class Conversation {
  private let eventLoop = EmbeddedEventLoop()
  private let loop: LoopState
  private let driver = SilentDriver()
  private let server: Int32
  private let client: Int32
  private let looked = Locked(0)
  var isAlone = true

  /// How often the loop asked for the client's socket.
  var looks: Int { looked.withLock { $0 } }

  init(staysAwake: Bool = true) throws {
    loop = LoopState(eventLoop: eventLoop, staysAwake: staysAwake)
    var ends: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    (server, client) = (ends[0], ends[1])
  }

  deinit {
    close(server)
    close(client)
  }

  /// One call from its request to its answer.
  ///
  /// - Parameter next: whether the client sends another as soon as it has that.
  func call(cameAtOnce: Bool, next: Bool) throws -> Operation {
    let operation = Operation(steps: [], parameters: Parameters(), isWrite: false, mailbox: loop)
    loop.submit(operation, to: driver)
    eventLoop.run()
    try #require(driver.last.withLock { $0 } === operation)
    operation.cameAtOnce = cameAtOnce
    if next { #expect(write(client, "x", 1) == 1) }
    loop.attend(after: operation) { [looked, server, isAlone] in
      looked.withLock { $0 += 1 }
      return isAlone ? server : nil
    }
    eventLoop.run()
    if next {
      var byte: UInt8 = 0
      #expect(read(server, &byte, 1) == 1)
    }
    return operation
  }
}

/// Keeps what it was given last, and answers nothing.
private final class SilentDriver: Driver {
  let last = Locked<Operation?>(nil)
  var dialect: Dialect { .postgresql }
  var isAvailable: Bool { true }
  var statistics: DriverStatistics { DriverStatistics(lanes: [], statements: StatementCounts().values) }

  func submit(_ operations: inout Ring<Operation>) {
    while let operation = operations.removeFirst() { last.withLock { $0 = operation } }
  }
  func open(_ stream: RowStream) {}
  func resume(_ stream: RowStream) {}
  func cancel(_ job: Job) {}
  func makeSession() throws(DatabaseError) -> any Session { throw DatabaseError(.pillion(.unavailable), "none") }
  func shutdown() {}
}
