import NIOCore

/// The request's way in: bytes to messages to the handler.
extension ServerCall {
  /// Stops the handler's messages: what comes stays with the transport, at most one stream window of it, and then with
  /// the client.
  package func pauseReading() { isReadingPaused = true }

  /// Lets messages come again, from the loop's next task on.
  package func resumeReading() {
    guard isReadingPaused else { return }
    isReadingPaused = false
    guard !isEnded else { return dropRequest() }
    eventLoop.execute { self.readOn() }
  }

  func readOn() {
    guard !isReadingPaused, !isClosed else { return }
    takeUnread().withUnsafeBytes { receive($0, endsRequest: isRequestEndDue) }
    if isRequestEndDue, !isReadingPaused {
      isRequestEndDue = false
      endRequest()
    }
    connection.needsFlush()
  }

  /// Takes bytes of DATA frames, in order; with `endsRequest` they are the last.
  func receive(_ bytes: UnsafeRawBufferPointer, endsRequest: Bool) {
    if !isEnded, isReadingPaused || !unread.isEmpty { return keepUnread(bytes) }
    var input = bytes
    process(&input, endsRequest: endsRequest)
    var taken = bytes.count
    if isReadingPaused, !isEnded {
      keepUnread(input)
      taken -= input.count
    }
    if taken > 0, !endsRequest { connection.session?.consumeStream(streamID, taken) }
  }

  private func process(_ input: inout UnsafeRawBufferPointer, endsRequest: Bool) {
    while !isEnded, !isReadingPaused {
      if isMessageHeld {
        if !input.isEmpty { fail(Status(.unimplemented, "more than one message for a unary request")) }
        return
      }
      switch assembler.next(&input) {
      case .needsMore:
        charge(assembler.gatheredBytes)
        return
      case .failed(let failure): return fail(failure.status(limit: connection.messageLimit))
      case .message(let message):
        guard charge(message.count) else { return }
        messageCount += 1
        if method.isClientStreaming || (endsRequest && input.isEmpty) {
          deliver(message)
        } else {
          // Whether this is the only message is known when the request has ended.
          assembler.hold(message)
          isMessageHeld = true
        }
      }
    }
  }

  /// Messages that are shorter are not counted as held: a connection's calls have few of them.
  private static let smallMessage = 4096

  /// Counts the bytes of the message at hand as held, for as long as the call lasts or until its next message: the
  /// handler may keep as much. Ends the call, and returns false, when there is no room for them.
  @discardableResult
  private func charge(_ count: Int) -> Bool {
    let count = count < Self.smallMessage ? 0 : count
    let more = count - requestCharge
    if more == 0 { return true }
    guard more < 0 || connection.hasRoom(for: more) else {
      abandon(loop.configuration.exhausted, reason: .limit)
      assembler.clear()
      return false
    }
    requestCharge = count
    connection.hold(more)
    return true
  }

  private func keepUnread(_ bytes: UnsafeRawBufferPointer) {
    unread.append(contentsOf: bytes)
    connection.hold(bytes.count)
  }

  private func takeUnread() -> [UInt8] {
    var waiting: [UInt8] = []
    swap(&waiting, &unread)
    connection.hold(-waiting.count)
    return waiting
  }

  /// Forgets what has come of the request. The message that a handler may be looking at stays until the call is closed.
  func dropRequest() {
    _ = takeUnread()
    connection.hold(-requestCharge)
    requestCharge = 0
  }

  /// END_STREAM has come, on a frame whose other contents were received before.
  func requestEnded() {
    hasRequestEnded = true
    guard !isEnded else { return }
    if isReadingPaused || !unread.isEmpty { isRequestEndDue = true } else { endRequest() }
  }

  private func endRequest() {
    guard !isEnded else { return }
    if isMessageHeld {
      isMessageHeld = false
      deliver(assembler.held)
      assembler.clear()
    } else if assembler.isInsideMessage {
      return fail(Status(.internal, "the request ended inside a message"))
    } else if messageCount == 0, !method.isClientStreaming {
      return fail(Status(.unimplemented, "no message for a unary request"))
    }
    if !isEnded { handler?.onRequestEnd(self) }
  }

  /// The client broke the protocol: the handler is told that the call is over, the client why.
  func fail(_ status: Status) { abandon(status, reason: .client) }
}

extension MessageAssembler.Failure {
  /// As gRPC's `statuscodes.md` and `compression.md` have it.
  func status(limit: Int) -> Status {
    switch self {
    case .compressed: Status(.internal, "a message is marked compressed but grpc-encoding names no compression")
    case .corrupt: Status(.internal, "a compressed message cannot be decompressed")
    case .inflatesTooLong:
      Status(.resourceExhausted, "a message is larger than the limit of \(limit) bytes when it is decompressed")
    case .badFlag(let flag): Status(.internal, "a message has the unknown flags \(flag)")
    case .tooLong(let length):
      Status(.resourceExhausted, "a message of \(length) bytes is larger than the limit of \(limit)")
    }
  }
}
