internal import PillionDatabase

/// The threads for Lists, each with connections of its own, so that a million rows do not hold up unary calls, and Lists
/// of several clients go as fast as all cores are. What waits is in one queue.
final class StreamLanes: Sendable {
  private let lanes: [StreamLane]
  private let queue: StreamQueue

  init(
    _ configuration: PostgreSQLConfiguration, connector: Connector, canceller: Canceller, statements: StatementCounts
  ) throws(DatabaseError) {
    let connections = max(1, min(configuration.streamConnections, 256))
    let count = max(1, min(configuration.streamThreads, connections))
    var pollers: [Poller] = []
    for _ in 0..<count { pollers.append(try Poller()) }
    let queue = StreamQueue(lanes: count, limit: configuration.queueLimit) { [pollers] in pollers[$0].wake() }
    self.queue = queue
    lanes = pollers.enumerated().map { index, poller in
      StreamLane(
        configuration, connector: connector, canceller: canceller, statements: statements, poller: poller, index: index,
        queue: queue, connections: connections / count + (index < connections % count ? 1 : 0))
    }
  }

  /// Starts; the first asks for a connection so that the first List need not wait for it.
  func start() throws(DatabaseError) {
    for lane in lanes { try lane.start() }
  }

  func open(_ stream: RowStream) {
    switch queue.append(stream, at: MonotonicTime.now()) {
    case .waits(let waiting): lanes[waiting.lane].look(after: waiting)
    case .full: refuse(stream, DatabaseError(.pillion(.exhausted), "too many Lists wait for the database"))
    case .closed: refuse(stream, DatabaseError(.pillion(.unavailable), "shutting down"))
    }
  }

  func resume(_ stream: RowStream) {
    if lanes.indices.contains(stream.lane) { lanes[stream.lane].resume(stream) }
  }

  func noteCancellation() { for lane in lanes { lane.noteCancellation() } }

  var statistics: DriverStatistics.Lane {
    var lane = DriverStatistics.Lane(name: "stream")
    (lane.waiting, lane.waits, lane.refusals) = queue.statistics
    for (open, busy, limit) in lanes.map(\.connections) {
      lane.connections += open
      lane.busy += busy
      lane.limit += limit
    }
    return lane
  }

  /// Lets what runs finish for a while, ends what waits, and ends the threads.
  func stop() {
    queue.close()
    for lane in lanes { lane.beginStop() }
    for lane in lanes { lane.join() }
  }

  private func refuse(_ stream: RowStream, _ error: DatabaseError) {
    stream.end(.failed(error))
    var outbox = Outbox()
    outbox.append(stream)
    outbox.flush()
  }
}
