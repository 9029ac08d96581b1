/// What the header block of a request says, gathered field by field; one per connection, used again for each block.
///
/// A class, so that a field costs a store and no copy of the rest.
final class RequestHead {
  @exclusivity(unchecked) private var route: Route?
  /// The path when there is no route for it, cut to 256 bytes.
  private(set) var unknownPath: [UInt8] = []
  /// The bytes of a `Metadata`.
  @exclusivity(unchecked) private(set) var metadata: [UInt8] = []
  private(set) var timeout: UInt64?
  private var isPost = false
  private var hasGRPCContentType = false
  private var isTimeoutMalformed = false
  /// How the messages may be compressed.
  private(set) var compression = Compression.identity
  /// The name of an encoding that is not known.
  private var unknownEncoding: [UInt8]?
  private var hasAccepted = false
  private var accepted = AcceptedCompressions()
  /// The value that `accepted` was read from: a client sends the same each time.
  private var acceptedText: [UInt8] = []
  private(set) var listBytes = 0

  func reset() {
    route = nil
    if !unknownPath.isEmpty { unknownPath.removeAll(keepingCapacity: true) }
    if !metadata.isEmpty { metadata.removeAll(keepingCapacity: true) }
    timeout = nil
    isPost = false
    hasGRPCContentType = false
    isTimeoutMalformed = false
    compression = .identity
    unknownEncoding = nil
    hasAccepted = false
    listBytes = 0
  }

  /// Takes the next field. Of a list that is too long only the size is noted.
  func add(
    _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>, loop: LoopContext, limit: Int
  ) {
    listBytes += name.count + value.count + 32
    guard listBytes <= limit else { return }
    switch name.count {
    case 2 where name.isSame(as: "te"): break
    case 5 where name.isSame(as: ":path"):
      route = loop.router.lookup(value)
      if route == nil { unknownPath.append(contentsOf: value.prefix(256)) }
    case 7 where name.isSame(as: ":method"): isPost = value.isSame(as: "POST")
    case 12 where name.isSame(as: "content-type"): hasGRPCContentType = Self.isGRPC(value)
    case 12 where name.isSame(as: "grpc-timeout"):
      timeout = GRPCTimeout.nanoseconds(value)
      isTimeoutMalformed = timeout == nil
    case 13 where name.isSame(as: "grpc-encoding"):
      if let known = Compression(name: value) { compression = known } else { unknownEncoding = Array(value.prefix(64)) }
    case 14 where name.isSame(as: "content-length"): break
    case 20 where name.isSame(as: "grpc-accept-encoding"): accept(value)
    default:
      if name.first != UInt8(ascii: ":") { Metadata.append(name: name, value: value, to: &metadata) }
    }
  }

  /// The method that is asked for; nil: there is none. It goes to the call, and is not here any more.
  func takeRoute() -> Route? {
    let taken = route
    route = nil
    return taken
  }

  /// The encodings that the client takes.
  var acceptedCompressions: AcceptedCompressions { hasAccepted ? accepted : AcceptedCompressions() }

  private func accept(_ value: UnsafeBufferPointer<UInt8>) {
    hasAccepted = true
    if acceptedText.withUnsafeBufferPointer({ $0.isSame(as: value) }) { return }
    acceptedText = Array(value)
    accepted = AcceptedCompressions(value)
  }

  /// Whether `other` holds the same metadata.
  func hasMetadata(_ other: [UInt8]) -> Bool {
    metadata.withUnsafeBufferPointer { metadata in other.withUnsafeBufferPointer { metadata.isSame(as: $0) } }
  }

  /// Why no handler may see this request; nil when one may.
  ///
  /// A wrong content type is HTTP 415, as gRPC's `PROTOCOL-HTTP2.md` wants; a method other than POST 405 and a
  /// malformed `grpc-timeout` 400, both INTERNAL, as grpc-go answers. A missing `te` is no error: the specification
  /// only uses it to detect proxies, and no gRPC server insists on it.
  func refusal(limit: Int) -> Refusal? {
    if listBytes > limit {
      return Refusal(Status(.resourceExhausted, "request metadata is larger than \(limit) bytes"))
    }
    if !isPost { return Refusal(Status(.internal, "the HTTP method must be POST"), http: "405") }
    if !hasGRPCContentType {
      return Refusal(Status(.internal, "the content-type must be application/grpc"), http: "415")
    }
    if isTimeoutMalformed { return Refusal(Status(.internal, "malformed grpc-timeout"), http: "400") }
    if let unknownEncoding {
      let name = String(decoding: unknownEncoding, as: UTF8.self)
      return Refusal(Status(.unimplemented, "grpc-encoding \(name) is not supported"))
    }
    return nil
  }

  /// `application/grpc`, alone or with a subtype (`+proto`) or parameters (`;`); not `application/grpc-web`.
  private static func isGRPC(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
    let prefix: StaticString = "application/grpc"
    let length = prefix.utf8CodeUnitCount
    guard value.begins(with: prefix) else { return false }
    if value.count == length { return true }
    return value[length] == UInt8(ascii: "+") || value[length] == UInt8(ascii: ";")
  }
}

/// The answer to a request that no handler sees.
struct Refusal {
  var status: Status
  /// The value of `:status`.
  var http: StaticString

  init(_ status: Status, http: StaticString = "200") {
    self.status = status
    self.http = http
  }
}
