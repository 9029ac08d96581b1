internal import CPillionPostgreSQL
internal import PillionDatabase
internal import PillionWire

extension PointLaneCore {
  /// The socket of a slot is readable, or has room.
  mutating func ready(slot: Int, at now: UInt64) {
    guard slots.indices.contains(slot), let connection = slots[slot] else { return }
    // Input first: the server may be unable to take ours before we have taken its.
    let isOpen = connection.connection.consumeInput()
    readResults(of: connection, at: now)
    guard slots[slot] === connection else { return }
    if !isOpen || connection.connection.isBroken { return lose(connection, at: now) }
    if connection.wantsOutput { flush(connection, at: now) }
  }

  private mutating func readResults(of connection: PipelinedConnection, at now: UInt64) {
    var nulls = 0
    while !connection.entries.isEmpty, !connection.connection.isBusy {
      guard let result = connection.connection.nextResult() else {
        // The end of an entry's results, or libpq turning to the next entry; two in a row: nothing more has come.
        nulls += 1
        if connection.hasResult {
          connection.hasResult = false
          endEntry(of: connection, at: now)
        } else if nulls > 1 {
          break
        }
        continue
      }
      nulls = 0
      guard take(result, of: connection, at: now) else { return lose(connection, at: now) }
    }
    if connection.entries.isEmpty, connection.cancel == .sent { connection.cancel = .none }
  }

  /// The first entry has had all its results.
  private mutating func endEntry(of connection: PipelinedConnection, at now: UInt64) {
    switch connection.entries.first {
    case .sync, nil: return
    case .prepare, .deallocate, .session: connection.entries.removeFirst()
    case .query(let flight):
      connection.entries.removeFirst()
      connection.load -= PipelinedConnection.load(of: flight)
      if flight.isGatherableInsert { connection.inserts -= 1 }
      if flight.isKeyRead { connection.keyReads -= 1 }
      if flight.isAbandoned { connection.abandoned -= 1 }
      inFlight -= 1
      advance(connection, at: now)
    case .gathered(let calls):
      connection.entries.removeFirst()
      connection.load -= calls.load
      if calls.areWrites { connection.inserts -= 1 } else { connection.keyReads -= calls.count }
      if calls.isAbandoned { connection.abandoned -= 1 }
      inFlight -= calls.count
      advance(connection, at: now)
    }
  }

  /// The server has made progress.
  private mutating func advance(_ connection: PipelinedConnection, at now: UInt64) {
    connection.headSince = now
    if connection.runsAbandoned { stop(connection, at: now) }
  }

  /// Takes a result of the first entry; false when the connection cannot be used any more.
  private mutating func take(
    _ result: consuming QueryResult, of connection: PipelinedConnection, at now: UInt64
  ) -> Bool {
    let status = result.status
    if status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK {
      // A prepared statement has no tag either; there is nothing to be wrong about.
      switch connection.entries.first {
      case .query, .gathered: if !result.isComplete { return false }
      default: break
      }
    }
    if status == PGRES_FATAL_ERROR {
      if result.isFatal { connection.farewell = result.error(sql: nil) }
      // No SQLSTATE: libpq's own words on a connection that broke.
      if result.isFatal || result.sqlState == nil { return false }
    }
    availability.set(true)
    switch connection.entries.first {
    case .sync:
      return takeSync(result, status, of: connection, at: now)
    case .prepare(let id):
      connection.hasResult = true
      if status == PGRES_FATAL_ERROR {
        let error = result.error(sql: nil)
        connection.preparationFailure = (id, error)
        if error.code == .sqlState("42P05") {
          connection.statements.markStale(id)
        } else {
          connection.statements.forget(id)
          // A preparation waits for locks as well: one that a cancel request hit says nothing of its statement, which
          // is prepared again for whoever still wants it.
          connection.prepared(id, error: error.code == .sqlState("57014") ? nil : error)
        }
      } else if status != PGRES_COMMAND_OK {
        connection.statements.forget(id)
      } else {
        connection.prepared(id, error: nil)
      }
      return true
    case .deallocate:
      connection.hasResult = true
      return true
    case .session(let id):
      connection.hasResult = true
      if status == PGRES_FATAL_ERROR {
        connection.failSession(id, result.error(sql: nil))
      } else if status != PGRES_TUPLES_OK, let failure = connection.preparationFailure, failure.statement == id {
        connection.failSession(id, failure.error)
      }
      return true
    case .query(let flight):
      // Of a statement with several results only the first counts.
      if connection.hasResult { return true }
      connection.hasResult = true
      return takeQuery(result, status, flight, of: connection, at: now)
    case .gathered(let calls):
      if connection.hasResult { return true }
      connection.hasResult = true
      return takeGathered(result, status, calls, of: connection, at: now)
    case nil:
      return false
    }
  }

  private mutating func takeSync(
    _ result: consuming QueryResult, _ status: ExecStatusType, of connection: PipelinedConnection, at now: UInt64
  ) -> Bool {
    if status == PGRES_FATAL_ERROR {
      // COMMIT failed: a deferred constraint, a serialization failure.
      connection.hasResult = true
      refuseCommit(of: connection, result.error(sql: nil), at: now)
      return true
    }
    guard status == PGRES_PIPELINE_SYNC else { return false }
    connection.entries.removeFirst()
    connection.hasResult = false
    connection.preparationFailure = nil
    connection.sessionFailure = nil
    finishCommit(of: connection)
    advance(connection, at: now)
    return true
  }

  private mutating func takeQuery(
    _ result: consuming QueryResult, _ status: ExecStatusType, _ flight: Flight, of connection: PipelinedConnection,
    at now: UInt64
  ) -> Bool {
    var flight = flight
    let operation = flight.operation
    // From here on the query is dealt with, whatever becomes of its connection.
    flight.operation = nil
    connection.entries[0] = .query(flight)
    flight.operation = operation
    guard operation != nil else { return true }
    switch status {
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
      let outcome = outcome(of: result, flight)
      if flight.isWrite {
        connection.uncommitted.append((flight, outcome))
      } else {
        finish(flight, outcome)
      }
      return true
    case PGRES_PIPELINE_ABORTED:
      if let failure = connection.sessionFailure {
        refuse(flight, failure, on: connection, at: now)
      } else if let failure = connection.preparationFailure, failure.statement == flight.statement.id {
        refuse(flight, failure.error, on: connection, at: now)
      } else {
        repeatAlone(flight)
      }
      return true
    case PGRES_FATAL_ERROR:
      refuse(flight, result.error(sql: flight.statement.sql), on: connection, at: now)
      return true
    default:
      // COPY and its like: the connection is in a state that no plan asks for.
      fail(
        flight, DatabaseError(.pillion(.internal), "a statement that does not return rows", sql: flight.statement.sql))
      return false
    }
  }

  private mutating func outcome(of result: borrowing QueryResult, _ flight: Flight) -> Operation.Outcome {
    switch flight.step.effect {
    case .none: return .done
    case .requireRow: return result.hasRow ? .done : .notFound
    case .permitRow: return result.hasRow ? .done : .denied
    case .captureRow:
      return .failed(DatabaseError(.pillion(.internal), "a step that captures a row has nobody to give it to"))
    case .respond(let encoder):
      guard result.rows > 0 else { return .notFound }
      return message(of: result.load(row: 0, into: &cells), encoder)
    }
  }

  mutating func message(of row: UnsafeBufferPointer<Cell>, _ encoder: RowEncoder) -> Operation.Outcome {
    writer.removeAll()
    do throws(DatabaseError) {
      try encoder.encodeFramed(row, into: &writer)
      return .message([UInt8](writer.bytes))
    } catch {
      return .failed(error)
    }
  }
}
