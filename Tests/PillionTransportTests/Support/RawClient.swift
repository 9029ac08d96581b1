import CPillionHTTP2
import Glibc
import NIOCore

/// One HTTP/2 frame as it is on the wire.
struct Frame {
  enum Kind: UInt8 {
    case data, headers, priority, resetStream, settings, pushPromise, ping, goAway, windowUpdate, continuation
  }

  var kind: UInt8
  var flags: UInt8 = 0
  var stream: UInt32 = 0
  var payload: [UInt8] = []

  static let endStream: UInt8 = 1
  static let ack: UInt8 = 1
  static let endHeaders: UInt8 = 4
  static let padded: UInt8 = 8

  init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
    self.kind = kind.rawValue
    self.flags = flags
    self.stream = stream
    self.payload = payload
  }

  var bytes: [UInt8] {
    Array(bigEndian(UInt32(payload.count)).dropFirst()) + [kind, flags] + bigEndian(stream) + payload
  }

  func isA(_ kind: Kind) -> Bool { self.kind == kind.rawValue }

  /// The first or, with an offset, another four bytes of the payload.
  func word(at offset: Int = 0) -> UInt32 {
    payload.dropFirst(offset).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }
}

func bigEndian(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

/// A message with its five-byte prefix.
func framed(_ message: [UInt8], flag: UInt8 = 0) -> [UInt8] { [flag] + bigEndian(UInt32(message.count)) + message }

/// What came back on one stream.
struct Answer {
  var headers: [(name: String, value: String)] = []
  var trailers: [(name: String, value: String)] = []
  var body: [UInt8] = []
  var resetCode: UInt32?
  var hasEnded = false

  func field(_ name: String) -> String? { (trailers + headers).first { $0.name == name }?.value }
  var grpcStatus: Int? { field("grpc-status").flatMap { Int($0) } }
}

/// A client on a plain socket that sends whatever bytes a test wants and keeps what comes back, stream by stream.
final class RawClient {
  private let socket: Int32
  private var inflater: OpaquePointer?
  private var buffer: [UInt8] = []
  private(set) var answers: [UInt32: Answer] = [:]
  private(set) var goAways: [(last: UInt32, code: UInt32)] = []
  private(set) var settings: [UInt16: UInt32] = [:]
  private(set) var isClosed = false
  /// Whether DATA opens the windows again as it comes.
  var opensWindows = true
  var answersPings = true

  /// Connects; with `settings`, as a client does, the preface is sent too.
  init?(port: Int, settings: [(id: UInt16, value: UInt32)]? = []) {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard let address = try? SocketAddress(ipAddress: "127.0.0.1", port: port) else { return nil }
    let socket = socket
    let status = address.withSockAddr { connect(socket, $0, socklen_t($1)) }
    guard status == 0, nghttp2_hd_inflate_new(&inflater) == 0 else { return nil }
    var noDelay: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
    guard let settings else { return }
    var payload: [UInt8] = []
    for (id, value) in settings { payload += [UInt8(id >> 8), UInt8(id & 255)] + bigEndian(value) }
    send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8))
    send(Frame(.settings, payload))
  }

  deinit {
    if let inflater { nghttp2_hd_inflate_del(inflater) }
    close(socket)
  }

  // MARK: Out

  func send(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { return }
      sent += count
    }
  }

  func send(_ frame: Frame) { send(frame.bytes) }

  /// Literal fields without indexing, without Huffman coding (RFC 7541 §6.2.2).
  static func headerBlock(_ fields: [(String, String)]) -> [UInt8] {
    func string(_ text: String) -> [UInt8] {
      var length = text.utf8.count
      guard length >= 127 else { return [UInt8(length)] + text.utf8 }
      var bytes: [UInt8] = [127]
      length -= 127
      while length >= 128 {
        bytes.append(UInt8(length & 127 | 128))
        length >>= 7
      }
      return bytes + [UInt8(length)] + text.utf8
    }
    return fields.flatMap { [0] + string($0.0) + string($0.1) }
  }

  static func requestFields(
    path: String, method: String = "POST", contentType: String? = "application/grpc", te: Bool = true
  ) -> [(String, String)] {
    var fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "test")]
    if let contentType { fields.append(("content-type", contentType)) }
    if te { fields.append(("te", "trailers")) }
    return fields
  }

  func sendHeaders(_ stream: UInt32, _ fields: [(String, String)], endStream: Bool = false) {
    var block = Self.headerBlock(fields)[...]
    var kind = Frame.Kind.headers
    repeat {
      let part = block.prefix(16_384)
      block = block.dropFirst(part.count)
      var flags: UInt8 = block.isEmpty ? Frame.endHeaders : 0
      if kind == .headers, endStream { flags |= Frame.endStream }
      send(Frame(kind, flags: flags, stream: stream, Array(part)))
      kind = .continuation
    } while !block.isEmpty
  }

  func sendData(_ stream: UInt32, _ bytes: [UInt8], endStream: Bool = false) {
    var rest = bytes[...]
    repeat {
      let part = rest.prefix(16_384)
      rest = rest.dropFirst(part.count)
      let flags = rest.isEmpty && endStream ? Frame.endStream : 0
      send(Frame(.data, flags: flags, stream: stream, Array(part)))
    } while !rest.isEmpty
  }

  /// A whole unary request.
  func request(_ stream: UInt32, path: String, message: [UInt8] = [], fields: [(String, String)] = []) {
    sendHeaders(stream, Self.requestFields(path: path) + fields)
    sendData(stream, framed(message), endStream: true)
  }

  // MARK: In

  /// Reads until `condition` holds; false when it does not within `seconds`, or the connection ends before.
  @discardableResult
  func read(_ seconds: Double = 10, until condition: (RawClient) -> Bool) async -> Bool {
    let end = Self.now() + seconds
    while true {
      while fill() { handleFrames() }
      if condition(self) { return true }
      if isClosed || Self.now() > end { return false }
      try? await Task.sleep(for: .milliseconds(1))
    }
  }

  /// The answer on a stream once it has ended or was reset.
  func answer(_ stream: UInt32, within seconds: Double = 10) async -> Answer? {
    let isDone = await read(seconds) { $0.answers[stream].map { $0.hasEnded || $0.resetCode != nil } ?? false }
    return isDone ? answers[stream] : nil
  }

  /// All bytes until the server closes; for answers that are not HTTP/2.
  func readRaw(within seconds: Double = 10) async -> [UInt8] {
    let end = Self.now() + seconds
    while !isClosed, Self.now() < end {
      if !fill() { try? await Task.sleep(for: .milliseconds(1)) }
    }
    return buffer
  }

  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Takes what has come, without waiting; whether there was anything.
  private func fill() -> Bool {
    guard !isClosed else { return false }
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(socket, &chunk, chunk.count, Int32(MSG_DONTWAIT))
    if count < 0, errno == EAGAIN || errno == EINTR { return false }
    if count <= 0 {
      isClosed = true
      return false
    }
    buffer += chunk.prefix(count)
    return true
  }

  private func handleFrames() {
    var offset = 0
    while buffer.count - offset >= 9 {
      let head = buffer[offset..<offset + 9].map { UInt32($0) }
      let length = Int(head[0] << 16 | head[1] << 8 | head[2])
      guard buffer.count - offset >= 9 + length else { break }
      var frame = Frame(.data)
      frame.kind = UInt8(head[3])
      frame.flags = UInt8(head[4])
      frame.stream = (head[5] << 24 | head[6] << 16 | head[7] << 8 | head[8]) & 0x7FFF_FFFF
      frame.payload = Array(buffer[offset + 9..<offset + 9 + length])
      offset += 9 + length
      handle(frame)
    }
    buffer.removeFirst(offset)
  }

  private func handle(_ frame: Frame) {
    switch Frame.Kind(rawValue: frame.kind) {
    case .headers:
      let fields = inflate(frame.payload)
      if answers[frame.stream]?.headers.isEmpty ?? true {
        answers[frame.stream, default: Answer()].headers = fields
      } else {
        answers[frame.stream, default: Answer()].trailers = fields
      }
      if frame.flags & Frame.endStream != 0 { answers[frame.stream, default: Answer()].hasEnded = true }
    case .data:
      answers[frame.stream, default: Answer()].body += frame.payload
      if frame.flags & Frame.endStream != 0 { answers[frame.stream, default: Answer()].hasEnded = true }
      if opensWindows, !frame.payload.isEmpty {
        send(Frame(.windowUpdate, bigEndian(UInt32(frame.payload.count))))
        send(Frame(.windowUpdate, stream: frame.stream, bigEndian(UInt32(frame.payload.count))))
      }
    case .resetStream: answers[frame.stream, default: Answer()].resetCode = frame.word()
    case .goAway: goAways.append((frame.word() & 0x7FFF_FFFF, frame.word(at: 4)))
    case .ping where frame.flags & Frame.ack == 0 && answersPings:
      send(Frame(.ping, flags: Frame.ack, frame.payload))
    case .settings where frame.flags & Frame.ack == 0:
      for offset in stride(from: 0, to: frame.payload.count, by: 6) {
        settings[UInt16(frame.word(at: offset) >> 16)] = frame.word(at: offset + 2)
      }
      send(Frame(.settings, flags: Frame.ack))
    default: break
    }
  }

  private func inflate(_ block: [UInt8]) -> [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    var rest = block[...]
    while true {
      var pair = nghttp2_nv()
      var flags: Int32 = 0
      let used = rest.withUnsafeBufferPointer {
        nghttp2_hd_inflate_hd2(inflater, &pair, &flags, $0.baseAddress, $0.count, 1)
      }
      guard used >= 0 else { return fields }
      rest = rest.dropFirst(used)
      if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
        fields.append(
          (
            String(decoding: UnsafeBufferPointer(start: pair.name, count: pair.namelen), as: UTF8.self),
            String(decoding: UnsafeBufferPointer(start: pair.value, count: pair.valuelen), as: UTF8.self)
          ))
      }
      if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 {
        nghttp2_hd_inflate_end_headers(inflater)
        return fields
      }
      if used == 0, rest.isEmpty { return fields }
    }
  }
}
