import Synchronization

/// A database that takes all writes, and copies of it that answer reads.
///
/// A copy may lag behind: who reads may miss what has just been written. Reads take turns over the copies that can be
/// reached; what a copy fails to answer for reasons of its own, the database itself is asked.
package final class ReplicatedDriver: Driver {
  private let primary: any Driver
  private let replicas: [any Driver]
  private let turn = Atomic<Int>(0)

  /// - Parameter replicas: at least one, of the primary's dialect.
  package init(primary: any Driver, replicas: [any Driver]) {
    self.primary = primary
    self.replicas = replicas
  }

  package var dialect: Dialect { primary.dialect }

  package var isAvailable: Bool { primary.isAvailable }

  package func makeSession() throws(DatabaseError) -> any Session { try primary.makeSession() }

  package var statistics: DriverStatistics {
    var sum = primary.statistics
    for (index, replica) in replicas.enumerated() {
      let statistics = replica.statistics
      sum.lanes += statistics.lanes.map { lane in
        var lane = lane
        lane.name = "replica-\(index + 1)-\(lane.name)"
        return lane
      }
      sum.statements.prepared += statistics.statements.prepared
      sum.statements.evicted += statistics.statements.evicted
    }
    return sum
  }

  package func submit(_ operations: inout Ring<Operation>) {
    // Writes alone do not move the turn on, or reads between them would all be one copy's.
    let hasReads = (0..<operations.count).contains { operations[$0]?.bound.isWrite == false }
    guard hasReads, let replica = next() else { return primary.submit(&operations) }
    var reads = Ring<Operation>()
    operations.filter { operation in
      if operation.bound.isWrite { return true }
      operation.fallback = primary
      reads.append(operation)
      return false
    }
    if !reads.isEmpty { replica.submit(&reads) }
    if !operations.isEmpty { primary.submit(&operations) }
  }

  package func open(_ stream: RowStream) {
    guard let replica = next() else { return primary.open(stream) }
    stream.fallback = primary
    replica.open(stream)
  }

  // Only the driver that has a job does anything with it.

  package func resume(_ stream: RowStream) {
    primary.resume(stream)
    for replica in replicas { replica.resume(stream) }
  }

  package func cancel(_ job: Job) {
    primary.cancel(job)
    for replica in replicas { replica.cancel(job) }
  }

  package func shutdown() {
    for replica in replicas { replica.shutdown() }
    primary.shutdown()
  }

  /// The next copy that can be reached; nil: none can.
  private func next() -> (any Driver)? {
    let first = turn.wrappingAdd(1, ordering: .relaxed).newValue & Int.max
    for offset in replicas.indices {
      let replica = replicas[(first % replicas.count + offset) % replicas.count]
      if replica.isAvailable { return replica }
    }
    return nil
  }
}

extension DatabaseError {
  /// Whether another copy of the database might answer: it is down, has no room, lags behind, or took back the statement
  /// for what was replicated meanwhile. What the caller has given up, or has asked in vain of any copy, is settled.
  var mayBeTheCopys: Bool {
    switch code {
    case .pillion(let reason): reason == .unavailable || reason == .exhausted
    case .sqlState(let state): !state.hasPrefix("22") && state != "57014" && state != "42501"
    case .sqlite: false
    }
  }
}
