package import NIOCore
package import NIOPosix

/// The figures a server works with; every default is what a sidecar beside one database needs.
package struct TransportConfiguration: Sendable {
  /// Threads that run event loops; 0, the default, is one a core.
  package var eventLoopThreads = 0
  /// The longest request message in bytes, without its five-byte prefix; 4 MiB, as in every gRPC library.
  package var maxMessageBytes = 4 << 20
  /// Calls that one connection may have open at once. 100 is the least that RFC 9113 §6.5.2 recommends and Envoy's
  /// figure for the edge: one connection can then hold at most 100 request messages in memory, and 100 calls in flight
  /// already keep a database busy. Clients queue what is above it; a stream above it is refused and may be retried.
  package var maxConcurrentStreams = 100
  /// The longest request header list, counted as RFC 9113 §6.5.2 does (name + value + 32 for each field).
  package var maxHeaderListBytes = 16 << 10
  /// Request bytes of one call that may be on their way or unread; 256 KiB.
  package var streamWindowBytes = 256 << 10
  /// Request bytes of one connection that may be on their way; 1 MiB.
  package var connectionWindowBytes = 1 << 20
  /// A call stops being writable when so many response bytes wait; 256 KiB.
  package var highWaterMarkBytes = 256 << 10
  /// It becomes writable again, and hears `onDrained`, when no more than this waits; 64 KiB.
  package var lowWaterMarkBytes = 64 << 10
  /// Connections that the kernel may hold before they are accepted.
  package var listenBacklog = 1024
  /// How long a closed connection waits for its peer to read the last bytes; 500 ms.
  package var lingerTime = TimeAmount.milliseconds(500)
  /// The longest wait between the two GOAWAY frames of a graceful end; 1 s.
  package var goAwayTimeout = TimeAmount.seconds(1)

  package init() {}

  /// The event loops for `TransportServer`; whoever makes them ends them.
  package func makeEventLoopGroup() -> MultiThreadedEventLoopGroup {
    MultiThreadedEventLoopGroup(numberOfThreads: eventLoopThreads > 0 ? eventLoopThreads : System.coreCount)
  }
}
