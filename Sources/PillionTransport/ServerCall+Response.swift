import CPillionHTTP2
import NIOCore

/// The response's way out: what a handler sends, as nghttp2 asks for it.
extension ServerCall {
  /// Sends one or more complete messages, each with its five-byte prefix.
  package func send(_ framed: [UInt8]) {
    eventLoop.assertInEventLoop()
    guard !isEnded, !framed.isEmpty, fits(framed) else { return }
    showSent(framed)
    enqueue(framed)
    if queue.byteCount >= loop.configuration.highWaterMarkBytes || connection.isUnderPressure { isWritable = false }
    startResponse()
    connection.needsFlush()
  }

  /// Ends the call. What was sent before goes out first; when nothing was, the answer is one header block.
  package func finish(_ status: Status) {
    eventLoop.assertInEventLoop()
    var status = status
    guard !isEnded, settle(&status) else { return }
    if !status.isBareOK { self.status = status }
    end()
    if isResponseStarted { startResponse() } else { submitTrailersOnly() }
    connection.needsFlush()
  }

  /// Sends complete messages and ends the call with OK: the whole answer of a unary call.
  package func finish(message framed: [UInt8]) {
    eventLoop.assertInEventLoop()
    guard !isEnded else { return }
    if framed.isEmpty { return finish(.ok) }
    guard fits(framed) else { return }
    var status = Status.ok
    guard settle(&status) else { return }
    if !status.isBareOK {
      if status.code != .ok { return finish(status) }
      self.status = status
    }
    showSent(framed)
    enqueue(framed)
    end()
    startResponse()
    connection.needsFlush()
  }

  private func enqueue(_ messages: [UInt8]) {
    if loop.chain != nil { responseMessages &+= messages.messageCount }
    var framed = messages
    if responseCompression != .identity, compressesMessages, let deflater = loop.deflater(responseCompression) {
      framed = deflater.compress(messages)
    }
    queue.append(framed)
    responseBytes += framed.count
    connection.hold(framed.count)
  }

  private func dropQueue() {
    connection.hold(-queue.byteCount)
    queue.removeAll()
  }

  /// Whether no message is longer than one may be; ends the call otherwise.
  private func fits(_ framed: [UInt8]) -> Bool {
    let limit = loop.configuration.maxResponseBytes
    guard framed.count > limit + 5, let longest = framed.longestMessage, longest > limit else { return true }
    abandon(
      Status(.resourceExhausted, "a response message of \(longest) bytes is larger than the limit of \(limit)"),
      reason: .limit)
    return false
  }

  // MARK: Ends that the handler did not ask for

  /// Ends the call at once: what still waits is dropped, the client gets `status`, the handler `reason`.
  ///
  /// When the client has part of a chunk, a message may be cut in two, which trailers would pass off as complete; then
  /// the stream is reset instead.
  func abandon(_ status: Status, reason: CancelReason) {
    guard !isEnded else { return }
    let isCutShort = isResponseStarted && queue.isInsideChunk
    var status = status
    guard isCutShort || settle(&status) else { return }
    self.status = status
    end()
    dropRequest()
    if !isResponseStarted {
      submitTrailersOnly()
    } else if isCutShort {
      giveUp()
    } else {
      dropQueue()
      submitTrailers()
    }
    connection.needsFlush()
    handler?.onCancel(reason, self)
  }

  /// The deadline has passed: also an answer that the client does not fetch is given up.
  func deadlinePassed() {
    if isEnded {
      giveUp()
    } else {
      abandon(Status(.deadlineExceeded, "the deadline has passed"), reason: .deadline)
    }
  }

  /// The client opens no window, or reads nothing, and a part of the answer waits.
  func clientStalled() {
    if isEnded {
      giveUp()
    } else {
      abandon(Status(.resourceExhausted, "the client took too long to take the answer"), reason: .limit)
    }
  }

  /// Resets the stream: the rest of the answer will not be sent.
  private func giveUp() {
    guard !isClosed else { return }
    isGivenUp = true
    connection.session?.reset(streamID, NGHTTP2_CANCEL)
    connection.needsFlush()
  }

  /// The stream is gone; nothing can be sent any more.
  func closed(reason: CancelReason) {
    isClosed = true
    loop.removeDeadline(of: self)
    dropRequest()
    assembler.clear()
    dropQueue()
    if !isEnded {
      isEnded = true
      status = Status(reason == .shutdown ? .unavailable : .cancelled)
      stopWaiting()
      handler?.onCancel(reason, self)
    }
    handler = nil
    if begunLayers == 0, loop.observer == nil { return }
    let summary = CallSummary(
      status: status?.code ?? .ok, durationNanoseconds: Int64(clamping: connection.time() &- startTime),
      requestBytes: requestBytes, responseBytes: responseBytes)
    endLayers(summary)
    loop.observer?.callEnded(self, summary)
  }

  /// Answers a request that has no handler.
  func refuse(_ refusal: Refusal) {
    showLayers()
    var status = refusal.status
    guard !isEnded, settle(&status) else { return }
    self.status = status
    end()
    submitTrailersOnly(http: refusal.http)
    connection.needsFlush()
  }

  private func end() {
    isEnded = true
    stopWaiting()
    if !hasRequestEnded { connection.noteEarlyEnd(of: self) }
  }

  // MARK: nghttp2

  /// Says how many bytes of a DATA frame's `limit` there are; `Connection.sendData` then writes them.
  func provideData(limit: Int, flags: inout UInt32) -> Int {
    let count = min(queue.byteCount, limit)
    if count == 0, !isEnded {
      isDeferred = true
      return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    flags |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
    if isEnded, count == queue.byteCount {
      flags |= NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
      if !areTrailersSubmitted { submitTrailers() }
    }
    return count
  }

  /// Bytes have left the queue.
  func dataSent() {
    guard !isWritable, queue.byteCount <= loop.configuration.lowWaterMarkBytes else { return }
    isWritable = true
    if !isEnded { connection.noteDrained(self) }
  }

  private func startResponse() {
    guard let session = connection.session?.pointer else { return }
    if isResponseStarted {
      guard isDeferred else { return }
      isDeferred = false
      nghttp2_session_resume_data(session, streamID)
      return
    }
    isResponseStarted = true
    var provider = nghttp2_data_provider(
      source: nghttp2_data_source(ptr: Unmanaged.passUnretained(self).toOpaque()),
      read_callback: HTTP2Callbacks.readData)
    if added == nil, responseCompression == .identity {
      loop.standardHeaders.withResponse(to: self) { nghttp2_submit_response(session, streamID, $0, $1, &provider) }
    } else {
      var block = responseHeaders(http: "200")
      switch responseCompression {
      case .identity: break
      case .gzip: block.append("grpc-encoding", "gzip")
      case .deflate: block.append("grpc-encoding", "deflate")
      }
      block.withPairs { nghttp2_submit_response(session, streamID, $0, $1, &provider) }
    }
  }

  private func submitTrailersOnly(http: StaticString = "200") {
    guard let session = connection.session?.pointer else { return }
    isResponseStarted = true
    areTrailersSubmitted = true
    var block = responseHeaders(http: http)
    appendTrailers(to: &block)
    block.withPairs { nghttp2_submit_response(session, streamID, $0, $1, nil) }
  }

  private func submitTrailers() {
    guard let session = connection.session?.pointer else { return }
    areTrailersSubmitted = true
    if status == nil, added?.trailers.isEmpty ?? true {
      let standard = loop.standardHeaders
      nghttp2_submit_trailer(session, streamID, standard.trailers, standard.trailersCount)
    } else {
      var block = HeaderBlock()
      appendTrailers(to: &block)
      block.withPairs { nghttp2_submit_trailer(session, streamID, $0, $1) }
    }
  }

  private func responseHeaders(http: StaticString) -> HeaderBlock {
    var block = HeaderBlock()
    block.append(":status", http)
    block.append("content-type", "application/grpc")
    block.append("grpc-accept-encoding", Compression.accepted)
    if let identifierHeader { identifier.withBytes { block.append(identifierHeader, $0) } }
    for header in added?.headers ?? [] { header.value.withUnsafeBytes { block.append(header.name, $0) } }
    return block
  }

  /// Status, message, details and custom trailers, within what the client takes: details that do not fit are left out.
  private func appendTrailers(to block: inout HeaderBlock) {
    let limit = min(connection.peerHeaderListLimit, 32 << 10)
    let status = status ?? .ok
    block.append("grpc-status", Array(String(status.code.rawValue).utf8), isIndexed: true)
    for trailer in added?.trailers ?? [] { trailer.value.withUnsafeBytes { block.append(trailer.name, $0) } }
    if let milliseconds = status.retryMilliseconds {
      block.append("grpc-retry-pushback-ms", Array(String(milliseconds).utf8))
    }
    if !status.message.isEmpty {
      var text: [UInt8] = []
      PercentEncoding.append(status.message, to: &text, limit: max(0, min(4096, limit - block.listBytes - 64)))
      block.append("grpc-message", text)
    }
    if !status.details.isEmpty {
      var text: [UInt8] = []
      Base64.append(status.details, to: &text)
      if block.listBytes + text.count + 64 <= limit { block.append("grpc-status-details-bin", text) }
    }
  }
}
