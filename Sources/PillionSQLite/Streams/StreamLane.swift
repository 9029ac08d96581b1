import PillionDatabase
import PillionWire

/// One of the threads that step the open Lists. A List that waits for its client holds none of them.
final class StreamLane {
  private let configuration: SQLiteConfiguration
  private let scheduler: StreamScheduler
  private let status: LaneStatus
  private let rows = RowBuffer()
  private var writer = WireWriter()

  init(_ configuration: SQLiteConfiguration, scheduler: StreamScheduler, status: LaneStatus) {
    self.configuration = configuration
    self.scheduler = scheduler
    self.status = status
  }

  /// The thread's body; returns when the scheduler has been closed and all streams have ended.
  func run() {
    while let work = scheduler.next() {
      switch work {
      case .refuse(let stream, let error): post(stream, .failed(error))
      case .start(let stream, let connection): start(stream, on: connection)
      case .advance(let cursor): advance(cursor)
      }
    }
  }

  private func start(_ stream: RowStream, on idle: Connection?) {
    stream.noteStarted()
    do throws(DatabaseError) {
      let now = MonotonicTime.now()
      if let verdict = Watch.verdict(on: stream, now: now) {
        scheduler.end(stream, idle)
        return post(stream, .failed(verdict.error))
      }
      let connection = try usable(idle)
      status.noteAvailable(true)
      advance(StreamCursor(stream, on: connection, configuration: configuration, now: now))
    } catch {
      if error.saysUnavailable { status.noteAvailable(false) }
      scheduler.end(stream, nil)
      post(stream, .failed(error))
    }
  }

  /// The connection, or a new one where there is none or its file has been replaced.
  private func usable(_ connection: Connection?) throws(DatabaseError) -> Connection {
    if let connection, !connection.hasMoved { return connection }
    let watch = Watch(status: status, configuration: configuration, stopsAtShutdown: true)
    return try Connection(configuration, role: .stream, watch: watch, mayCreate: false)
  }

  private func advance(_ cursor: StreamCursor) {
    let stream = cursor.stream
    let pause = cursor.advance(rows, &writer) { stream.mailbox.deliver([stream]) }
    switch pause {
    case .parked: scheduler.park(cursor)
    case .yielded: scheduler.yield(cursor)
    case .ended(let end):
      cursor.finish()
      if case .failed(let error) = end, error.saysUnavailable { status.noteAvailable(false) }
      scheduler.end(stream, cursor.connection)
      post(stream, end)
    }
  }

  private func post(_ stream: RowStream, _ end: RowStream.End) {
    stream.noteEnded()
    stream.end(end)
    stream.mailbox.deliver([stream])
  }
}
