internal import CPillionPostgreSQL
internal import PillionDatabase
internal import PillionWire

/// Calls of one statement that wait together go out as one statement ("Gathering"). What a call means does not change:
/// should the statement fail, nothing of it has stayed, and each runs by itself and gets an answer of its own.
extension PointLaneCore {
  // MARK: Reads by key

  /// Takes up to `limit` reads from the front of the queue and sends them; false when the connection broke.
  mutating func sendReads(on connection: PipelinedConnection, limit: Int, at now: UInt64) -> Bool {
    guard limit > 1, connection.prepares else { return sendFirst(on: connection, at: now) }
    var reads = queue.takeCalls(limit)
    var index = 0
    while index < reads.count {
      if reads[index].operation != nil, !sendGathered(&reads, from: index, on: connection, at: now) {
        for flight in reads.reversed() where flight.operation != nil { queue.prepend(flight) }
        return false
      }
      index += 1
    }
    return true
  }

  /// Sends a read, and with it those of its statement behind it; what is sent leaves `reads`.
  private mutating func sendGathered(
    _ reads: inout ContiguousArray<Flight>, from first: Int, on connection: PipelinedConnection, at now: UInt64
  ) -> Bool {
    let step = reads[first].step
    guard reads[first].isGatherable, case .reads(let gathering)? = step.gathering else {
      let lead = reads[first]
      reads[first].operation = nil
      return send(lead, on: connection, at: now)
    }
    let limit = gatherLimits.keys(of: gathering.statement.id)
    func goesAlong(_ index: Int) -> Bool { reads[index].step === step && reads[index].isGatherable }
    var together: ContiguousArray<Flight> = []
    if first == 0, reads.count <= limit, reads.indices.allSatisfy(goesAlong) {
      swap(&together, &reads)
    } else {
      for index in reads.indices.dropFirst(first) where together.count < limit {
        guard reads[index].operation != nil, goesAlong(index) else { continue }
        together.append(reads[index])
        reads[index].operation = nil
      }
    }
    guard together.count > 1, let gathered = GatheredCalls.reads(gathering, together) else {
      for flight in together { queue.prepend(flight) }
      for _ in together {
        guard sendFirst(on: connection, at: now) else { return false }
      }
      return true
    }
    return send(gathered, together, on: connection, at: now)
  }

  // MARK: Inserts

  /// Sends inserts that are next, as many as go together of the `count` that wait; false when the connection broke.
  mutating func sendInserts(
    of statement: Int, upTo count: Int, on connection: PipelinedConnection, at now: UInt64
  ) -> Bool {
    let limit = min(count, gatherLimits.inserts(of: statement))
    var together = queue.takeInserts(limit, bytes: GatherLimits.bytes)
    guard let lead = together.first else { return true }
    guard case .inserts(let gathering)? = lead.step.gathering,
      let (statement, rows) = gathering.statement(forUpTo: together.count)
    else {
      for flight in together.dropFirst().reversed() { queue.prepend(flight) }
      return send(lead, on: connection, at: now)
    }
    while together.count > rows, let last = together.popLast() { queue.prepend(last) }
    return send(GatheredCalls.inserts(statement, together), together, on: connection, at: now)
  }

  /// The server has committed what it was sent before its Sync.
  mutating func finishCommit(of connection: PipelinedConnection) {
    guard !connection.uncommitted.isEmpty else { return }
    var committed: ContiguousArray<(flight: Flight, outcome: Operation.Outcome)> = []
    swap(&committed, &connection.uncommitted)
    if let flight = committed.first?.flight, flight.isGatherableInsert {
      let size = committed.reduce(into: 0) { size, write in
        if case .message(let message) = write.outcome { size = max(size, message.count) }
      }
      gatherLimits.noteCommit(of: committed.count, size: size, flight.statement.id)
    }
    for (flight, outcome) in committed { finish(flight, outcome) }
    committed.removeAll(keepingCapacity: true)
    connection.uncommitted = committed
  }

  /// COMMIT failed: a deferred constraint, a serialization failure. Several writes are not told whose it was.
  mutating func refuseCommit(of connection: PipelinedConnection, _ error: DatabaseError, at now: UInt64) {
    let refused = connection.uncommitted
    connection.uncommitted = []
    if refused.count > 1 {
      runAlone(refused.map(\.flight), at: now)
      if let flight = refused.first?.flight { gatherLimits.noteRefusal(of: refused.count, flight.statement.id) }
    } else if let flight = refused.first?.flight {
      var error = error
      error.sql = flight.statement.sql
      fail(flight, error)
    }
  }

  // MARK: Both

  private mutating func send(
    _ calls: GatheredCalls, _ flights: ContiguousArray<Flight>, on connection: PipelinedConnection, at now: UInt64
  ) -> Bool {
    // By index: a loop over them would take hold of each.
    for index in flights.indices { begin(flights[index], on: connection, at: now) }
    do {
      switch try connection.send(calls, &binder) {
      case .sent:
        inFlight += calls.count
        return true
      case .broken:
        inFlight += calls.count
      case .notSent:
        for flight in flights.reversed() { queue.prepend(flight) }
      }
      lose(connection, at: now)
      return false
    } catch {
      // Of one call's parameters, and not known of which.
      runAlone(flights, at: now)
      return true
    }
  }

  /// Answers from the statement's rows, or lets each call run by itself; false when the connection cannot be used any
  /// more.
  mutating func takeGathered(
    _ result: consuming QueryResult, _ status: ExecStatusType, _ calls: GatheredCalls,
    of connection: PipelinedConnection, at now: UInt64
  ) -> Bool {
    guard !calls.isOver else { return true }
    let id = calls.statement.id
    switch status {
    case PGRES_TUPLES_OK:
      if calls.areWrites {
        guard Int(result.rows) == calls.count else { return false }
        takeInserted(calls, from: result, of: connection)
        return true
      }
      if answer(calls, from: result) {
        for flight in calls.takeAll() { finish(flight, .notFound) }
        return true
      }
    case PGRES_PIPELINE_ABORTED: break
    case PGRES_FATAL_ERROR:
      switch result.sqlState {
      case "26000": connection.statements.forget(id)
      case "42P05": connection.statements.markStale(id)
      case "0A000": for case let other? in slots { other.statements.invalidate(id) }
      default:
        // Also when it took too long: the rows of fewer calls take less.
        if calls.areWrites, let flight = calls.flights.first {
          gatherLimits.noteRefusal(of: calls.count, flight.statement.id)
        }
      }
    default:
      let error = DatabaseError(.pillion(.internal), "a statement that does not return rows", sql: calls.statement.sql)
      for flight in calls.takeAll() { fail(flight, error) }
      return false
    }
    runAlone(calls.takeAll(), at: now)
    return true
  }

  /// Lets each call of a statement of which nothing has stayed run by itself, if anybody still waits for it.
  private mutating func runAlone(_ flights: some BidirectionalCollection<Flight>, at now: UInt64) {
    for flight in flights.reversed() {
      if flight.isGivenUp(at: now) { giveUp(flight, at: now) } else { repeatAlone(flight) }
    }
  }

  /// Keeps each row as the outcome of its insert, until the commit.
  private mutating func takeInserted(
    _ calls: GatheredCalls, from result: borrowing QueryResult, of connection: PipelinedConnection
  ) {
    for (row, flight) in calls.flights.enumerated() {
      guard flight.operation != nil, case .respond(let encoder) = flight.step.effect else { continue }
      let cells = result.load(row: Int32(truncatingIfNeeded: row), into: &cells)
      connection.uncommitted.append((flight, message(of: cells, encoder)))
    }
    _ = calls.takeAll()
  }

  /// Gives each row to those who want its key. False when a row has a key that nobody sent (a text type that finds more
  /// than what is equal byte by byte): then who got no row may have been meant.
  private mutating func answer(_ reads: GatheredCalls, from result: borrowing QueryResult) -> Bool {
    guard case .respond(let encoder)? = reads.flights.first?.step.effect else { return false }
    var isComplete = true
    var bytes = 0
    for row in 0..<result.rows {
      let cells = result.load(row: row, into: &cells)
      guard let key = cells.last else { return false }
      var next = reads.index(of: key, from: 0)
      if next == nil { isComplete = false }
      while let index = next {
        if let operation = reads.take(index) {
          let outcome = message(of: cells, encoder)
          bytes += writer.count
          answer(operation, outcome)
        }
        next = reads.index(of: key, from: index + 1)
      }
    }
    gatherLimits.noteSize(bytes / max(1, Int(result.rows)), of: reads.statement.id)
    return isComplete
  }
}
