internal import PillionDatabase
internal import PillionWire

/// The state of the lane for unary calls: what waits, what is under way, and on which connections.
///
/// Its methods never wait. Finished jobs gather in `finished`; the lane delivers them after it has let go of the lock.
struct PointLaneCore: ~Copyable {
  /// A connection whose first query has run for this long gets no new work: it would wait behind that query.
  static let patience: UInt64 = 5_000_000
  /// How long an abandoned query may run before the server is asked to stop it: most have ended by then, and a
  /// request costs the server a process.
  static let cancelGrace: UInt64 = 10_000_000
  /// A cancel request that changed nothing is repeated after this.
  static let cancelRepeat: UInt64 = 200_000_000
  /// A cancel request may still hit a query for this long after it was made.
  static let cancelReach: UInt64 = 1_000_000_000
  /// An abandoned query that runs on for this long means that the database does not answer.
  static let silence: UInt64 = 2_000_000_000
  /// Load that a connection may have, so that its buffers stay small.
  static let loadLimit = 512
  /// A query is not sent more often than this, whatever the reasons.
  static let repeatLimit = 8
  /// Nor is its statement prepared anew more often than this.
  static let preparationLimit = 3

  let configuration: PostgreSQLConfiguration
  let poller: Poller
  let availability: Availability
  let statements: StatementCounts
  /// Nil: a connection has been asked for.
  var slots: ContiguousArray<PipelinedConnection?>
  /// What has come since the lane last looked, not yet accepted.
  var arrivals = Ring<Operation>()
  var queue = FlightQueue()
  var finished: ContiguousArray<Job> = []
  /// Connections that wait for those they replace to finish.
  var successors: [Connection] = []
  /// Connections to ask the connector for.
  var wanted = 0
  /// Cancel requests to send.
  var cancels: ContiguousArray<CancelHandle> = []
  var writer = WireWriter()
  var cells = CellBuffer()
  var binder = ParameterBinder()
  /// Operations under way and not yet answered, or abandoned ones whose statements still run.
  var inFlight = 0
  /// When `expire` has to run next: never too late, perhaps too early.
  var nextTimer = MonotonicTime.never
  /// When the lane's thread will wake by itself.
  var wakesAt: UInt64 = 0
  /// Since when there has been no connection; nil while there is one.
  var downSince: UInt64?
  var connectError: DatabaseError?
  var isStopping = false
  var gatherLimits = GatherLimits()
  var directWaits = AdaptiveWait()
  /// Operations so far that no connection could take at once.
  var waits = 0

  init(
    _ configuration: PostgreSQLConfiguration, _ poller: Poller, _ availability: Availability,
    _ statements: StatementCounts
  ) {
    self.configuration = configuration
    self.poller = poller
    self.availability = availability
    self.statements = statements
    slots = ContiguousArray(repeating: nil, count: max(1, min(configuration.pointConnections, 256)))
  }

  var isIdle: Bool { inFlight == 0 && queue.isEmpty }

  // MARK: Arrivals

  /// Takes an operation from its sender.
  mutating func accept(_ operation: Operation, at now: UInt64) {
    guard operation.bound.steps.count == 1, let step = operation.bound.steps.first else {
      return answer(operation, .failed(DatabaseError(.pillion(.internal), "PostgreSQL operations have one step")))
    }
    guard step.statement.parameterTypes.count <= ParameterBinder.limit else {
      let error = DatabaseError(.sqlState("54023"), "more than \(ParameterBinder.limit) parameters")
      return answer(operation, .failed(error))
    }
    // A comment in its statement says for whom it is.
    let flight = Flight(
      operation: operation, step: step, isWrite: operation.bound.isWrite, arrival: now,
      isAlone: operation.bound.isWrite || operation.session != nil,
      isGatherable: step.gathering != nil && configuration.hasSession && operation.session == nil
        && operation.comment == nil)
    if isStopping { return fail(flight, DatabaseError(.pillion(.unavailable), "shutting down")) }
    if flight.isGivenUp(at: now) { return giveUp(flight, at: now) }
    if operation.deadline != 0 { nextTimer = min(nextTimer, operation.deadline) }
    if let downSince {
      let patience = MonotonicTime.after(downSince, configuration.acquireTimeout.nanoseconds)
      guard now < patience else { return fail(flight, unavailable) }
      nextTimer = min(nextTimer, MonotonicTime.after(now, configuration.acquireTimeout.nanoseconds))
    }
    queue.append(flight)
  }

  mutating func accept(_ connection: Connection, at now: UInt64) {
    guard !isStopping else { return }
    guard let slot = slots.firstIndex(where: { $0 == nil }) else { return acceptSuccessor(connection, at: now) }
    install(connection, at: slot, now)
    downSince = nil
    connectError = nil
    availability.set(true)
  }

  /// There is no connection yet: calls wait no longer for one than after it broke.
  mutating func startWithout(at now: UInt64) {
    downSince = now
    availability.set(false)
  }

  /// The server is back, and a connection to it is about to be opened: calls wait for that one as they would if the last
  /// had broken just now.
  mutating func serverAnswers(at now: UInt64) {
    guard downSince != nil else { return }
    downSince = now
    connectError = nil
  }

  mutating func install(_ connection: Connection, at slot: Int, _ now: UInt64) {
    let installed = PipelinedConnection(connection, slot: slot, configuration, counts: statements)
    installed.endOfLife = configuration.endOfLife(from: now)
    nextTimer = min(nextTimer, installed.endOfLife)
    slots[slot] = installed
    poller.add(connection.socket, token: UInt64(slot))
  }

  mutating func acceptFailure(_ error: DatabaseError) {
    connectError = error
    if downSince != nil { availability.set(false) }
  }

  // MARK: Answers

  mutating func answer(_ operation: Operation, _ outcome: Operation.Outcome) {
    operation.outcome = outcome
    operation.noteEnded()
    finished.append(operation)
  }

  mutating func finish(_ flight: Flight, _ outcome: Operation.Outcome) {
    if let operation = flight.operation { answer(operation, outcome) }
  }

  mutating func fail(_ flight: Flight, _ error: DatabaseError) { finish(flight, .failed(error)) }

  /// Answers an operation that was cancelled or whose deadline has passed.
  mutating func giveUp(_ flight: Flight, at now: UInt64) {
    guard let operation = flight.operation else { return }
    answer(operation, .failed(Self.abandonment(of: operation, at: now)))
  }

  static func abandonment(of job: Job, at now: UInt64) -> DatabaseError {
    job.deadline != 0 && job.deadline <= now
      ? DatabaseError(.pillion(.timeout), "the deadline passed before the database answered")
      : DatabaseError(.pillion(.cancelled), "the call was cancelled")
  }

  var unavailable: DatabaseError {
    guard let connectError else { return DatabaseError(.pillion(.unavailable), "no connection to the database") }
    var error = connectError
    error.code = .pillion(.unavailable)
    error.message = "no connection to the database: \(connectError.description)"
    return error
  }

  // MARK: Time

  /// Answers what was cancelled or is out of time, and has the server stop what runs for nobody.
  mutating func expire(at now: UInt64) {
    nextTimer = MonotonicTime.never
    expireQueue(at: now)
    retire(at: now)
    for case let connection? in slots where !connection.entries.isEmpty { expire(connection, at: now) }
  }

  private mutating func expireQueue(at now: UInt64) {
    let patience = configuration.acquireTimeout.nanoseconds
    for flight in queue.takeAll() {
      if flight.isGivenUp(at: now) {
        giveUp(flight, at: now)
        continue
      }
      if let downSince {
        let limit = MonotonicTime.after(max(flight.arrival, downSince), patience)
        guard now < limit else {
          fail(flight, unavailable)
          continue
        }
        nextTimer = min(nextTimer, limit)
      }
      if let deadline = flight.operation?.deadline, deadline != 0 { nextTimer = min(nextTimer, deadline) }
      queue.append(flight)
    }
  }

  private mutating func expire(_ connection: PipelinedConnection, at now: UInt64) {
    for index in 0..<connection.entries.count {
      switch connection.entries[index] {
      case .query(var flight):
        guard expire(flight, at: now) else { continue }
        flight.operation = nil
        flight.isAbandoned = true
        connection.abandoned += 1
        connection.entries[index] = .query(flight)
      case .gathered(let calls):
        if calls.giveUp({ expire($0, at: now) }) { connection.abandoned += 1 }
      default: continue
      }
    }
    if connection.runsAbandoned { stop(connection, at: now) }
  }

  /// Answers a query that nobody waits for any more; false when somebody does.
  private mutating func expire(_ flight: Flight, at now: UInt64) -> Bool {
    guard let operation = flight.operation else { return false }
    if flight.isGivenUp(at: now) {
      giveUp(flight, at: now)
      return true
    }
    if operation.deadline != 0 { nextTimer = min(nextTimer, operation.deadline) }
    return false
  }

  /// Asks the server to stop what it runs for nobody, once it has run for a while. Should that hit a neighbour in the
  /// same segment, the neighbour runs again.
  mutating func stop(_ connection: PipelinedConnection, at now: UInt64) {
    let due: UInt64
    switch connection.cancel {
    case .none: due = MonotonicTime.after(connection.headSince, Self.cancelGrace)
    case .sent where connection.headSince >= connection.cancelTime:
      due = MonotonicTime.after(connection.headSince, Self.cancelGrace)
    case .requested, .sent: due = MonotonicTime.after(connection.cancelTime, Self.cancelRepeat)
    }
    if now >= MonotonicTime.after(connection.headSince, Self.silence) { availability.set(false) }
    if now >= due {
      if connection.cancel != .requested {
        connection.cancel = .requested
        cancels.append(connection.connection.cancelHandle)
      }
      connection.cancelTime = now
      nextTimer = min(nextTimer, MonotonicTime.after(now, Self.cancelRepeat))
    } else {
      nextTimer = min(nextTimer, due)
    }
  }

  /// The server has taken a cancel request. What it hit shows in the results; new work waits until those are through.
  mutating func cancelSent(_ handle: CancelHandle) {
    for case let connection? in slots where connection.connection.cancelHandle === handle {
      connection.cancel = connection.entries.isEmpty ? .none : .sent
      if connection.abandoned > 0 { nextTimer = 0 }
    }
  }
}
