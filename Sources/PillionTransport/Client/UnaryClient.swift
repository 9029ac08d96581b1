import Glibc
package import NIOCore
import NIOPosix
import NIOSSL

/// Makes one unary call over a connection of its own: how one of this program's commands asks a server something.
package struct UnaryClient: Sendable {
  package enum Target: Sendable {
    case tcp(host: String, port: Int)
    case unix(path: String)
  }

  /// What the server's certificate has to be, and what it is shown.
  package struct TLS: Sendable {
    /// PEM file of the authorities that may have signed it; nil: those that the system trusts.
    package var authorities: String?
    /// Whose certificate it has to be; nil: the target's host.
    package var name: String?
    /// PEM files of the client's certificate and key.
    package var identity: (certificate: String, key: String)?

    package init(
      authorities: String? = nil, name: String? = nil, identity: (certificate: String, key: String)? = nil
    ) {
      self.authorities = authorities
      self.name = name
      self.identity = identity
    }
  }

  package struct Answer: Sendable {
    package var status: Status
    package var message: [UInt8]
  }

  package var target: Target
  /// Nil: plaintext.
  package var tls: TLS?
  /// For everything, from the name of the host to the last byte of the answer.
  package var timeoutMilliseconds: Int

  package init(target: Target, tls: TLS? = nil, timeoutMilliseconds: Int) {
    self.target = target
    self.tls = tls
    self.timeoutMilliseconds = timeoutMilliseconds
  }

  /// Throws `UnaryClientError` when no gRPC server has answered.
  package func call(_ path: String, _ message: [UInt8], group: any EventLoopGroup) async throws -> Answer {
    let context = try tls.map { try Self.context($0) }
    let time = timeoutMilliseconds
    let eventLoop = group.next()
    let promise = eventLoop.makePromise(of: Answer.self)
    let timer = eventLoop.scheduleTask(in: .milliseconds(Int64(time))) {
      promise.fail(UnaryClientError(reason: "no answer within \(time) ms"))
    }
    let (host, isSecure) = (host, tls != nil)
    let bootstrap = ClientBootstrap(group: eventLoop)
      .connectTimeout(.milliseconds(Int64(time)))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let context { try channel.pipeline.syncOperations.addHandler(try tlsHandler(context)) }
          let session = ClientSession(
            path: path, authority: host, isSecure: isSecure, message: message, timeoutMilliseconds: time)
          guard let session else { throw UnaryClientError(reason: "out of memory") }
          try channel.pipeline.syncOperations.addHandler(ClientHandler(session: session, promise: promise))
        }
      }
    let connected: EventLoopFuture<any Channel> =
      switch target {
      case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
      case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
      }
    connected.whenFailure { promise.fail(UnaryClientError(connecting: $0)) }
    let answer: Result<Answer, any Error>
    do { answer = .success(try await promise.futureResult.outcome()) } catch { answer = .failure(error) }
    timer.cancel()
    connected.whenSuccess { $0.close(mode: .all, promise: nil) }
    return try answer.get()
  }

  /// `:authority`; a socket's path would be none by the standard.
  private var host: String {
    guard case .tcp(let host, let port) = target else { return "localhost" }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  private func tlsHandler(_ context: NIOSSLContext) throws -> NIOSSLClientHandler {
    var name = tls?.name
    if name == nil, case .tcp(let host, _) = target { name = host }
    do {
      return try NIOSSLClientHandler(context: context, serverHostname: name)
    } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
      // The certificate is then held against the address itself.
      return try NIOSSLClientHandler(context: context, serverHostname: nil)
    }
  }

  private static func context(_ tls: TLS) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["h2"]
    do {
      if let file = tls.authorities {
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
      }
      if let identity = tls.identity {
        configuration.certificateChain =
          try NIOSSLCertificate.fromPEMFile(identity.certificate).map { .certificate($0) }
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: identity.key, format: .pem))
      }
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw UnaryClientError(reason: "certificate or key: \(TLSReason.text(of: error))", isUsage: true)
    }
  }
}

/// Why a call had no answer.
package struct UnaryClientError: Error, CustomStringConvertible {
  package var reason: String
  /// Whether the caller's own files are wrong.
  package var isUsage = false

  package init(reason: String, isUsage: Bool = false) {
    self.reason = reason
    self.isUsage = isUsage
  }

  init(connecting error: any Error) {
    switch error {
    case let error as UnaryClientError: self = error
    case let error as NIOConnectionError:
      if let failure = error.connectionErrors.last?.error {
        self.init(connecting: failure)
      } else {
        self.init(reason: "there is no address of that name")
      }
    case let error as IOError: self.init(reason: String(cString: strerror(error.errnoCode)))
    case ChannelError.connectTimeout: self.init(reason: "no connection in time")
    default: self.init(reason: TLSReason.text(of: error))
    }
  }

  package var description: String { reason }
}

/// Carries bytes between the socket and the session.
private final class ClientHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let session: ClientSession
  private let promise: EventLoopPromise<UnaryClient.Answer>

  init(session: ClientSession, promise: EventLoopPromise<UnaryClient.Answer>) {
    self.session = session
    self.promise = promise
  }

  func channelActive(context: ChannelHandlerContext) { send(context) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = Self.unwrapInboundIn(data)
    guard bytes.withUnsafeReadableBytes({ session.receive($0) }) else {
      return promise.fail(UnaryClientError(reason: "what answers there does not speak HTTP/2"))
    }
    send(context)
    guard session.isOver else { return }
    if let answer = session.answer {
      promise.succeed(answer)
    } else {
      promise.fail(
        UnaryClientError(reason: "no answer of a gRPC server" + (session.httpStatus.map { ": \($0)" } ?? "")))
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    promise.fail(UnaryClientError(connecting: error))
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    promise.fail(UnaryClientError(reason: "the server closed the connection"))
  }

  private func send(_ context: ChannelHandlerContext) {
    let output = session.output()
    guard !output.isEmpty else { return }
    context.writeAndFlush(Self.wrapOutboundOut(context.channel.allocator.buffer(bytes: output)), promise: nil)
  }
}
