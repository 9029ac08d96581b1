internal import CPillionPostgreSQL
internal import PillionDatabase

/// Reads by key that wait together go out as one statement for all their keys ("Gathering"). What a read means does not
/// change: should the statement fail, each runs by itself and gets an answer of its own.
extension PointLaneCore {
  /// Keys of one statement at most: more would save little, and the server sends no row before the statement's end.
  private static let gatherLimit = 64
  /// Bytes of messages that one statement should return at most: libpq keeps a result whole.
  private static let gatherBytes = 256 << 10
  /// Statements whose rows' size is remembered.
  private static let rememberedSizes = 1024

  /// Takes up to `limit` reads from the front of the queue and sends them; false when the connection broke.
  mutating func sendReads(on connection: PipelinedConnection, limit: Int, at now: UInt64) -> Bool {
    guard limit > 1, connection.prepares else { return sendFirst(on: connection, at: now) }
    var reads = ContiguousArray<Flight>()
    reads.reserveCapacity(min(limit, queue.count))
    while reads.count < limit, let next = queue.first, !next.isAlone {
      queue.removeFirst()
      reads.append(next)
    }
    for index in reads.indices where reads[index].operation != nil {
      let isSent = sendGathered(&reads, from: index, on: connection, at: now)
      guard isSent else {
        for flight in reads.reversed() where flight.operation != nil { queue.prepend(flight) }
        return false
      }
    }
    return true
  }

  /// Nil for a read that is answered, or goes by itself: a comment in its statement says for whom it is.
  private static func gathering(of flight: Flight) -> Gathering? {
    guard let operation = flight.operation, operation.comment == nil else { return nil }
    return operation.steps.first?.gathering
  }

  /// Sends a read, and with it those of its statement behind it; what is sent leaves `reads`.
  private mutating func sendGathered(
    _ reads: inout ContiguousArray<Flight>, from first: Int, on connection: PipelinedConnection, at now: UInt64
  ) -> Bool {
    let lead = reads[first]
    reads[first].operation = nil
    guard let gathering = Self.gathering(of: lead) else { return send(lead, on: connection, at: now) }
    var together: ContiguousArray = [lead]
    let limit = gatherLimits[gathering.statement.id] ?? Self.gatherLimit
    for index in reads.indices.dropFirst(first + 1) where together.count < limit {
      guard reads[index].statement === lead.statement, Self.gathering(of: reads[index]) != nil else { continue }
      together.append(reads[index])
      reads[index].operation = nil
    }
    guard together.count > 1, let gathered = GatheredReads(gathering, together) else {
      for flight in together { queue.prepend(flight) }
      for _ in together {
        guard sendFirst(on: connection, at: now) else { return false }
      }
      return true
    }
    for flight in together { begin(flight, on: connection, at: now) }
    do {
      switch try connection.send(gathered, &binder) {
      case .sent:
        inFlight += gathered.count
        return true
      case .broken:
        inFlight += gathered.count
      case .notSent:
        for flight in together.reversed() { queue.prepend(flight) }
      }
      lose(connection, at: now)
      return false
    } catch {
      for flight in together { fail(flight, error) }
      return true
    }
  }

  /// Answers from the statement's rows, or lets each read run by itself; false when the connection cannot be used any
  /// more.
  mutating func takeGathered(
    _ result: consuming QueryResult, _ status: ExecStatusType, _ reads: GatheredReads,
    of connection: PipelinedConnection, at now: UInt64
  ) -> Bool {
    guard !reads.isOver else { return true }
    let id = reads.gathering.statement.id
    switch status {
    case PGRES_TUPLES_OK:
      if answer(reads, from: result) {
        for flight in reads.takeAll() { finish(flight, .notFound) }
        return true
      }
    case PGRES_PIPELINE_ABORTED: break
    case PGRES_FATAL_ERROR:
      switch result.sqlState {
      case "26000": connection.statements.forget(id)
      case "42P05": connection.statements.markStale(id)
      case "0A000": for case let other? in slots { other.statements.invalidate(id) }
      default: break
      }
    default:
      let error = DatabaseError(
        .pillion(.internal), "a statement that does not return rows", sql: reads.gathering.statement.sql)
      for flight in reads.takeAll() { fail(flight, error) }
      return false
    }
    for flight in reads.takeAll() {
      if flight.isGivenUp(at: now) { giveUp(flight, at: now) } else { repeatAlone(flight) }
    }
    return true
  }

  /// Gives each row to those who want its key. False when a row has a key that nobody sent (a text type that finds more
  /// than what is equal byte by byte): then who got no row may have been meant.
  private mutating func answer(_ reads: GatheredReads, from result: borrowing QueryResult) -> Bool {
    var isComplete = true
    var bytes = 0
    for row in 0..<result.rows {
      let cells = result.load(row: row, into: &cells)
      guard let key = cells.last else { return false }
      var outcomes: ContiguousArray<Operation> = []
      if !reads.answer(key, { outcomes.append($0) }) { isComplete = false }
      for operation in outcomes {
        guard case .respond(let encoder)? = operation.steps.first?.effect else { continue }
        let outcome = message(of: cells, encoder)
        if case .message(let message) = outcome { bytes += message.count }
        answer(operation, outcome)
      }
    }
    remember(bytes / max(1, Int(result.rows)), of: reads.gathering.statement.id)
    return isComplete
  }

  private mutating func remember(_ size: Int, of statement: Int) {
    let limit = max(1, min(Self.gatherLimit, Self.gatherBytes / max(1, size)))
    if limit == Self.gatherLimit {
      if !gatherLimits.isEmpty { gatherLimits[statement] = nil }
    } else if gatherLimits.count < Self.rememberedSizes || gatherLimits[statement] != nil {
      gatherLimits[statement] = limit
    }
  }
}
