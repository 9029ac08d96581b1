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
    guard !isEnded else { return unread.removeAll() }
    eventLoop.execute { self.readOn() }
  }

  private func readOn() {
    guard !isReadingPaused, !isClosed else { return }
    var waiting: [UInt8] = []
    swap(&waiting, &unread)
    waiting.withUnsafeBytes { receive($0, endsRequest: isRequestEndDue) }
    if isRequestEndDue, !isReadingPaused {
      isRequestEndDue = false
      endRequest()
    }
    connection.needsFlush()
  }

  /// Takes bytes of DATA frames, in order; with `endsRequest` they are the last.
  func receive(_ bytes: UnsafeRawBufferPointer, endsRequest: Bool) {
    if !isEnded, isReadingPaused || !unread.isEmpty { return unread.append(contentsOf: bytes) }
    var input = bytes
    process(&input, endsRequest: endsRequest)
    var taken = bytes.count
    if isReadingPaused, !isEnded {
      unread.append(contentsOf: input)
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
      case .needsMore: return
      case .failed(let failure): return fail(failure.status(limit: connection.messageLimit))
      case .message(let message):
        messageCount += 1
        if method.isClientStreaming || (endsRequest && input.isEmpty) {
          handler?.onMessage(message, self)
        } else {
          // Whether this is the only message is known when the request has ended.
          assembler.hold(message)
          isMessageHeld = true
        }
      }
    }
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
      handler?.onMessage(assembler.held, self)
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
    case .badFlag(let flag): Status(.internal, "a message has the unknown flags \(flag)")
    case .tooLong(let length):
      Status(.resourceExhausted, "a message of \(length) bytes is larger than the limit of \(limit)")
    }
  }
}
