import CPillionHTTP2
import NIOCore

/// How far the graceful end of a connection has come (RFC 9113 §6.8).
enum ShutdownStage {
  case none
  /// GOAWAY with the highest stream number is sent: the client should open no more calls.
  case announced
  /// GOAWAY with the last stream that was seen is sent: calls above it are refused.
  case refusing
  /// The grace is over.
  case over
}

extension Connection {
  /// Begins the graceful end: calls in flight go on, the connection closes after the last.
  func beginShutdown() {
    guard case .none = shutdownStage else { return }
    guard let session else { return close() }
    shutdownStage = .announced
    clock.endBegan()
    session.submitShutdownNotice()
    goAwayTimer = loop.eventLoop.assumeIsolated().scheduleTask(in: loop.configuration.goAwayTimeout) {
      self.refuseNewCalls()
    }
    needsFlush()
  }

  /// Tells the calls that are open that the server shuts down.
  func announceShutdown() {
    // A call that ends leaves the list.
    let open = calls
    for call in open where !call.isEnded { call.handler?.onShutdown(call) }
  }

  /// The client has answered a ping; when it is the one that followed the announcement, it has read that.
  func pingAnswered(mark: UInt8) -> Int32 {
    if case .announced = shutdownStage, mark != Self.keepaliveMark { refuseNewCalls() }
    return 0
  }

  private func refuseNewCalls() {
    guard case .announced = shutdownStage, let session else { return }
    shutdownStage = .refusing
    goAwayTimer?.cancel()
    session.submitGoAway()
    needsFlush()
  }

  /// The grace is over: calls still open are cancelled and answered UNAVAILABLE, the connection closes.
  func endShutdown(_ reason: String = "the server is shutting down") {
    guard case .open = state else { return close() }
    refuseNewCalls()
    shutdownStage = .over
    for call in calls { call.abandon(Status(.unavailable, reason), reason: .shutdown) }
    flush()
    close()
  }

  /// Closes after what was written is out: first this side, then, when the peer has closed too or `lingerTime` is over,
  /// all of it. Closing at once could make the kernel drop what the peer has not read yet (RFC 9112 §9.6).
  func close() {
    switch state {
    case .closing, .closed: return
    case .preface, .open: state = .closing
    }
    guard let context else { return }
    goAwayTimer?.cancel()
    closeCalls(reason: shutdownStage == .over ? .shutdown : .connection)
    lingerTimer = loop.eventLoop.assumeIsolated().scheduleTask(in: loop.configuration.lingerTime) {
      self.context?.close(promise: nil)
    }
    let written = loop.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenSuccess { self.context?.close(mode: .output, promise: nil) }
    context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(capacity: 0)), promise: written)
  }
}
