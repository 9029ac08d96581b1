import Glibc
import PillionDatabase
import Testing

extension DriverTest {
  private static let second: UInt64 = 1_000_000_000

  /// A job that is cancelled before a lane gets to it does nothing.
  func cancelsQueued() throws {
    let operations = (0..<300).map { create(.text("post \($0)")) }
    for operation in operations {
      // Marked before it is submitted: no lane can have been faster.
      driver.cancel(operation)
      driver.submit(operation)
    }
    #expect(try mailbox.take(300).count == 300)
    #expect(operations.allSatisfy { $0.outcome.error?.code == .pillion(.cancelled) })
    #expect(try value("SELECT count(*) FROM post") == "0")
  }

  private func isStopped(_ error: DatabaseError?) -> Bool {
    switch error?.code {
    case .pillion(.cancelled), .pillion(.timeout), .sqlState("57014"), .sqlite(9): true
    default: false
    }
  }

  func cancelsRunning() throws {
    try execute("INSERT INTO post (id, title) VALUES (1, 'one')")
    for isWrite in [false, true] {
      let slow = endless(isWrite: isWrite)
      driver.submit(slow)
      usleep(50_000)
      #expect(mailbox.takeAll().isEmpty)
      driver.cancel(slow)
      _ = try mailbox.take(1)
      #expect(isStopped(slow.outcome.error), "\(slow.outcome)")
      // The lane goes on, and the cancel hits nothing that follows.
      for _ in 0..<50 { #expect(try outcome(of: select(id: 1)).row?.id == 1) }
      #expect(try outcome(of: create(.text("after \(isWrite)"))).row != nil)
    }
  }

  func cancelsStreams() throws {
    try fill(20_000)
    // Parked: its client takes nothing any more.
    let parked = open()
    try eventually("a first chunk") { try parked.takeOnce() }
    usleep(20_000)
    driver.cancel(parked.stream)
    try parked.run()
    #expect(isStopped(parked.error))
    // Running: no row in sight.
    let running = open(Self.endlessSQL(dialect))
    usleep(50_000)
    driver.cancel(running.stream)
    try running.run()
    #expect(isStopped(running.error))
    // Before it began.
    let mailbox = TestMailbox()
    let stream = list(mailbox: mailbox)
    driver.cancel(stream)
    driver.open(stream)
    let early = StreamReader(stream, on: driver, mailbox: mailbox)
    try early.run()
    #expect(isStopped(early.error) && early.rows.isEmpty)
    // All connections are still there.
    let readers = (0..<4).map { _ in open() }
    for reader in readers {
      try reader.run()
      #expect(reader.isComplete && reader.rows.count == 20_000)
    }
  }

  func endsAtTheDeadline() throws {
    let soon = monotonicNow() + Self.second / 10
    let (read, write) = (endless(deadline: soon), endless(isWrite: true, deadline: soon))
    let reader = open(Self.endlessSQL(dialect), deadline: soon)
    driver.submit(read)
    driver.submit(write)
    let late = select(id: 1, deadline: monotonicNow() - 1)
    driver.submit(late)
    #expect(try mailbox.take(3).count == 3)
    try reader.run()
    #expect(isStopped(read.outcome.error), "\(read.outcome)")
    #expect(isStopped(write.outcome.error), "\(write.outcome)")
    #expect(isStopped(reader.error))
    #expect(late.outcome.error?.code == .pillion(.timeout))
    #expect(try outcome(of: create("after")).row != nil)
  }

  /// All streaming connections are taken by clients that take nothing; a List does not wait for them for ever.
  func timesOutInTheStreamQueue() throws {
    try fill(20_000)
    let stalled = (0..<4).map { _ in open() }
    for reader in stalled { try eventually("a first chunk") { try reader.takeOnce() } }
    let waiting = open(deadline: monotonicNow() + Self.second / 5)
    try waiting.run()
    #expect(waiting.error?.code == .pillion(.timeout))
    for reader in stalled {
      try reader.run()
      #expect(reader.isComplete)
    }
  }

  /// Every job comes back once, with an answer that is true.
  func shutsDownWithWorkQueued() throws {
    try fill(20_000)
    let writes = (0..<500).map { create(.text("late \($0)")) }
    let reads = (0..<500).map { select(id: Int64($0 + 1)) }
    let streams = (0..<8).map { _ in list() }
    for stream in streams { driver.open(stream) }
    for (write, read) in zip(writes, reads) {
      driver.submit(write)
      driver.submit(read)
    }
    driver.submit(endless())
    shutdown()
    var seen: [ObjectIdentifier: Int] = [:]
    for job in mailbox.takeAll() where job is Operation { seen[ObjectIdentifier(job), default: 0] += 1 }
    #expect(seen.count == 1001)
    #expect(seen.values.allSatisfy { $0 == 1 })
    for operation in writes + reads {
      let isAnswered = operation.outcome.row != nil || operation.outcome.error?.code == .pillion(.unavailable)
      #expect(isAnswered, "\(operation.outcome)")
    }
    for stream in streams {
      guard case .failed(let error) = stream.take().end else {
        Issue.record("a stream that nobody took from ended well")
        continue
      }
      #expect(error.code == .pillion(.unavailable))
    }
    let acknowledged = writes.count { $0.outcome.row != nil }
    #expect(try value("SELECT count(*) FROM post WHERE title LIKE 'late %'") == "\(acknowledged)")
  }

  func refusesAfterShutdown() throws {
    shutdown()
    for operation in [select(id: 1), create("late")] {
      #expect(try outcome(of: operation).error?.code == .pillion(.unavailable))
    }
    let reader = open()
    try reader.run()
    #expect(reader.error?.code == .pillion(.unavailable))
  }
}
