import CPillionHTTP2

/// The callbacks and options that every session is made from.
///
/// `@unchecked Sendable`: the objects are only read once `init` is over; nghttp2 copies what it needs of them into
/// each session (`nghttp2_session_server_new3`).
private final class HTTP2Setup: @unchecked Sendable {
  static let shared = HTTP2Setup()

  let callbacks: OpaquePointer?
  let option: OpaquePointer?
  /// Without nghttp2's rules for the fields of a request; `Connection.header` has those that matter.
  let lenientOption: OpaquePointer?

  private init() {
    var callbacks: OpaquePointer?
    if nghttp2_session_callbacks_new(&callbacks) == 0, let callbacks { HTTP2Callbacks.install(in: callbacks) }
    self.callbacks = callbacks
    option = Self.makeOption()
    lenientOption = Self.makeOption()
    if let lenientOption { nghttp2_option_set_no_http_messaging(lenientOption, 1) }
  }

  private static func makeOption() -> OpaquePointer? {
    var option: OpaquePointer?
    if nghttp2_option_new(&option) == 0, let option {
      // `ClientPreface` has compared it, in order to answer HTTP/1.
      nghttp2_option_set_no_recv_client_magic(option, 1)
      // Windows open again as the calls take the bytes, not as they arrive.
      nghttp2_option_set_no_auto_window_update(option, 1)
      nghttp2_option_set_no_closed_streams(option, 1)
      // `PeerAllowance` counts resets, and knows which clients have earned some.
      nghttp2_option_set_stream_reset_rate_limit(option, 1 << 30, 1 << 30)
    }
    return option
  }

  deinit {
    nghttp2_session_callbacks_del(callbacks)
    nghttp2_option_del(option)
    nghttp2_option_del(lenientOption)
  }
}

/// Owner of one `nghttp2_session`. Its user data is the connection, which owns it in turn and so outlives it.
final class HTTP2Session {
  let pointer: OpaquePointer
  private let memory: SessionMemory

  /// nil when there is no memory.
  init?(connection: Connection) {
    let setup = HTTP2Setup.shared
    let option = connection.door == .unix ? setup.lenientOption : setup.option
    guard let callbacks = setup.callbacks, let option else { return nil }
    var session: OpaquePointer?
    let user = Unmanaged.passUnretained(connection).toOpaque()
    memory = connection.loop.sessionMemory
    var functions = memory.functions
    guard nghttp2_session_server_new3(&session, callbacks, user, option, &functions) == 0, let session else {
      return nil
    }
    pointer = session
  }

  deinit { nghttp2_session_del(pointer) }

  /// The server's connection preface: its SETTINGS frame (RFC 9113 §3.4).
  ///
  /// nghttp2 ends the connection of a client that opens a stream too many; RFC 9113 §5.1.2 lets the stream alone fail.
  /// So nghttp2 is given no limit, the frame it makes gets the real one, and `Connection` refuses what is above it.
  func preface(_ configuration: TransportConfiguration) -> [UInt8] {
    func entry(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
      nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
    }
    let entries = [
      entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, Int(UInt32.max)),
      entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, configuration.streamWindowBytes),
      entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, configuration.maxHeaderListBytes),
      // RFC 9218: no dependency tree is kept for a client that sends one.
      entry(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
    ]
    nghttp2_submit_settings(pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
    var bytes: UnsafePointer<UInt8>?
    let count = nghttp2_session_mem_send(pointer, &bytes)
    var frame = Array(UnsafeBufferPointer(start: bytes, count: max(0, count)))
    // Nine bytes of frame header, two of the first entry's identifier, then its value.
    if frame.count >= 15 {
      withUnsafeBytes(of: UInt32(clamping: configuration.maxConcurrentStreams).bigEndian) {
        frame.replaceSubrange(11..<15, with: $0)
      }
    }
    nghttp2_session_set_local_window_size(
      pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(clamping: configuration.connectionWindowBytes))
    return frame
  }

  /// Whether neither side has anything left to say.
  var isOver: Bool { nghttp2_session_want_read(pointer) == 0 && nghttp2_session_want_write(pointer) == 0 }

  /// Returns the number of bytes taken, or an `nghttp2_error`.
  func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return 0 }
    return nghttp2_session_mem_recv(pointer, base, bytes.count)
  }

  func consumeConnection(_ count: Int) { nghttp2_session_consume_connection(pointer, count) }

  func consumeStream(_ id: Int32, _ count: Int) { nghttp2_session_consume_stream(pointer, id, count) }

  func reset(_ id: Int32, _ code: nghttp2_error_code) {
    nghttp2_submit_rst_stream(pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, code.rawValue)
  }

  /// Shares the connection frame by frame between this stream and others of its kind (RFC 9218 §4.2, `incremental`).
  func setIncremental(_ id: Int32) {
    var priority = nghttp2_extpri(urgency: UInt32(NGHTTP2_EXTPRI_DEFAULT_URGENCY), inc: 1)
    nghttp2_session_change_extpri_stream_priority(pointer, id, &priority, 1)
  }

  /// Announces the end without refusing anything yet, and asks for an answer that tells when the peer has heard it
  /// (RFC 9113 §6.8).
  func submitShutdownNotice() {
    nghttp2_submit_shutdown_notice(pointer)
    submitPing(mark: 0)
  }

  /// Asks for an answer that carries `mark` as the first of its eight bytes.
  func submitPing(mark: UInt8) {
    let data = [mark, 0, 0, 0, 0, 0, 0, 0]
    nghttp2_submit_ping(pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), data)
  }

  /// Streams above the last one that was seen are refused from here on.
  func submitGoAway() {
    let last = nghttp2_session_get_last_proc_stream_id(pointer)
    nghttp2_submit_goaway(
      pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
  }
}
