import Glibc
import PillionDatabase
import Testing

extension DriverTest {
  func streamsInOrderToASlowTaker() throws {
    let count = 100_000
    try fill(count)
    let reader = open()
    try reader.run(pause: 500)
    #expect(reader.isComplete)
    #expect(reader.rows.count == count)
    #expect(reader.rows.enumerated().allSatisfy { $0.element.id == Int64($0.offset + 1) })
    #expect(reader.rows.last?.title == "post \(count) \(Self.padding)")
    // Whatever the size of the table, no more than the window waits.
    #expect(reader.mostBytes <= RowStream.window * (RowStream.chunkBytes + 1024))
    #expect(reader.chunks > 100)
  }

  func streamsNothing() throws {
    let reader = open()
    try reader.run()
    #expect(reader.isComplete && reader.rows.isEmpty)
  }

  func failsAStream() throws {
    let reader = open("SELECT id, nonsense FROM post")
    try reader.run()
    #expect(reader.error?.code == (dialect == .sqlite ? .sqlite(1) : .sqlState("42703")))
    // Its connection is as good as new.
    try execute("INSERT INTO post (id, title) VALUES (1, 'one')")
    for _ in 0..<10 {
      let next = open()
      try next.run()
      #expect(next.rows == [TestRow(id: 1, title: "one")])
    }
  }

  /// Clients that take nothing hold up neither other streams, nor reads, nor writes.
  func isolatesStalledStreams() throws {
    try fill(20_000)
    let stalled = (0..<3).map { _ in open() }
    for reader in stalled {
      try eventually("a chunk for the stalled stream") { try reader.takeOnce() }
    }
    let flowing = open()
    try flowing.run()
    #expect(flowing.isComplete && flowing.rows.count == 20_000)
    #expect(try outcome(of: select(id: 3)).row?.id == 3)
    #expect(try outcome(of: create("meanwhile")).row?.title == "meanwhile")
    for reader in stalled {
      try reader.run()
      #expect(reader.isComplete && reader.rows.count == 20_000)
    }
  }

  /// A List sees one state, whatever is written while it runs.
  func keepsOneSnapshot() throws {
    try fill(20_000)
    let reader = open()
    try eventually("a first chunk") { try reader.takeOnce() }
    for number in 0..<20 { #expect(try outcome(of: create(.text("new \(number)"))).row != nil) }
    let delete = operation("DELETE FROM post WHERE id > 15000", effect: .none, isWrite: true)
    #expect(try outcome(of: delete).isDone)
    try reader.run()
    #expect(reader.isComplete)
    #expect(reader.rows.map(\.id) == (1...20_000).map { Int64($0) })
  }

  /// One streaming connection: the second List waits for the first.
  func queuesStreamsBeyondTheLimit() throws {
    try fill(20_000)
    let first = open()
    try eventually("a first chunk") { try first.takeOnce() }
    let second = open("SELECT id, title FROM post WHERE id <= 10 ORDER BY id")
    usleep(50_000)
    #expect(try second.takeOnce() == false)
    try first.run()
    try second.run()
    #expect(first.rows.count == 20_000 && second.rows.count == 10)
  }
}
