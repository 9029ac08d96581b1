import Synchronization

/// How many calls of one event loop are under way: written by that loop alone, read by all.
final class CallCount: Sendable {
  // The loops write all the time: no two counts share a line of the cache.
  private let paddingBefore = (0, 0, 0, 0, 0, 0, 0, 0)
  private let count = Atomic<Int>(0)
  private let paddingBehind = (0, 0, 0, 0, 0, 0, 0, 0)

  var value: Int { count.load(ordering: .relaxed) }

  func add(_ change: Int) { count.store(value &+ change, ordering: .relaxed) }
}

/// What the connections of a server are and were.
package struct TransportStatistics: Sendable {
  /// Now.
  package var connections: Int
  /// So far.
  package var opened: Int
  /// So far, because they were one too many.
  package var refused: Int
  /// Under way now.
  package var calls: Int
  /// Bytes that the loops have reserved of `max_buffer`.
  package var reservedBytes: Int
}

/// What the event loops of one server count together.
final class ServerLoad: Sendable {
  let memory: MemoryBudget
  private let maxConnections: Int
  private let callCounts = Mutex<[CallCount]>([])
  private let connections = Atomic<Int>(0)
  private let opened = Atomic<Int>(0)
  private let refused = Atomic<Int>(0)

  init(_ configuration: TransportConfiguration) {
    memory = MemoryBudget(limit: max(configuration.maxBufferedBytes, configuration.maxMessageBytes))
    maxConnections = configuration.maxConnections
  }

  /// For one more event loop.
  func makeCallCount() -> CallCount {
    let count = CallCount()
    callCounts.withLock { $0.append(count) }
    return count
  }

  /// Calls under way on all event loops.
  var calls: Int { callCounts.withLock { counts in counts.reduce(0) { $0 + $1.value } } }

  /// Takes a place for a connection; false when all are taken.
  func admit() -> Bool {
    if connections.wrappingAdd(1, ordering: .relaxed).newValue <= maxConnections {
      opened.wrappingAdd(1, ordering: .relaxed)
      return true
    }
    refused.wrappingAdd(1, ordering: .relaxed)
    leave()
    return false
  }

  var statistics: TransportStatistics {
    TransportStatistics(
      connections: connections.load(ordering: .relaxed), opened: opened.load(ordering: .relaxed),
      refused: refused.load(ordering: .relaxed), calls: calls, reservedBytes: memory.reservedBytes)
  }

  /// Gives a place back.
  func leave() { connections.wrappingSubtract(1, ordering: .relaxed) }
}
