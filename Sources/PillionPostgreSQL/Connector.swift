internal import Glibc
internal import PillionDatabase

/// Takes what becomes of attempts to connect; called on the connector's thread.
protocol ConnectorClient: AnyObject, Sendable {
  func connected(_ connection: Connection)
  /// The attempt is repeated until it succeeds.
  func connectFailed(_ error: DatabaseError)
  /// After failures, somebody else's connection could be opened: this one's is tried next.
  func serverAnswers()
}

/// A thread that opens connections for the lanes, one after the other, with backoff.
///
/// Looking up names and hashing passwords block, so no lane does them.
final class Connector: Sendable {
  private struct Request {
    var role: Role
    var client: any ConnectorClient
  }
  private struct State {
    var requests = Ring<Request>()
    var thread: LaneThread?
    var isStopped = false
  }

  private let opening: Opening
  private let state = Locked(State())
  /// A request has come.
  private let news: EventDescriptor
  /// It is over; stays readable.
  private let end: EventDescriptor

  init(_ opening: Opening) throws(DatabaseError) {
    self.opening = opening
    news = try EventDescriptor()
    end = try EventDescriptor()
  }

  func start() throws(DatabaseError) {
    let thread = try LaneThread(name: "pg-connect") { [self] in run() }
    state.withLock { $0.thread = thread }
  }

  /// Opens one connection for `client`, however long it takes.
  func request(_ role: Role, for client: any ConnectorClient) {
    state.withLock { state in
      guard !state.isStopped else { return }
      state.requests.append(Request(role: role, client: client))
    }
    news.signal()
  }

  /// Gives up the running attempt and ends the thread.
  func stop() {
    let thread = state.withLock { state in
      state.isStopped = true
      state.requests = Ring()
      defer { state.thread = nil }
      return state.thread
    }
    end.signal()
    thread?.join()
  }

  private func run() {
    var backoff = Backoff()
    while true {
      let (request, isStopped) = state.withLock { ($0.requests.removeFirst(), $0.isStopped) }
      if isStopped { return }
      guard let request else {
        wait(for: news.descriptor, until: MonotonicTime.never)
        news.drain()
        continue
      }
      do {
        let connection = try opening.open(request.role, interrupt: end.descriptor)
        let hadFailed = backoff.failures > 0
        backoff.succeed()
        request.client.connected(connection)
        if hadFailed { for client in waitingClients() { client.serverAnswers() } }
      } catch {
        // Behind the others: when only so many connections are allowed, those who have none come first.
        state.withLock { if !$0.isStopped { $0.requests.append(request) } }
        for client in waitingClients() { client.connectFailed(error) }
        wait(for: -1, until: MonotonicTime.after(MonotonicTime.now(), backoff.fail(error)))
      }
    }
  }

  /// Those who have asked for a connection, each once.
  private func waitingClients() -> [any ConnectorClient] {
    let clients = state.withLock { state in (0..<state.requests.count).compactMap { state.requests[$0]?.client } }
    var found = Set<ObjectIdentifier>()
    return clients.filter { found.insert(ObjectIdentifier($0)).inserted }
  }

  /// Until the descriptor is readable, the time has come, or it is over.
  private func wait(for descriptor: Int32, until time: UInt64) {
    var descriptors = (
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: end.descriptor, events: Int16(POLLIN), revents: 0)
    )
    _ = withUnsafeMutableBytes(of: &descriptors) { bytes in
      poll(
        bytes.bindMemory(to: pollfd.self).baseAddress, 2,
        MonotonicTime.milliseconds(from: MonotonicTime.now(), to: time))
    }
  }
}
