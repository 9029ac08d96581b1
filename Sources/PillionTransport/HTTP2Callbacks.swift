import CPillionHTTP2

/// From nghttp2's callbacks to the methods of `Connection` and `ServerCall`.
///
/// Their pointers are not retained: a session belongs to its connection, and a stream's user data is a call that the
/// connection holds until `on_stream_close`.
enum HTTP2Callbacks {
  static func install(in callbacks: OpaquePointer) {
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, user in
      guard let frame, let user else { return 0 }
      let isRequest = frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST
      HTTP2Callbacks.connection(user) { $0.beginHeaders(isRequest: isRequest) }
      return 0
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, _, name, nameLength, value, valueLength, _, user in
      guard let user else { return 0 }
      let name = UnsafeBufferPointer(start: name, count: nameLength)
      let value = UnsafeBufferPointer(start: value, count: valueLength)
      return HTTP2Callbacks.connection(user) { $0.header(name, value) }
    }
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, user in
      guard let header, let user else { return 0 }
      let frame = header.pointee
      return HTTP2Callbacks.connection(user) { $0.frameBegan(frame) }
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { session, flags, id, data, length, user in
      guard let user else { return 0 }
      let bytes = UnsafeRawBufferPointer(start: data, count: length)
      let hasEndFlag = flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
      let call = HTTP2Callbacks.call(session, id)
      HTTP2Callbacks.connection(user) { $0.data(bytes, of: call, hasEndFlag: hasEndFlag) }
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { session, frame, user in
      guard let session, let frame, let user else { return 0 }
      let header = frame.pointee.hd
      let hasEndFlag = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
      switch UInt32(header.type) {
      case NGHTTP2_DATA.rawValue:
        if hasEndFlag { HTTP2Callbacks.call(session, header.stream_id)?.requestEnded() }
      case NGHTTP2_HEADERS.rawValue:
        if frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
          HTTP2Callbacks.connection(user) { $0.headersEnded(of: header.stream_id, in: session, hasEndFlag: hasEndFlag) }
        } else if hasEndFlag {
          HTTP2Callbacks.call(session, header.stream_id)?.requestEnded()
        }
      case NGHTTP2_PING.rawValue:
        let isAnswer = header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
        let mark = frame.pointee.ping.opaque_data.0
        return HTTP2Callbacks.connection(user) { isAnswer ? $0.pingAnswered(mark: mark) : $0.pingReceived() }
      case NGHTTP2_SETTINGS.rawValue:
        HTTP2Callbacks.connection(user) { $0.clock.handshakeDone() }
      default:
        break
      }
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) { session, frame, _, user in
      guard let frame, let user else { return 0 }
      let header = frame.pointee.hd
      if UInt32(header.type) == NGHTTP2_HEADERS.rawValue, let call = HTTP2Callbacks.call(session, header.stream_id) {
        call.isGivenUp = true
        HTTP2Callbacks.connection(user) { $0.session?.reset(header.stream_id, NGHTTP2_INTERNAL_ERROR) }
      }
      return 0
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { session, id, _, user in
      guard let user else { return 0 }
      let call = HTTP2Callbacks.call(session, id)
      return HTTP2Callbacks.connection(user) { $0.streamClosed(id, call, in: session) }
    }
    nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, _, header, length, source, user in
      guard let header, let user, let call = source?.pointee.ptr else {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
      }
      return Unmanaged<ServerCall>.fromOpaque(call)._withUnsafeGuaranteedRef { call in
        HTTP2Callbacks.connection(user) { $0.sendData(of: call, header: header, length: length).rawValue }
      }
    }
  }

  /// Reads response data: says how much there is; `send_data` writes it.
  ///
  /// The source is the call. It lives as long as nghttp2 may ask: a stream's data is dropped with the stream, of which
  /// `on_stream_close` tells, and no session is driven once its connection has let go of the calls.
  static let readData: nghttp2_data_source_read_callback = { _, _, _, length, flags, source, _ in
    guard let flags, let call = source?.pointee.ptr else {
      return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
    }
    return Unmanaged<ServerCall>.fromOpaque(call)._withUnsafeGuaranteedRef {
      $0.provideData(limit: length, flags: &flags.pointee)
    }
  }

  /// The session is only ever driven by methods of its connection, which therefore lives as long as any callback.
  private static func connection<Result>(_ user: UnsafeMutableRawPointer, _ body: (Connection) -> Result) -> Result {
    Unmanaged<Connection>.fromOpaque(user)._withUnsafeGuaranteedRef(body)
  }

  private static func call(_ session: OpaquePointer?, _ id: Int32) -> ServerCall? {
    nghttp2_session_get_stream_user_data(session, id).map {
      Unmanaged<ServerCall>.fromOpaque($0).takeUnretainedValue()
    }
  }
}
