import NIOCore
import NIOHTTP1
import NIOPosix
import PillionTransport
import Synchronization

/// The operator's door: a few pages over plain HTTP/1.1, on a listener and a thread of its own, so that it answers
/// while the event loops are busy and until the last of them has gone.
final class AdminServer: Sendable {
  /// Connections at once: a scraper, some probes, and an operator.
  static let maxConnections = 64
  /// Bytes of a request's header list.
  static let maxHeaderBytes = 8 << 10

  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let pages: any AdminPages
  private let listener = Mutex<(any Channel)?>(nil)
  private let connections = Atomic<Int>(0)

  init(pages: any AdminPages) { self.pages = pages }

  /// Listens; returns the port. For a thread that may wait. Throws what the system says when it cannot be.
  ///
  /// - Parameter isShared: whether another process may listen on the same port.
  func bind(host: String, port: Int, isShared: Bool) throws -> Int {
    let channel = try ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 64)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.socketOption(.so_reuseport), value: isShared ? 1 : 0)
      .childChannelInitializer { channel in self.admit(channel) }
      .bind(host: host, port: port)
      .wait()
    listener.withLock { $0 = channel }
    return channel.localAddress?.port ?? port
  }

  private func admit(_ channel: any Channel) -> EventLoopFuture<Void> {
    guard connections.wrappingAdd(1, ordering: .relaxed).newValue <= Self.maxConnections else {
      connections.wrappingSubtract(1, ordering: .relaxed)
      return channel.close()
    }
    channel.closeFuture.whenComplete { _ in self.connections.wrappingSubtract(1, ordering: .relaxed) }
    return channel.eventLoop.makeCompletedFuture {
      var limits = NIOHTTPDecoderLimitConfiguration()
      limits.maxHeaderFieldSize = Self.maxHeaderBytes
      limits.maxHeaderListSize = Self.maxHeaderBytes
      limits.maxHeaderFieldCount = 100
      try channel.pipeline.syncOperations.addHandlers(
        HTTPResponseEncoder(), ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits)),
        HTTPServerPipelineHandler(), HTTPServerProtocolErrorHandler(), AdminHandler(pages: pages))
    }
  }

  /// Closes the listener and every connection. For a thread that may wait.
  func stop() {
    let channel = listener.withLock { $0.take() }
    // A listener that is closed already, or a loop that has gone, is what is wanted.
    try? channel?.close().wait()
    try? group.syncShutdownGracefully()
  }
}
