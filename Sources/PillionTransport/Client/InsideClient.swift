import Glibc
package import NIOCore
import NIOPosix

/// A client on the other end of a pair of sockets.
///
/// `@unchecked Sendable`: `connection` is touched only on `eventLoop`.
package final class InsideClient: @unchecked Sendable {
  package let eventLoop: any EventLoop
  private let connection: ClientConnection

  /// The socket is closed with the client, also if this throws.
  init(socket: Int32, group: any EventLoopGroup) async throws {
    guard let connection = ClientConnection() else {
      Glibc.close(socket)
      throw ListenError(reason: "out of memory")
    }
    self.connection = connection
    eventLoop = group.next()
    let holder = Holder(connection)
    _ = try await ClientBootstrap(group: eventLoop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(holder.connection) }
      }
      .withConnectedSocket(socket)
      .outcome()
  }

  /// Runs `body` with the connection on its event loop.
  package func run(_ body: @escaping @Sendable (ClientConnection) -> Void) {
    eventLoop.execute { body(self.connection) }
  }

  /// Ends the connection, and with it every call.
  package func close() { run { $0.close() } }

  /// `@unchecked Sendable`: hands the connection to its event loop, once.
  private final class Holder: @unchecked Sendable {
    let connection: ClientConnection

    init(_ connection: ClientConnection) { self.connection = connection }
  }
}
