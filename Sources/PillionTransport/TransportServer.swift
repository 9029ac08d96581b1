import Glibc
package import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A gRPC server: listens, gives each connection an event loop, and ends them all.
package final class TransportServer: Sendable {
  private struct State {
    var listeners: [any Channel] = []
    var sockets: [UnixSocket] = []
    var isShuttingDown = false
  }

  private let configuration: TransportConfiguration
  private let group: any EventLoopGroup
  private let loops: [LoopContext]
  private let load: ServerLoad
  private let clock = ServerClock()
  private let state = Mutex(State())
  private let credentials: Mutex<TLSCredentials?>

  /// - Parameters:
  ///   - group: its loops carry listeners and connections; the caller ends it, after `shutdown`.
  ///   - credentials: for the listeners that are secure.
  ///   - interceptors: the layers around every call, the outermost first.
  ///   - observer: hears of every call's end.
  ///   - connectionObserver: hears of handshakes that fail.
  package init(
    configuration: TransportConfiguration, router: Router, group: any EventLoopGroup,
    credentials: TLSCredentials? = nil, interceptors: [any Interceptor] = [], observer: (any CallObserver)? = nil,
    connectionObserver: (any ConnectionObserver)? = nil
  ) {
    self.configuration = configuration
    self.group = group
    let load = ServerLoad(configuration)
    self.load = load
    self.credentials = Mutex(credentials)
    var loops: [LoopContext] = []
    for eventLoop in group.makeIterator() {
      loops.append(
        LoopContext(
          eventLoop: eventLoop, index: loops.count, configuration: configuration, router: router, load: load,
          clock: clock, interceptors: interceptors, observer: observer, connectionObserver: connectionObserver))
    }
    self.loops = loops
  }

  package var statistics: TransportStatistics { load.statistics }

  /// Listens at a name or address and a port; port 0 is any free one. May be called several times.
  ///
  /// With `isSecure` it speaks TLS with the credentials that hold when a connection begins; without credentials such a
  /// connection is closed. Returns the address that is bound. Throws what the system says when it cannot be.
  @discardableResult
  package func bind(host: String, port: Int, isSecure: Bool = false) async throws -> SocketAddress {
    let channel = try await bootstrap(isSecure ? .tls : .plaintext)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.socketOption(.so_reuseport), value: configuration.sharesPort ? 1 : 0)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .bind(host: host, port: port)
      .outcome()
    try await keep(channel)
    guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
    return address
  }

  /// Listens on a Unix domain socket, whose file gets the permissions and goes with the listener. A socket file that
  /// nothing answers on is replaced.
  ///
  /// Throws `ListenError` when it cannot be made.
  package func bind(unixSocket path: String, permissions: UInt32) async throws {
    let (socket, descriptor) = try UnixSocket.bind(path: path, permissions: permissions)
    let channel: any Channel
    do {
      channel = try await bootstrap(.unix).withBoundSocket(descriptor).outcome()
    } catch {
      socket.remove()
      throw error
    }
    let isTooLate = state.withLock { state in
      if !state.isShuttingDown { state.sockets.append(socket) }
      return state.isShuttingDown
    }
    if isTooLate { socket.remove() }
    try await keep(channel)
  }

  /// Uses other credentials for the connections that begin from now on; those that are open go on with theirs.
  package func replaceCredentials(_ credentials: TLSCredentials) {
    self.credentials.withLock { $0 = credentials }
  }

  private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 64 << 10, high: 256 << 10)

  private func bootstrap(_ door: Connection.Door) -> ServerBootstrap {
    ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: Int32(clamping: configuration.listenBacklog))
      .childChannelOption(.writeBufferWaterMark, value: Self.waterMark)
      .childChannelInitializer { self.prepare($0, door) }
  }

  private func prepare(_ channel: any Channel, _ door: Connection.Door) -> EventLoopFuture<Void> {
    let eventLoop = channel.eventLoop
    guard let loop = loops.first(where: { $0.eventLoop === eventLoop }) else { return channel.close() }
    let connection = Connection(loop: loop, door: door)
    guard door == .tls else {
      return eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(connection) }
    }
    guard let credentials = credentials.withLock({ $0 }) else { return channel.close() }
    let tls = NIOSSLServerHandler(context: credentials.context)
    let handshake = TLSHandshake(tls: tls, connection: connection)
    return eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.addHandlers(tls, handshake, connection)
    }
  }

  /// A client inside this process, connected by a pair of sockets: through everything that a connection of a Unix socket
  /// goes through but its listener.
  package func connectInside() async throws -> InsideClient {
    let (ours, theirs) = try UnixSocket.pair()
    let server: any Channel
    do {
      server = try await ClientBootstrap(group: group)
        .channelOption(.writeBufferWaterMark, value: Self.waterMark)
        .channelInitializer { self.prepare($0, .unix) }
        .withConnectedSocket(ours)
        .outcome()
    } catch {
      Glibc.close(theirs)
      throw error
    }
    do {
      return try await InsideClient(socket: theirs, group: group)
    } catch {
      server.close(promise: nil)
      throw error
    }
  }

  /// Notes a listener for the shutdown, or closes it if that has begun.
  private func keep(_ listener: any Channel) async throws {
    let isTooLate = state.withLock { state in
      if !state.isShuttingDown { state.listeners.append(listener) }
      return state.isShuttingDown
    }
    if isTooLate { try await listener.close(mode: .all).outcome() }
  }

  /// Uses another table of routes for the calls that begin from now on; returns when every loop does.
  package func replaceRouter(_ router: Router) async {
    for loop in loops {
      // The future never fails but with the loop, which is the caller's to end.
      try? await loop.eventLoop.submit { loop.router = router.copy() }.outcome()
    }
  }

  /// Moves the time that calls go by; returns when what is due then has ended. For tests.
  package func advanceClock(by nanoseconds: UInt64) async {
    clock.advance(by: nanoseconds)
    // The futures never fail but with their loops, which are the caller's to end.
    for loop in loops { try? await loop.eventLoop.submit { loop.clockMoved() }.outcome() }
  }

  /// Takes the date back to the system's. Calls that go on keep the deadlines that they have.
  package func resetClock() { clock.reset() }

  /// Stops listening and ends every connection: no new calls, those in flight may finish within `grace`; then they are
  /// cancelled with `.shutdown` and answered UNAVAILABLE. Returns when all connections are closed, at the latest
  /// `lingerTime` after `grace`, and with TLS a moment more for the peer's close_notify.
  package func shutdown(grace: Duration) async {
    let (listeners, sockets) = state.withLock { state in
      state.isShuttingDown = true
      defer { (state.listeners, state.sockets) = ([], []) }
      return (state.listeners, state.sockets)
    }
    for socket in sockets { socket.remove() }
    // A listener that is closed already has nothing to say.
    for listener in listeners { try? await listener.close(mode: .all).outcome() }
    let wait = TimeAmount(grace)
    let closed = loops.map { loop in
      let promise = loop.eventLoop.makePromise(of: Void.self)
      loop.eventLoop.execute { loop.beginShutdown(grace: wait, closed: promise) }
      return promise.futureResult
    }
    // These futures never fail.
    for future in closed { try? await future.outcome() }
  }
}
