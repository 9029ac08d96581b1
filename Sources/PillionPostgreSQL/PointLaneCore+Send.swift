internal import PillionDatabase

extension PointLaneCore {
  /// Reads that go to one connection at least before the next gets its share: a batch costs one flush and one wake-up
  /// on either side.
  private static let smallestShare = 64
  /// Connections that reads are spread over while these can take them. More would make smaller batches; the others are
  /// for writes, whose commits share a flush of the write-ahead log.
  static let readConnections = 8
  /// Reads by key go to as few connections as can keep up with the event loops, each to one that has answered within this
  /// time: more of them become one statement, and one of the server's processes at work costs less than several that take
  /// turns on its processors. What takes longer is spread over the others.
  private static let briskness: UInt64 = 1_000_000
  /// Event loops whose reads by key one of the server's processes can answer.
  private static let loopsPerConnection = 2

  /// Sends what waits to the connections that can take it.
  mutating func distribute(at now: UInt64) {
    if !successors.isEmpty { succeed(at: now) }
    sendInserts(at: now)
    guard !queue.calls.isEmpty else { return closeSegments(at: now) }
    let usable = slots.reduce(into: 0) { count, connection in
      if let connection, isUsable(connection, at: now) { count += 1 }
    }
    guard usable > 0 else { return closeSegments(at: now) }
    let share = max(Self.smallestShare, (queue.calls.count + usable - 1) / usable)
    var segment: PipelinedConnection?
    while let next = queue.calls.first {
      if next.isAlone {
        guard let connection = leastLoaded(of: slots[...], at: now) else { break }
        if connection === segment { segment = nil }
        sendAlone(on: connection, at: now)
      } else {
        segment =
          (next.isGatherable ? brisk(at: now) : nil)
          ?? leastLoaded(of: slots.prefix(Self.readConnections), at: now) ?? leastLoaded(of: slots[...], at: now)
        guard let connection = segment else { break }
        if !sendReads(on: connection, limit: min(share, Self.loadLimit - connection.load), at: now) { segment = nil }
      }
    }
    closeSegments(at: now)
  }

  /// Sends inserts that wait, those of one statement together, to connections on which none is under way: what comes
  /// meanwhile makes the next statement larger, and its commit serves more of them.
  private mutating func sendInserts(at now: UInt64) {
    while let next = queue.nextInserts {
      guard let connection = leastLoaded(of: slots[...], at: now, where: { $0.inserts == 0 }) else { return }
      if connection.isSegmentOpen, !closeSegment(connection, at: now) { continue }
      if sendInserts(of: next.statement, upTo: next.count, on: connection, at: now) {
        closeSegment(connection, at: now)
      }
    }
  }

  private mutating func closeSegments(at now: UInt64) {
    for case let connection? in slots where connection.isSegmentOpen { closeSegment(connection, at: now) }
  }

  private func isUsable(_ connection: PipelinedConnection, at now: UInt64) -> Bool {
    guard connection.cancel == .none, !connection.isLeaving, connection.load < Self.loadLimit else { return false }
    guard connection.takesAnotherSegment || connection.isSegmentOpen else { return false }
    return connection.load == 0 || now < MonotonicTime.after(connection.headSince, Self.patience)
  }

  func leastLoaded(
    of slots: ArraySlice<PipelinedConnection?>, at now: UInt64,
    where isFit: (PipelinedConnection) -> Bool = { _ in true }
  ) -> PipelinedConnection? {
    var best: PipelinedConnection?
    for case let connection? in slots where connection.load < best?.load ?? .max {
      if isFit(connection), isUsable(connection, at: now) { best = connection }
      if connection.load == 0 && best === connection { break }
    }
    return best
  }

  /// The connection for further reads by key; nil: they are not done in a moment.
  private func brisk(at now: UInt64) -> PipelinedConnection? {
    let count = min(max(1, configuration.eventLoops / Self.loopsPerConnection), Self.readConnections)
    return leastLoaded(of: slots.prefix(count), at: now) { connection in
      connection.load == 0
        || connection.load == connection.keyReads && now < MonotonicTime.after(connection.headSince, Self.briskness)
    }
  }

  /// Sends the first of the queue between two Syncs.
  private mutating func sendAlone(on connection: PipelinedConnection, at now: UInt64) {
    if connection.isSegmentOpen {
      guard closeSegment(connection, at: now), connection.takesAnotherSegment else { return }
    }
    if sendFirst(on: connection, at: now) { closeSegment(connection, at: now) }
  }

  /// Takes the first of the queue and sends it; false when the connection broke.
  mutating func sendFirst(on connection: PipelinedConnection, at now: UInt64) -> Bool {
    guard let flight = queue.calls.removeFirst() else { return true }
    return send(flight, on: connection, at: now)
  }

  /// Notes that a query is about to be sent.
  mutating func begin(_ flight: Flight, on connection: PipelinedConnection, at now: UInt64) {
    if flight.arrival < now, flight.repeats == 0 { waits &+= 1 }
    flight.operation?.noteStarted()
    if connection.load == 0 { connection.headSince = now }
    connection.isSegmentOpen = true
  }

  mutating func send(_ flight: Flight, on connection: PipelinedConnection, at now: UInt64) -> Bool {
    guard let operation = flight.operation else { return true }
    begin(flight, on: connection, at: now)
    do {
      switch try connection.send(flight, operation, &binder) {
      case .sent:
        inFlight += 1
        return true
      case .broken:
        inFlight += 1
      case .notSent:
        queue.prepend(flight)
      }
      lose(connection, at: now)
      return false
    } catch {
      fail(flight, error)
      return true
    }
  }

  @discardableResult
  private mutating func closeSegment(_ connection: PipelinedConnection, at now: UInt64) -> Bool {
    guard connection.sync() else {
      lose(connection, at: now)
      return false
    }
    return flush(connection, at: now)
  }

  /// Sends what libpq has buffered, and has epoll say when there is room for the rest. False when the connection broke.
  @discardableResult
  mutating func flush(_ connection: PipelinedConnection, at now: UInt64) -> Bool {
    let state = connection.connection.flush()
    guard state != .failed else {
      lose(connection, at: now)
      return false
    }
    let wantsOutput = state == .pending
    if wantsOutput != connection.wantsOutput {
      connection.wantsOutput = wantsOutput
      poller.change(connection.connection.socket, token: UInt64(connection.slot), wantsOutput: wantsOutput)
    }
    return true
  }
}
