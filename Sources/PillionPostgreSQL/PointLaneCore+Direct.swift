internal import PillionDatabase

/// The only read under way, whose answer its sender may wait for.
extension PointLaneCore {
  /// A connection whose input is the sender's, and not the lane's thread's.
  struct Handover: Sendable {
    let connection: Connection
    let slot: Int
    /// What the read belongs to.
    let operation: Operation
  }

  /// Hands over the connection that the read which waits will go to, until `handBack`.
  ///
  /// - Returns: nil where nobody shall wait for the answer.
  mutating func handOver(at now: UInt64) -> Handover? {
    guard inFlight == 0, queue.count == 1, let read = queue.calls.first, !read.isWrite,
      let operation = read.operation, successors.isEmpty
    else { return nil }
    guard
      let next = leastLoaded(of: slots.prefix(Self.readConnections), at: now), next.entries.isEmpty,
      directWaits.permits()
    else { return nil }
    poller.pause(next.connection.socket, token: UInt64(next.slot))
    return Handover(connection: next.connection, slot: next.slot, operation: operation)
  }

  /// Whether the read on this connection is all that the lane has to do.
  func isAlone(on handover: Handover) -> Bool {
    guard inFlight == 1, queue.isEmpty, let connection = connection(of: handover) else { return false }
    return connection.load == 1
  }

  /// Takes what has come, and has the lane's thread watch the connection again.
  mutating func handBack(_ handover: Handover, at now: UInt64) {
    guard connection(of: handover) != nil else { return }
    ready(slot: handover.slot, at: now)
    guard let connection = connection(of: handover) else { return }
    poller.change(
      handover.connection.socket, token: UInt64(handover.slot), wantsOutput: connection.wantsOutput)
  }

  /// Nil once it has broken.
  private func connection(of handover: Handover) -> PipelinedConnection? {
    guard let connection = slots[handover.slot], connection.connection === handover.connection else { return nil }
    return connection
  }
}
