import CPillionHTTP2

/// One call on a `ClientConnection`; confined to the connection's event loop.
package final class ClientCall {
  package typealias Field = (name: String, value: [UInt8])

  package enum Event {
    /// The initial metadata.
    case headers([Field])
    case message([UInt8])
    /// Status and trailing metadata; nothing follows.
    case end(Status, [Field])
  }

  var stream: Int32 = -1
  /// Of the header block that is coming.
  var fields: [Field] = []
  private weak var connection: ClientConnection?
  private let receive: (Event) -> Void
  private var trailers: [Field]?
  private var isOver = false

  // The request.
  private var outgoing: ArraySlice<UInt8> = []
  private var hasRequestEnded = false

  // The answer.
  private var incoming: [UInt8] = []
  private var isPaused = false
  /// Bytes whose window the server does not have back.
  private var held = 0

  init(connection: ClientConnection, receive: @escaping (Event) -> Void) {
    self.connection = connection
    self.receive = receive
  }

  package func send(_ message: [UInt8]) {
    guard !isOver, !hasRequestEnded else { return }
    outgoing.append(0)
    withUnsafeBytes(of: UInt32(clamping: message.count).bigEndian) { outgoing.append(contentsOf: $0) }
    outgoing.append(contentsOf: message)
    connection?.resume(self)
  }

  package func endRequest() {
    guard !isOver, !hasRequestEnded else { return }
    hasRequestEnded = true
    connection?.resume(self)
  }

  package func cancel() {
    guard !isOver else { return }
    connection?.reset(self)
  }

  /// Lets the server send no more than a window.
  package func pause() { isPaused = true }

  package func resume() {
    guard isPaused else { return }
    isPaused = false
    let count = held
    held = 0
    if count > 0, !isOver { connection?.consume(count, of: self) }
  }

  func provide(_ buffer: UnsafeMutableBufferPointer<UInt8>, _ flags: inout UInt32) -> Int {
    if outgoing.isEmpty, !hasRequestEnded { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
    let part = outgoing.prefix(buffer.count)
    _ = buffer.update(fromContentsOf: part)
    outgoing = outgoing.dropFirst(part.count)
    if outgoing.isEmpty { outgoing = [] }
    if outgoing.isEmpty, hasRequestEnded { flags |= NGHTTP2_DATA_FLAG_EOF.rawValue }
    return part.count
  }

  func headersCame(isLast: Bool) {
    let block = fields
    fields = []
    if isLast { trailers = block } else { receive(.headers(Self.custom(block))) }
  }

  func dataCame(_ bytes: UnsafeBufferPointer<UInt8>) {
    incoming.append(contentsOf: bytes)
    var offset = 0
    while incoming.count - offset >= 5 {
      let length = incoming[(offset + 1)..<(offset + 5)].reduce(0) { $0 << 8 | Int($1) }
      guard incoming.count - offset - 5 >= length else { break }
      receive(.message(Array(incoming[(offset + 5)..<(offset + 5 + length)])))
      offset += 5 + length
    }
    incoming.removeFirst(offset)
    if isPaused { held += bytes.count } else { connection?.consume(bytes.count, of: self) }
  }

  /// - Parameter code: of HTTP/2; nil: the connection is gone.
  func end(_ code: UInt32?) {
    guard !isOver else { return }
    isOver = true
    func text(_ name: String) -> String? {
      trailers?.last { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) }
    }
    var status: Status
    if let number = text("grpc-status").flatMap({ Int($0) }) {
      status = Status(StatusCode(rawValue: number), PercentEncoding.decode(text("grpc-message") ?? ""))
    } else if let code {
      status =
        code == NGHTTP2_CANCEL.rawValue
        ? Status(.cancelled, "the call was cancelled") : Status(.internal, "the stream was reset with \(code)")
    } else {
      status = Status(.unavailable, "the server has closed the connection")
    }
    receive(.end(status, Self.custom(trailers ?? [])))
  }

  /// Without the fields that gRPC and HTTP/2 use themselves; what is base64 is decoded.
  private static func custom(_ block: [Field]) -> [Field] {
    let own: Set<String> = ["grpc-status", "grpc-message", "grpc-accept-encoding", "grpc-encoding", "content-type"]
    return block.compactMap { name, value in
      if name.hasPrefix(":") || own.contains(name) { return nil }
      return name.hasSuffix("-bin") ? Base64.decode(value).map { (name, $0) } : (name, value)
    }
  }
}
