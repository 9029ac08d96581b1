package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Sends what the server itself asks of others over HTTP/1.1: keys from an identity provider, spans to a collector.
///
/// A request has a connection of its own, which is closed behind the answer; redirects are answers like any other and
/// not followed. With `https` the server's certificate is verified against the system's authorities and its name.
package struct HTTPClient: Sendable {
  package struct Request: Sendable {
    package var method: String
    package var url: HTTPURL
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Until the whole answer is there.
    package var timeout: TimeAmount
    /// Of the answer; a longer one is an error.
    package var maximumBytes: Int

    package init(
      method: String = "GET", url: HTTPURL, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
      timeout: TimeAmount = .seconds(5), maximumBytes: Int = 1 << 20
    ) {
      self.method = method
      self.url = url
      self.headers = headers
      self.body = body
      self.timeout = timeout
      self.maximumBytes = maximumBytes
    }
  }

  package struct Response: Sendable {
    package var status: Int
    package var body: [UInt8]
  }

  /// Why there is no answer.
  package struct Failure: Error, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
  }

  private let group: any EventLoopGroup

  package init(group: any EventLoopGroup) { self.group = group }

  package func send(_ request: Request) async throws(Failure) -> Response {
    do {
      return try await start(request).get()
    } catch let failure as Failure {
      throw failure
    } catch let error as IOError {
      throw Failure(error.description)
    } catch is NIOConnectionError {
      throw Failure("\(request.url.authority) cannot be connected to")
    } catch {
      throw Failure("\(error)")
    }
  }

  private func start(_ request: Request) -> EventLoopFuture<Response> {
    let loop = group.next()
    let promise = loop.makePromise(of: Response.self)
    let host = request.url.host
    let isSecure = request.url.isSecure
    let limit = request.maximumBytes
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(request.timeout)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if isSecure {
            let context = try NIOSSLContext(configuration: .makeClientConfiguration())
            // An address is no name to ask for, but is verified all the same.
            let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
            try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host))
          }
          try pipeline.addHTTPClientHandlers()
          try pipeline.addHandler(AnswerReader(promise: promise, limit: limit))
        }
      }
    bootstrap.connect(host: host, port: request.url.port).whenComplete { result in
      switch result {
      case .failure(let error): promise.fail(error)
      case .success(let channel): Self.write(request, to: channel, promise)
      }
    }
    return promise.futureResult
  }

  private static func write(_ request: Request, to channel: any Channel, _ promise: EventLoopPromise<Response>) {
    let timeout = channel.eventLoop.scheduleTask(in: request.timeout) {
      promise.fail(Failure("\(request.url.authority) has not answered in time"))
    }
    promise.futureResult.whenComplete { _ in
      timeout.cancel()
      channel.close(promise: nil)
    }
    var headers = HTTPHeaders([("host", request.url.authority), ("connection", "close"), ("user-agent", "pillion")])
    for (name, value) in request.headers { headers.replaceOrAdd(name: name, value: value) }
    if !request.body.isEmpty { headers.replaceOrAdd(name: "content-length", value: "\(request.body.count)") }
    let head = HTTPRequestHead(
      version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: request.url.target, headers: headers)
    channel.write(HTTPClientRequestPart.head(head), promise: nil)
    if !request.body.isEmpty {
      channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: request.body))), promise: nil)
    }
    channel.writeAndFlush(HTTPClientRequestPart.end(nil)).cascadeFailure(to: promise)
  }
}

/// Gathers one answer.
private final class AnswerReader: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private let promise: EventLoopPromise<HTTPClient.Response>
  private let limit: Int
  private var response: HTTPClient.Response?

  init(promise: EventLoopPromise<HTTPClient.Response>, limit: Int) {
    self.promise = promise
    self.limit = limit
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): response = HTTPClient.Response(status: Int(head.status.code), body: [])
    case .body(let part):
      guard (response?.body.count ?? 0) + part.readableBytes <= limit else {
        promise.fail(HTTPClient.Failure("the answer has more than \(limit) bytes"))
        context.close(promise: nil)
        return
      }
      response?.body.append(contentsOf: part.readableBytesView)
    case .end:
      if let response { promise.succeed(response) }
      response = nil
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    promise.fail(HTTPClient.Failure("the connection was closed before the answer was whole"))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    promise.fail(error)
    context.close(promise: nil)
  }
}
