internal import CPillionPostgreSQL
internal import PillionDatabase

/// A stream that runs for a caller's role. The role, the preparation where there must be one, and the statement go out
/// at once, in pipeline mode: up to the Sync behind them they are one transaction, with which the role ends, whatever
/// becomes of the statement.
extension StreamLaneCore {
  mutating func begin(
    _ connection: StreamConnection, for session: CallSession, prepares: Bool, at now: UInt64
  ) {
    guard let stream = connection.stream, connection.connection.enterPipelineMode() else {
      return lose(connection, at: now)
    }
    connection.isPipelined = true
    connection.state = .assuming
    connection.coming = prepares ? [.preparing] : []
    do throws(DatabaseError) {
      guard try binder.bind(session.parameters, at: nil, { connection.connection.send(session.statement, $0) }),
        !prepares || connection.connection.prepare(stream.statement), try execute(stream, on: connection)
      else { return lose(connection, at: now) }
      connection.coming.append(.running)
    } catch {
      // What has been sent runs, and then nothing follows.
      connection.failure = error
    }
    connection.coming.append(.syncing)
    guard connection.connection.sync() else { return lose(connection, at: now) }
    flush(connection, at: now)
  }

  /// Sends the stream's statement, by its name where statements have one; false: the connection broke.
  mutating func execute(
    _ stream: RowStream, on connection: StreamConnection
  ) throws(DatabaseError) -> Bool {
    guard isNamed(stream) else {
      return try binder.bind(stream.parameters, at: nil) {
        connection.connection.execute(unnamed: stream.statement, comment: stream.comment, $0)
      }
    }
    guard let name = connection.statements.ready(stream.statement.id) else { return false }
    return try binder.bind(stream.parameters, at: nil) { connection.connection.execute(name, $0) }
  }

  /// What has been sent next begins to answer. An abandoned stream goes the same way, for nobody.
  mutating func endPipelinedStage(_ connection: StreamConnection, at now: UInt64) {
    guard !connection.coming.isEmpty else { return }
    let next = connection.coming.removeFirst()
    if case .running = next, connection.failure == nil, !connection.connection.setSingleRowMode() {
      return lose(connection, at: now)
    }
    if case .draining = connection.state { return }
    connection.state = next
  }

  /// The transaction has ended, and the role with it.
  mutating func endPipeline(_ connection: StreamConnection, at now: UInt64) {
    guard connection.connection.exitPipelineMode() else { return lose(connection, at: now) }
    connection.isPipelined = false
    connection.coming = []
    let failure = connection.failure
    connection.failure = nil
    guard let stream = connection.stream else { return becomeIdle(connection, at: now) }
    guard let failure else {
      offer(connection, at: now)
      finish(connection, .complete)
      return becomeIdle(connection, at: now)
    }
    // Whether its preparation was reached is not known.
    connection.statements.markStale(stream.statement.id)
    fail(connection, failure, at: now)
  }
}
