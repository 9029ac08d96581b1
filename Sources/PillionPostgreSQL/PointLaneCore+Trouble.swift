internal import PillionDatabase

extension PointLaneCore {
  /// The statement failed. Nothing it did has stayed, so it may run again where the reason was not its own.
  mutating func refuse(
    _ flight: Flight, _ error: DatabaseError, on connection: PipelinedConnection, at now: UInt64
  ) {
    guard flight.operation != nil, case .sqlState(let state) = error.code else { return fail(flight, error) }
    switch state {
    case "57014":
      if flight.isGivenUp(at: now) { return giveUp(flight, at: now) }
      // Somebody else's cancel request came late.
      let isStray = connection.cancel != .none || now < MonotonicTime.after(connection.cancelTime, Self.cancelReach)
      if isStray, connection.cancelTime != 0, flight.repeats < Self.repeatLimit { return repeatAlone(flight) }
    case "0A000", "26000", "42P05":
      // "cached plan must not change result type", no such statement, or one of that name that we do not know.
      if state == "26000", var reason = connection.preparationErrors[flight.statement.id] {
        // It was sent behind a preparation that then failed.
        reason.sql = flight.statement.sql
        return fail(flight, reason)
      }
      guard flight.preparations < Self.preparationLimit else { break }
      switch state {
      case "26000": connection.statements.forget(flight.statement.id)
      case "42P05": connection.statements.markStale(flight.statement.id)
      default:
        // The table has changed for all connections, and the next may be any of them.
        for case let other? in slots { other.statements.invalidate(flight.statement.id) }
      }
      var flight = flight
      flight.preparations += 1
      return repeatAlone(flight)
    default:
      if RowRefusal.isMeant(state: state, message: error.message) { return finish(flight, .denied) }
    }
    var error = error
    error.sql = flight.statement.sql
    fail(flight, error)
  }

  /// Sends a statement of which nothing has stayed once more, with a Sync of its own.
  mutating func repeatAlone(_ flight: Flight) {
    guard flight.operation != nil else { return }
    var flight = flight
    flight.isAlone = true
    flight.isGatherable = false
    flight.repeats += 1
    guard flight.repeats <= Self.repeatLimit else {
      return fail(flight, DatabaseError(.pillion(.unavailable), "the statement was interrupted again and again"))
    }
    queue.prepend(flight)
  }

  /// The connection broke. Reads run once more elsewhere; of writes it is said what is known.
  mutating func lose(_ connection: PipelinedConnection, at now: UInt64) {
    guard slots[connection.slot] === connection else { return }
    poller.remove(connection.connection.socket)
    slots[connection.slot] = nil
    wanted += 1
    if slots.allSatisfy({ $0 == nil }) {
      downSince = now
      connectError = connection.farewell
      availability.set(false)
      nextTimer = now
    }
    for (flight, _) in connection.uncommitted { fail(flight, Self.unknown(flight)) }
    var again: [Flight] = []
    while let entry = connection.entries.removeFirst() {
      switch entry {
      case .query(let flight):
        inFlight -= 1
        if let flight = abandon(flight, connection.farewell) { again.append(flight) }
      case .gathered(let calls):
        inFlight -= calls.count
        for flight in calls.takeAll() {
          if let flight = abandon(flight, connection.farewell) { again.append(flight) }
        }
      default: continue
      }
    }
    for flight in again.reversed() { queue.calls.prepend(flight) }
  }

  /// Answers a query whose connection broke, unless it may run again: then it comes back.
  private mutating func abandon(_ flight: Flight, _ farewell: DatabaseError?) -> Flight? {
    guard flight.operation != nil else { return nil }
    if flight.isWrite {
      fail(flight, farewell.flatMap { Self.certain(flight, $0) } ?? Self.unknown(flight))
      return nil
    }
    guard !flight.wasLost, !isStopping else {
      let reason = farewell?.description ?? "the connection broke"
      fail(flight, DatabaseError(.pillion(.unavailable), reason, sql: flight.statement.sql))
      return nil
    }
    var flight = flight
    flight.wasLost = true
    return flight
  }

  /// The server ended the session in order (class 57P), with this as its last message. Results come in the order of the
  /// statements, and a write's result comes before its commit: without result, it was not committed.
  private static func certain(_ flight: Flight, _ farewell: DatabaseError) -> DatabaseError? {
    guard case .sqlState(let state) = farewell.code, state.hasPrefix("57P") else { return nil }
    return DatabaseError(
      farewell.code, "\(farewell.message); the statement was not committed", sql: flight.statement.sql)
  }

  private static func unknown(_ flight: Flight) -> DatabaseError {
    DatabaseError(
      .pillion(.outcomeUnknown), "the connection broke before the server said whether the write was committed",
      sql: flight.statement.sql)
  }
}
