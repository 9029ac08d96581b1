import Synchronization

/// What the event loops of one server count together.
final class ServerLoad: Sendable {
  let memory: MemoryBudget
  private let maxConnections: Int
  private let connections = Atomic<Int>(0)

  init(_ configuration: TransportConfiguration) {
    memory = MemoryBudget(limit: max(configuration.maxBufferedBytes, configuration.maxMessageBytes))
    maxConnections = configuration.maxConnections
  }

  /// Takes a place for a connection; false when all are taken.
  func admit() -> Bool {
    if connections.wrappingAdd(1, ordering: .relaxed).newValue <= maxConnections { return true }
    leave()
    return false
  }

  /// Gives a place back.
  func leave() { connections.wrappingSubtract(1, ordering: .relaxed) }
}
