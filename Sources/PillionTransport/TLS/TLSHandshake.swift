import NIOCore
import NIOSSL
import NIOTLS

/// Stands between TLS and HTTP/2 until the handshake is over: ends the one that does not agree on `h2`, tells the
/// connection who its client is, and then removes itself. The time that it may take is the connection's to watch.
final class TLSHandshake: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let tls: NIOSSLServerHandler
  private let connection: Connection
  private var isOver = false

  init(tls: NIOSSLServerHandler, connection: Connection) {
    self.tls = tls
    self.connection = connection
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .handshakeCompleted(let protocolName)? = event as? TLSUserEvent else {
      return context.fireUserInboundEventTriggered(event)
    }
    // RFC 9113 §3.2: HTTP/2 over TLS is negotiated.
    guard protocolName == "h2" else { return fail("the client did not offer the protocol h2", context) }
    isOver = true
    connection.identity = tls.peerCertificate.map { PeerIdentity($0) }
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The server's own giving up is told by `channelInactive`.
    if case .preface = connection.state { fail(TLSReason.text(of: error), context) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail("it was not over in time", context)
    context.fireChannelInactive()
  }

  private func fail(_ reason: String, _ context: ChannelHandlerContext) {
    guard !isOver else { return }
    isOver = true
    connection.loop.connectionObserver?.handshakeFailed(peer: connection.peer, reason: reason)
    context.close(promise: nil)
  }
}

/// Hears of connections that end before their first call; called on a connection's event loop.
package protocol ConnectionObserver: Sendable {
  /// A TLS handshake failed, or was not over in time.
  func handshakeFailed(peer: String, reason: String)
}
