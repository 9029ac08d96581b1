import NIOCore
import NIOHTTP1

/// One connection of the admin port: GET and HEAD of its pages, one after the other.
final class AdminHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// From one answer, or the beginning, to the next whole request; and for an answer to be taken.
  private static let patience = TimeAmount.seconds(30)
  /// A GET has no use for a body.
  private static let maxBodyBytes = 8 << 10

  private let pages: any AdminPages
  private var head: HTTPRequestHead?
  private var bodyBytes = 0
  private var timer: Scheduled<Void>?

  init(pages: any AdminPages) { self.pages = pages }

  func handlerAdded(context: ChannelHandlerContext) { restartTimer(context) }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      bodyBytes = 0
    case .body(let bytes):
      bodyBytes += bytes.readableBytes
      if bodyBytes > Self.maxBodyBytes { context.close(promise: nil) }
    case .end:
      guard let head else { return }
      self.head = nil
      restartTimer(context)
      answer(head, context)
    }
  }

  private func restartTimer(_ context: ChannelHandlerContext) {
    timer?.cancel()
    let channel = context.channel
    timer = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
  }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    guard head.method == .GET || head.method == .HEAD else {
      return send(
        AdminPage(status: .methodNotAllowed, body: "only GET and HEAD\n"), to: head, context, [("allow", "GET, HEAD")])
    }
    let path = head.uri.prefix { $0 != "?" && $0 != "#" }
    guard let page = pages.page(String(path), on: context.eventLoop) else {
      return send(AdminPage(status: .notFound, body: "no such page\n"), to: head, context)
    }
    let target = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    page.whenComplete { result in
      let (connection, context) = target.value
      guard context.channel.isActive else { return }
      switch result {
      case .success(let page): connection.send(page, to: head, context)
      case .failure: connection.send(AdminPage(status: .serviceUnavailable, body: "shutting down\n"), to: head, context)
      }
    }
  }

  private func send(
    _ page: AdminPage, to head: HTTPRequestHead, _ context: ChannelHandlerContext, _ more: [(String, String)] = []
  ) {
    let isKept = head.isKeepAlive
    var headers = HTTPHeaders([
      ("content-type", page.contentType), ("content-length", "\(page.body.utf8.count)"), ("cache-control", "no-store"),
    ])
    headers.add(contentsOf: more)
    if !isKept { headers.add(name: "connection", value: "close") }
    let response = HTTPResponseHead(version: .http1_1, status: page.status, headers: headers)
    context.write(wrapOutboundOut(.head(response)), promise: nil)
    if head.method != .HEAD {
      context.write(
        wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: page.body)))), promise: nil)
    }
    let written = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    let target = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    written.futureResult.whenSuccess {
      let (connection, context) = target.value
      if isKept { connection.restartTimer(context) } else { context.close(promise: nil) }
    }
  }
}
