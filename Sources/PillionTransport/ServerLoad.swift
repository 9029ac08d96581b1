import Synchronization

/// What the connections of a server are and were.
package struct TransportStatistics: Sendable {
  /// Now.
  package var connections: Int
  /// So far.
  package var opened: Int
  /// So far, because they were one too many.
  package var refused: Int
  /// Bytes that the loops have reserved of `max_buffer`.
  package var reservedBytes: Int
}

/// What the event loops of one server count together.
final class ServerLoad: Sendable {
  let memory: MemoryBudget
  private let maxConnections: Int
  private let connections = Atomic<Int>(0)
  private let opened = Atomic<Int>(0)
  private let refused = Atomic<Int>(0)

  init(_ configuration: TransportConfiguration) {
    memory = MemoryBudget(limit: max(configuration.maxBufferedBytes, configuration.maxMessageBytes))
    maxConnections = configuration.maxConnections
  }

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
      refused: refused.load(ordering: .relaxed), reservedBytes: memory.reservedBytes)
  }

  /// Gives a place back.
  func leave() { connections.wrappingSubtract(1, ordering: .relaxed) }
}
