import Synchronization

/// What a driver's lanes have to do, as a look at them finds it.
package struct DriverStatistics: Sendable {
  package struct Lane: Sendable {
    /// `point`, `stream`, `read`, `write`; those of the first replica `replica-1-point` and so on;
    /// `sessions` are no driver's, but of code beside it.
    package var name: String
    /// Connections that are open, those of them that work, and how many there may be.
    package var connections = 0
    package var busy = 0
    package var limit = 0
    /// Jobs that wait for a connection.
    package var waiting = 0
    /// Jobs so far that had to wait, and those that found the queue full.
    package var waits = 0
    package var refusals = 0

    package init(name: String) { self.name = name }
  }

  package var lanes: [Lane]
  package var statements: StatementCounts.Values

  package init(lanes: [Lane], statements: StatementCounts.Values) {
    self.lanes = lanes
    self.statements = statements
  }
}

/// How often the connections of a driver prepare statements; counted where one is prepared or given up, which is seldom.
package final class StatementCounts: Sendable {
  package struct Values: Sendable {
    package var prepared: Int
    package var evicted: Int
  }

  private let prepared = Atomic<Int>(0)
  private let evicted = Atomic<Int>(0)

  package init() {}

  package func notePrepared() { prepared.wrappingAdd(1, ordering: .relaxed) }

  /// A statement has made room for another.
  package func noteEvicted() { evicted.wrappingAdd(1, ordering: .relaxed) }

  package var values: Values {
    Values(prepared: prepared.load(ordering: .relaxed), evicted: evicted.load(ordering: .relaxed))
  }
}
