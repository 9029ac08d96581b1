import CPillionHTTP2
package import NIOCore

/// The client's side of one HTTP/2 connection, with any number of gRPC calls on it: for clients inside this process.
///
/// Confined to its channel's event loop. Its nghttp2 session knows it by an unretained pointer, and is driven by its
/// methods only.
package final class ClientConnection: ChannelInboundHandler {
  package typealias InboundIn = ByteBuffer
  package typealias OutboundOut = ByteBuffer

  private var session: OpaquePointer?
  private var calls: [Int32: ClientCall] = [:]
  private var context: ChannelHandlerContext?
  /// Whether nghttp2 is at work, which must not be asked for more from inside one of its callbacks.
  private var isBusy = false

  /// nil when there is no memory.
  init?() {
    var callbacks: OpaquePointer?
    var options: OpaquePointer?
    guard nghttp2_session_callbacks_new(&callbacks) == 0, let callbacks else { return nil }
    defer { nghttp2_session_callbacks_del(callbacks) }
    guard nghttp2_option_new(&options) == 0, let options else { return nil }
    defer { nghttp2_option_del(options) }
    // A call that nobody reads holds its own window, and not the connection's.
    nghttp2_option_set_no_auto_window_update(options, 1)
    Self.install(in: callbacks)
    let user = Unmanaged.passUnretained(self).toOpaque()
    guard nghttp2_session_client_new2(&session, callbacks, user, options) == 0 else { return nil }
    nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil, 0)
  }

  deinit { nghttp2_session_del(session) }

  /// Begins a call; a value whose name ends in `-bin` is base64 already. It has ended at once, UNAVAILABLE, when the connection is gone.
  package func open(
    path: String, metadata: [ClientCall.Field], receive: @escaping (ClientCall.Event) -> Void
  ) -> ClientCall {
    let call = ClientCall(connection: self, receive: receive)
    var fields = HeaderBlock()
    fields.append(":method", "POST")
    fields.append(":scheme", "http")
    fields.append(":path", Array(path.utf8))
    fields.append(":authority", "localhost")
    fields.append("te", "trailers")
    fields.append("content-type", "application/grpc")
    for (name, value) in metadata { value.withUnsafeBytes { fields.append(name, $0) } }
    var data = nghttp2_data_provider()
    data.read_callback = { _, stream, buffer, length, flags, _, user in
      guard let buffer, let flags, let user else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
      return ClientConnection.at(user) {
        $0.calls[stream]?.provide(UnsafeMutableBufferPointer(start: buffer, count: length), &flags.pointee) ?? 0
      }
    }
    if context != nil {
      fields.withPairs { call.stream = nghttp2_submit_request(session, nil, $0, $1, &data, nil) }
    }
    if call.stream > 0 { calls[call.stream] = call } else { call.end(nil) }
    flush()
    return call
  }

  func resume(_ call: ClientCall) {
    nghttp2_session_resume_data(session, call.stream)
    flush()
  }

  func consume(_ count: Int, of call: ClientCall) {
    nghttp2_session_consume_stream(session, call.stream, count)
    flush()
  }

  func reset(_ call: ClientCall) {
    nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), call.stream, NGHTTP2_CANCEL.rawValue)
    flush()
  }

  package func close() { context?.close(promise: nil) }

  // MARK: The channel

  package func channelActive(context: ChannelHandlerContext) {
    self.context = context
    flush()
  }

  package func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { channelActive(context: context) }
  }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    isBusy = true
    let isGood = Self.unwrapInboundIn(data).withUnsafeReadableBytes { bytes in
      guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return true }
      return nghttp2_session_mem_recv(session, base, bytes.count) >= 0
    }
    isBusy = false
    if isGood { flush() } else { context.close(promise: nil) }
  }

  package func channelInactive(context: ChannelHandlerContext) {
    self.context = nil
    let open = calls.values
    calls = [:]
    for call in open { call.end(nil) }
  }

  package func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  /// Sends what nghttp2 has to say; while it reads, that waits until it has read.
  private func flush() {
    guard let context, !isBusy else { return }
    isBusy = true
    defer { isBusy = false }
    while true {
      var bytes: UnsafePointer<UInt8>?
      let count = nghttp2_session_mem_send(session, &bytes)
      guard count > 0 else { break }
      let buffer = context.channel.allocator.buffer(bytes: UnsafeBufferPointer(start: bytes, count: count))
      context.write(Self.wrapOutboundOut(buffer), promise: nil)
    }
    context.flush()
  }

  // MARK: nghttp2

  private static func install(in callbacks: OpaquePointer) {
    nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      _, frame, name, nameLength, value, valueLength, _, user in
      guard let frame, let user else { return 0 }
      let name = String(decoding: UnsafeBufferPointer(start: name, count: nameLength), as: UTF8.self)
      let value = Array(UnsafeBufferPointer(start: value, count: valueLength))
      let stream = frame.pointee.hd.stream_id
      ClientConnection.at(user) { $0.calls[stream]?.fields.append((name, value)) }
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
      guard let frame, let user else { return 0 }
      let header = frame.pointee.hd
      guard UInt32(header.type) == NGHTTP2_HEADERS.rawValue else { return 0 }
      let isLast = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
      ClientConnection.at(user) { $0.calls[header.stream_id]?.headersCame(isLast: isLast) }
      return 0
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, data, length, user in
      guard let user else { return 0 }
      let bytes = UnsafeBufferPointer(start: data, count: length)
      ClientConnection.at(user) { connection in
        nghttp2_session_consume_connection(connection.session, length)
        guard let call = connection.calls[stream] else { return }
        call.dataCame(bytes)
      }
      return 0
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, user in
      guard let user else { return 0 }
      ClientConnection.at(user) { $0.calls.removeValue(forKey: stream)?.end(code) }
      return 0
    }
  }

  private static func at<Result>(_ user: UnsafeMutableRawPointer, _ body: (ClientConnection) -> Result) -> Result {
    Unmanaged<ClientConnection>.fromOpaque(user)._withUnsafeGuaranteedRef(body)
  }
}
