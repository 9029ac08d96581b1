package import PillionDatabase

/// PostgreSQL by libpq: a lane for unary calls, lanes for Lists, and two helpers for what blocks in libpq, opening
/// connections and cancelling statements.
///
/// An operation has one step here. What it did comes back after the server has committed it. Reads run once more by
/// themselves when their connection breaks; of a write whose connection broke it is said whether it was committed, or
/// that nobody knows (`.outcomeUnknown`).
package final class PostgreSQLDriver: Driver {
  private let configuration: PostgreSQLConfiguration
  private let availability = Availability()
  private let statements = StatementCounts()
  private let connector: Connector
  private let canceller: Canceller
  private let points: PointLane
  private let streams: StreamLanes

  /// Opens a first connection, on the calling thread, and the others in the background. Throws when the server cannot be
  /// reached or refuses the login.
  ///
  /// - Parameter isRequired: false: all connections are opened in the background, whenever that is.
  package init(configuration: PostgreSQLConfiguration, isRequired: Bool = true) throws(DatabaseError) {
    self.configuration = configuration
    let opening = try Opening(configuration)
    let first = try isRequired ? opening.open(.point) : nil
    connector = try Connector(opening)
    canceller = try Canceller()
    points = try PointLane(
      configuration, connector: connector, canceller: canceller, availability: availability,
      statements: statements)
    streams = try StreamLanes(
      configuration, connector: connector, canceller: canceller, statements: statements)
    do {
      try connector.start()
      try points.start(first)
      try streams.start()
    } catch {
      shutdown()
      throw error
    }
  }

  package var dialect: Dialect { .postgresql }

  package var isAvailable: Bool { availability.isAvailable }

  package var statistics: DriverStatistics {
    DriverStatistics(lanes: [points.statistics, streams.statistics], statements: statements.values)
  }

  package func makeSession() throws(DatabaseError) -> any Session { try PostgreSQLSession(configuration) }

  package func submit(_ operations: inout Ring<Operation>) { points.submit(&operations) }

  package func open(_ stream: RowStream) { streams.open(stream) }

  package func resume(_ stream: RowStream) { streams.resume(stream) }

  package func cancel(_ job: Job) {
    job.markCancelled()
    if job is RowStream { streams.noteCancellation() } else { points.noteCancellation() }
  }

  /// Gives running statements `shutdownGrace` to finish.
  package func shutdown() {
    connector.stop()
    points.stop()
    streams.stop()
    canceller.stop()
  }
}
