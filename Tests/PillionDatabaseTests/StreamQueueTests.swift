import PillionDatabase
import Synchronization
import Testing

@testable import PillionPostgreSQL

@Suite struct StreamQueueTests {
  private final class Nowhere: Mailbox {
    func deliver(_ jobs: ContiguousArray<Job>) {}
  }

  private final class Woken: Sendable {
    let lanes = Mutex<[Int]>([])
  }

  private let woken = Woken()
  private let queue: StreamQueue

  /// Two lanes, of which nothing is known but that each may open three connections.
  init() {
    queue = StreamQueue(lanes: 2, limit: 5) { [woken] lane in woken.lanes.withLock { $0.append(lane) } }
    for lane in 0..<2 { _ = queue.noteTurn(of: lane, idle: 0, room: 3) }
  }

  private func stream() -> RowStream {
    RowStream(
      statement: Statement("SELECT 1", parameterTypes: []), parameters: Parameters(), encoder: RowEncoder(),
      mailbox: Nowhere())
  }

  /// The lane that is to look after a new List; nil: it is refused.
  private func add() -> Int? {
    if case .waits(let waiting) = queue.append(stream(), at: 1) { waiting.lane } else { nil }
  }

  @Test func theLaneThatHasLeastToDoLooksAfterIt() {
    #expect([add(), add(), add()] == [0, 1, 0])
    // Whoever takes it has it.
    #expect(queue.takeFirst(for: 1)?.lane == 1)
    #expect(add() == 0)
    queue.ended(on: 1)
    queue.ended(on: 1)
    #expect(add() == 1)
    #expect(queue.statistics.waiting == 4)
  }

  @Test func whoHasAConnectionFreeIsWoken() throws {
    #expect(queue.noteTurn(of: 1, idle: 1, room: 2) == false)
    #expect(add() == 0)
    #expect(woken.lanes.withLock { $0 } == [1])
    let first = try #require(queue.takeFirst(for: 1))
    // Its connection is in use now, until the lane says otherwise.
    #expect(add() == 0)
    #expect(woken.lanes.withLock { $0 } == [1])
    #expect(queue.noteTurn(of: 1, idle: 1, room: 2))
    // One that broke on lane 0's connection.
    queue.prepend(first, for: 0)
    #expect(woken.lanes.withLock { $0 } == [1, 1])
    #expect(queue.takeFirst(for: 1)?.stream === first.stream)
  }

  @Test func whatNobodyCanConnectForIsAdopted() {
    #expect([add(), add(), add(), add()] == [0, 1, 0, 1])
    #expect(queue.adopt(upTo: 3, for: 1).count == 2)
    #expect(queue.adopt(upTo: 3, for: 1).adopted.isEmpty)
    _ = queue.noteTurn(of: 0, idle: 0, room: 0)
    let (count, adopted) = queue.adopt(upTo: 3, for: 1)
    #expect(count == 3 && adopted.map(\.lane) == [1])
    #expect(queue.adopt(upTo: 3, for: 0).count == 1)
  }

  @Test func onlyWhatNoConnectionCouldTakeHasWaited() {
    _ = add()
    _ = queue.noteTurn(of: 1, idle: 1, room: 2)
    queue.noteDelay(of: 0)
    _ = queue.takeFirst(for: 1)
    #expect(queue.statistics.waits == 0)
    _ = add()
    queue.noteDelay(of: 0)
    _ = add()
    _ = queue.takeFirst(for: 0)
    _ = queue.takeFirst(for: 0)
    #expect(queue.statistics.waits == 1)
  }

  @Test func thereIsAnEndToIt() {
    for _ in 0..<5 { #expect(add() != nil) }
    guard case .full = queue.append(stream(), at: 1) else {
      Issue.record("it was taken")
      return
    }
    #expect(queue.statistics.refusals == 1)
    #expect(queue.take(for: 0) { $0.lane == 1 }.count == 2)
    #expect(queue.statistics.waiting == 3)
    queue.close()
    guard case .closed = queue.append(stream(), at: 1) else {
      Issue.record("it was taken")
      return
    }
  }
}
