package import NIOCore
package import NIOPosix

/// The figures a server works with; every default is what a sidecar beside one database needs. A time of zero is none.
package struct TransportConfiguration: Sendable {
  /// Threads that run event loops; 0, the default, is one a core.
  package var eventLoopThreads = 0

  // MARK: Sizes

  /// The longest request message in bytes, without its five-byte prefix, inflated if it came compressed; 4 MiB, as in
  /// every gRPC library.
  package var maxMessageBytes = 4 << 20
  /// The longest response message; a longer one is not sent, and its call is RESOURCE_EXHAUSTED.
  package var maxResponseBytes = 64 << 20
  /// The longest request header list, counted as RFC 9113 §6.5.2 does (name + value + 32 for each field).
  package var maxHeaderListBytes = 16 << 10
  /// Bytes of messages that one connection may make the server hold, requests and waiting responses together.
  package var maxConnectionBufferedBytes = 64 << 20
  /// The same for all connections together.
  package var maxBufferedBytes = 256 << 20
  /// Request bytes of one call that may be on their way or unread; 256 KiB.
  package var streamWindowBytes = 256 << 10
  /// Request bytes of one connection that may be on their way; 1 MiB.
  package var connectionWindowBytes = 1 << 20
  /// A call stops being writable when so many response bytes wait; 256 KiB.
  package var highWaterMarkBytes = 256 << 10
  /// It becomes writable again, and hears `onDrained`, when no more than this waits; 64 KiB.
  package var lowWaterMarkBytes = 64 << 10

  // MARK: Numbers

  /// Connections at once; one more is told so and closed.
  package var maxConnections = 1000
  /// Calls that one connection may have open at once. 100 is the least that RFC 9113 §6.5.2 recommends and Envoy's
  /// figure for the edge: one connection can then hold at most 100 request messages in memory, and 100 calls in flight
  /// already keep a database busy. Clients queue what is above it; a stream above it is refused and may be retried.
  package var maxConcurrentStreams = 100
  /// Connections that the kernel may hold before they are accepted.
  package var listenBacklog = 1024
  /// Whether another process of the same user may listen on the same port at the same time (SO_REUSEPORT, socket(7)).
  package var sharesPort = false
  /// What a peer may do besides calls that it lets finish.
  var allowance = PeerAllowance.Limits()

  // MARK: Times

  /// From the first byte to the client's SETTINGS; and for any one frame or header block to come whole.
  package var handshakeTimeout = TimeAmount.seconds(10)
  /// For the request of a unary call to come whole.
  package var requestTimeout = TimeAmount.seconds(15)
  /// How long a client may take nothing of an answer that waits for it.
  package var stallTimeout = TimeAmount.seconds(30)
  /// How long a connection may have no call.
  package var idleTimeout = TimeAmount.minutes(15)
  /// A client that is silent for so long is pinged.
  package var keepaliveInterval = TimeAmount.minutes(1)
  /// It is given up when it stays silent for so long after that.
  package var keepaliveTimeout = TimeAmount.seconds(20)
  /// Pings of a client that come closer together than this, with no answer of a call between, are too many.
  package var minPingInterval = TimeAmount.seconds(10)
  /// After about this time a connection is asked to end.
  package var maxConnectionAge = TimeAmount.zero
  /// How long the calls of such a connection may take to end.
  package var maxConnectionAgeGrace = TimeAmount.seconds(20)
  /// How long a closed connection waits for its peer to read the last bytes; 500 ms.
  package var lingerTime = TimeAmount.milliseconds(500)
  /// The longest wait between the two GOAWAY frames of a graceful end; 1 s.
  package var goAwayTimeout = TimeAmount.seconds(1)

  // MARK: Answers

  /// How answers are compressed for clients that accept it.
  package var compression = Compression.identity

  /// What a call reads that the server has no memory for.
  package var exhausted = Status(.resourceExhausted, "the server holds as much as it may; try again later")

  package init() {}

  /// The event loops for `TransportServer`; whoever makes them ends them.
  package func makeEventLoopGroup() -> MultiThreadedEventLoopGroup {
    MultiThreadedEventLoopGroup(numberOfThreads: eventLoopThreads > 0 ? eventLoopThreads : System.coreCount)
  }
}
