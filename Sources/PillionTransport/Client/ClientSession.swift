import CPillionHTTP2

/// The HTTP/2 side of one unary call that this program makes: takes the bytes that have come and gives those to send.
///
/// Its nghttp2 session knows it by an unretained pointer, and is driven by its methods only.
final class ClientSession {
  private var session: OpaquePointer?
  /// What of the request has not been handed on.
  private var rest: ArraySlice<UInt8> = []
  private var stream: Int32 = -1
  private var body: [UInt8] = []
  private var fields: [String: String] = [:]
  private(set) var isOver = false

  /// Bytes of an answer and of its fields that are kept; no answer to what this program asks comes near.
  private static let limit = 64 << 10

  /// nil when there is no memory.
  init?(path: String, authority: String, isSecure: Bool, message: [UInt8], timeoutMilliseconds: Int) {
    var callbacks: OpaquePointer?
    guard nghttp2_session_callbacks_new(&callbacks) == 0, let callbacks else { return nil }
    defer { nghttp2_session_callbacks_del(callbacks) }
    Self.install(in: callbacks)
    guard nghttp2_session_client_new(&session, callbacks, Unmanaged.passUnretained(self).toOpaque()) == 0 else {
      return nil
    }
    nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil, 0)
    let prefix = withUnsafeBytes(of: UInt32(clamping: message.count).bigEndian) { Array($0) }
    rest = ([0] + prefix + message)[...]
    var fields = HeaderBlock()
    fields.append(":method", "POST")
    fields.append(":scheme", isSecure ? "https" : "http")
    fields.append(":path", Array(path.utf8))
    fields.append(":authority", Array(authority.utf8))
    fields.append("te", "trailers")
    fields.append("content-type", "application/grpc")
    fields.append("grpc-timeout", Array("\(min(timeoutMilliseconds, 99_999_999))m".utf8))
    var data = nghttp2_data_provider()
    data.read_callback = { _, _, buffer, length, flags, _, user in
      guard let buffer, let flags, let user else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
      return ClientSession.at(user) {
        $0.provide(UnsafeMutableBufferPointer(start: buffer, count: length), &flags.pointee)
      }
    }
    fields.withPairs { pairs, count in stream = nghttp2_submit_request(session, nil, pairs, count, &data, nil) }
    guard stream > 0 else { return nil }
  }

  deinit { nghttp2_session_del(session) }

  /// The call's status once the call is over; nil: what came was no answer of a gRPC server.
  var answer: UnaryClient.Answer? {
    guard isOver, let code = fields["grpc-status"].flatMap({ Int($0) }) else { return nil }
    let message = PercentEncoding.decode(fields["grpc-message"] ?? "")
    // One message, uncompressed, behind its prefix of five bytes.
    let isWhole = body.count >= 5 && body[0] == 0
    return UnaryClient.Answer(
      status: Status(StatusCode(rawValue: code), message), message: isWhole ? Array(body.dropFirst(5)) : [])
  }

  /// `HTTP 502`, for an answer that is none of gRPC's.
  var httpStatus: String? { fields[":status"].map { "HTTP \($0)" } }

  /// False when what came is no HTTP/2.
  func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return true }
    return nghttp2_session_mem_recv(session, base, bytes.count) >= 0
  }

  /// What has to go out now.
  func output() -> [UInt8] {
    var output: [UInt8] = []
    while true {
      var bytes: UnsafePointer<UInt8>?
      let count = nghttp2_session_mem_send(session, &bytes)
      guard count > 0 else { return output }
      output.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
    }
  }

  private func provide(_ buffer: UnsafeMutableBufferPointer<UInt8>, _ flags: inout UInt32) -> Int {
    let part = rest.prefix(buffer.count)
    _ = buffer.update(fromContentsOf: part)
    rest = rest.dropFirst(part.count)
    if rest.isEmpty { flags |= NGHTTP2_DATA_FLAG_EOF.rawValue }
    return part.count
  }

  private static func install(in callbacks: OpaquePointer) {
    nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, _, name, nameLength, value, valueLength, _, user in
      guard let user else { return 0 }
      let name = String(decoding: UnsafeBufferPointer(start: name, count: nameLength), as: UTF8.self)
      let value = String(decoding: UnsafeBufferPointer(start: value, count: valueLength), as: UTF8.self)
      ClientSession.at(user) {
        if $0.fields.count < 100, value.utf8.count < ClientSession.limit { $0.fields[name] = value }
      }
      return 0
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, _, data, length, user in
      guard let user else { return 0 }
      let bytes = UnsafeBufferPointer(start: data, count: length)
      ClientSession.at(user) { if $0.body.count + length <= ClientSession.limit { $0.body.append(contentsOf: bytes) } }
      return 0
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, _, user in
      guard let user else { return 0 }
      ClientSession.at(user) { if $0.stream == stream { $0.isOver = true } }
      return 0
    }
  }

  private static func at<Result>(_ user: UnsafeMutableRawPointer, _ body: (ClientSession) -> Result) -> Result {
    Unmanaged<ClientSession>.fromOpaque(user)._withUnsafeGuaranteedRef(body)
  }
}
