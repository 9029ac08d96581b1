import CPillionHTTP2
import Glibc
import NIOCore

/// What nghttp2 tells and asks the connection, from inside `HTTP2Session.receive` and `nghttp2_session_mem_send`.
extension Connection {
  // MARK: In

  /// What a callback of nghttp2 returns: to go on, or to end the session for `violation`.
  private func verdict(_ isAllowed: Bool, _ violation: @autoclosure () -> Violation) -> Int32 {
    if isAllowed { return 0 }
    self.violation = violation()
    return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
  }

  /// The nine bytes of a frame's header have come.
  func frameBegan(_ frame: nghttp2_frame_hd) -> Int32 {
    dataRemaining = frame.length
    // The one mistake in a priority that nghttp2 does not see, as it makes nothing of them (RFC 9113 §6.3).
    if frame.type == UInt8(NGHTTP2_PRIORITY.rawValue), frame.stream_id == 0 { return verdict(false, .strayPriority) }
    return verdict(allowance.frameBegan(frame, now: readTime), .tooManyFrames)
  }

  func pingReceived() -> Int32 { verdict(clock.pingReceived(now: readTime), .tooManyPings) }

  func beginHeaders(isRequest: Bool) {
    isRequestHead = isRequest
    if isRequest { head.reset() }
  }

  /// One field. Those of trailers are of no use to a gRPC server.
  func header(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Int32 {
    guard isRequestHead else { return 0 }
    guard door != .unix || isWellFormed(name, value) else { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue }
    head.add(name, value, loop: loop, limit: headerListLimit)
    // A list that is a little too long is refused by itself; a few bytes that unfold into megabytes end the connection.
    return verdict(head.listBytes <= 16 * headerListLimit, .headersTooLong)
  }

  /// What nghttp2 checks elsewhere. On a Unix socket clients send its path as `:authority`, which is none by RFC 3986,
  /// and nghttp2 would refuse it: grpc-go does with a dialer of one's own, and so does grpcurl.
  private func isWellFormed(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Bool {
    nghttp2_check_header_name(name.baseAddress, name.count) != 0
      && nghttp2_check_header_value_rfc9113(value.baseAddress, value.count) != 0
  }

  /// A request's header block is complete: a call begins.
  func headersEnded(of id: Int32, in session: OpaquePointer, hasEndFlag: Bool) {
    let loop = loop
    if calls.count >= loop.configuration.maxConcurrentStreams {
      nghttp2_submit_rst_stream(session, 0, id, NGHTTP2_REFUSED_STREAM.rawValue)
      return
    }
    let head = head
    // Most calls of a connection carry the same metadata: they share the bytes.
    if !head.hasMetadata(lastMetadata) { lastMetadata = Array(head.metadata) }
    let route = head.takeRoute() ?? loop.router.unknown(path: String(decoding: head.unknownPath, as: UTF8.self))
    let call = ServerCall(
      connection: self, streamID: id, route: route, metadata: lastMetadata, startTime: readTime,
      requestCompression: head.compression, accepted: head.acceptedCompressions)
    nghttp2_session_set_stream_user_data(session, id, Unmanaged.passUnretained(call).toOpaque())
    clock.callBegan()
    call.indexInConnection = calls.count
    calls.append(call)
    loop.callCount.add(1)
    call.hasRequestEnded = hasEndFlag
    if let refusal = head.refusal(limit: headerListLimit) { return call.refuse(refusal) }
    if isUnderPressure { return call.refuse(Refusal(loop.configuration.exhausted)) }
    if let timeout = head.timeout {
      let (deadline, overflow) = loop.clock.time(at: readTime).addingReportingOverflow(timeout)
      call.deadline = overflow ? UInt64(Int64.max) : min(deadline, UInt64(Int64.max))
      if timeout == 0 {
        return call.refuse(Refusal(Status(.deadlineExceeded, "the deadline has passed")))
      }
      loop.addDeadline(of: call, at: readTime)
    }
    if call.route.method.isServerStreaming { self.session?.setIncremental(id) }
    call.enter()
    if hasEndFlag { call.requestEnded() }
  }

  /// Part of a DATA frame's payload.
  func data(_ bytes: UnsafeRawBufferPointer, of call: ServerCall?, hasEndFlag: Bool) {
    // The connection's window counts what arrives, the stream's what its call takes: a call that pauses holds up no
    // other.
    receivedData += bytes.count
    dataRemaining -= bytes.count
    guard let call else { return }
    call.requestBytes += bytes.count
    call.receive(bytes, endsRequest: hasEndFlag && dataRemaining == 0)
  }

  /// A stream is over; without a call it was malformed or one too many.
  func streamClosed(_ id: Int32, _ call: ServerCall?, in session: OpaquePointer?) -> Int32 {
    let isAnswered = call != nil && nghttp2_session_get_stream_local_close(session, id) == 1
    let isNobodysFault = call.map { $0.isGivenUp || $0.hasSentBytes } ?? false
    if let call {
      nghttp2_session_set_stream_user_data(session, id, nil)
      remove(call)
      call.closed(reason: .client)
    }
    if isAnswered {
      allowance.callAnswered()
      clock.answerSent()
      return 0
    }
    return verdict(isNobodysFault || allowance.callLost(now: readTime), .tooManyLostCalls)
  }

  private func remove(_ call: ServerCall) {
    let index = call.indexInConnection
    guard calls.indices.contains(index), calls[index] === call else { return }
    call.indexInConnection = -1
    loop.callCount.add(-1)
    let last = calls.removeLast()
    if last !== call {
      last.indexInConnection = index
      calls[index] = last
    }
  }

  /// Ends every call without an answer.
  func closeCalls(reason: CancelReason) {
    var open: [ServerCall] = []
    swap(&open, &calls)
    loop.callCount.add(-open.count)
    for call in open {
      call.indexInConnection = -1
      nghttp2_session_set_stream_user_data(session?.pointer, call.streamID, nil)
      call.closed(reason: reason)
    }
    earlyEnds.removeAll()
    drained.removeAll()
  }

  // MARK: Out

  /// Bytes that are handed to the channel at a time.
  private static let writeSize = 64 << 10

  /// Writes frames to the channel until there are no more or it has enough; whether there were any.
  func write(_ session: HTTP2Session, _ context: ChannelHandlerContext) -> Bool {
    guard context.channel.isWritable else { return false }
    let loop = loop
    var didWrite = false
    loop.scratch.clear()
    while true {
      var bytes: UnsafePointer<UInt8>?
      isScratchFull = false
      let count = nghttp2_session_mem_send(session.pointer, &bytes)
      if count > 0 {
        loop.scratch.writeBytes(UnsafeRawBufferPointer(start: bytes, count: count))
      } else if count < 0 {
        end(for: violation ?? .internalError)
        return didWrite
      } else if !isScratchFull, !resetEarlyEnds(session) {
        break
      }
      if loop.scratch.readableBytes >= Self.writeSize {
        context.write(wrapOutboundOut(loop.scratch), promise: nil)
        loop.scratch.clear()
        didWrite = true
        // TLS keeps what is not flushed to itself: the channel would stay writable for ever.
        if door == .tls { context.flush() }
        guard context.channel.isWritable else { return true }
      }
    }
    if loop.scratch.readableBytes > 0 {
      context.write(wrapOutboundOut(loop.scratch), promise: nil)
      didWrite = true
    }
    return didWrite
  }

  /// Writes one DATA frame: the header nghttp2 made and bytes from the call's queue.
  func sendData(of call: ServerCall, header: UnsafePointer<UInt8>, length: Int) -> nghttp2_error {
    guard call.queue.byteCount >= length else { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE }
    let loop = loop
    loop.scratch.writeBytes(UnsafeRawBufferPointer(start: header, count: 9))
    call.queue.take(length) { loop.scratch.writeBytes($0) }
    hold(-length)
    clock.answerSent()
    // A client that lets out a few bytes at a time is not paid for it.
    if call.queue.isEmpty || length >= 256 { allowance.dataSent() }
    call.dataSent()
    guard loop.scratch.readableBytes >= Self.writeSize else { return nghttp2_error(0) }
    isScratchFull = true
    return NGHTTP2_ERR_PAUSE
  }

  /// Calls that were answered before the client had sent everything: once the answer is out, the client is told to stop
  /// (RFC 9113 §8.1: RST_STREAM with NO_ERROR). Returns whether there is more to write now.
  private func resetEarlyEnds(_ session: HTTP2Session) -> Bool {
    guard !earlyEnds.isEmpty else { return false }
    var didReset = false
    earlyEnds.removeAll { call in
      if call.isClosed || call.hasRequestEnded { return true }
      guard nghttp2_session_get_stream_local_close(session.pointer, call.streamID) == 1 else { return false }
      session.reset(call.streamID, NGHTTP2_NO_ERROR)
      didReset = true
      return true
    }
    return didReset
  }
}
