import CPillionHTTP2

/// Fields of a response, as the arrays nghttp2 wants them.
///
/// The constant ones point at string literals, which live as long as the process, so that nghttp2 need not copy them;
/// the others are bytes of this value, copied by nghttp2 when they are submitted.
struct HeaderBlock {
  private struct Field {
    var constantName: StaticString?
    var constantValue: StaticString?
    var name = 0..<0
    var value = 0..<0
    /// Whether the value is one of few, and worth a place in the table that both sides keep (RFC 7541 §7.1.3). What
    /// differs from call to call would push the others out.
    var isIndexed = true
  }

  private var bytes: [UInt8] = []
  private var fields: [Field] = []
  /// As RFC 9113 §6.5.2 counts it.
  private(set) var listBytes = 0

  init() {
    bytes.reserveCapacity(96)
    fields.reserveCapacity(6)
  }

  mutating func append(_ name: StaticString, _ value: StaticString) {
    fields.append(Field(constantName: name, constantValue: value))
    listBytes += name.utf8CodeUnitCount + value.utf8CodeUnitCount + 32
  }

  mutating func append(_ name: StaticString, _ value: [UInt8], isIndexed: Bool = false) {
    let start = bytes.count
    bytes.append(contentsOf: value)
    fields.append(Field(constantName: name, value: start..<bytes.count, isIndexed: isIndexed))
    listBytes += name.utf8CodeUnitCount + value.count + 32
  }

  mutating func append(_ name: String, _ value: UnsafeRawBufferPointer) {
    let start = bytes.count
    bytes.append(contentsOf: name.utf8)
    let middle = bytes.count
    bytes.append(contentsOf: value)
    fields.append(Field(name: start..<middle, value: middle..<bytes.count, isIndexed: false))
    listBytes += bytes.count - start + 32
  }

  /// Lends the array of name/value pairs, good until `body` returns.
  func withPairs(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Void) {
    bytes.withUnsafeBufferPointer { bytes in
      func part(_ range: Range<Int>) -> (UnsafeMutablePointer<UInt8>?, Int) {
        (UnsafeMutablePointer(mutating: bytes.baseAddress.map { $0 + range.lowerBound }), range.count)
      }
      func pair(_ field: Field) -> nghttp2_nv {
        var flags = field.isIndexed ? NGHTTP2_NV_FLAG_NONE.rawValue : NGHTTP2_NV_FLAG_NO_INDEX.rawValue
        var (name, nameLength) = part(field.name)
        var (value, valueLength) = part(field.value)
        if let constant = field.constantName {
          (name, nameLength) = (UnsafeMutablePointer(mutating: constant.utf8Start), constant.utf8CodeUnitCount)
          flags |= NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue
        }
        if let constant = field.constantValue {
          (value, valueLength) = (UnsafeMutablePointer(mutating: constant.utf8Start), constant.utf8CodeUnitCount)
          flags |= NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue
        }
        return nghttp2_nv(
          name: name, value: value, namelen: nameLength, valuelen: valueLength, flags: UInt8(truncatingIfNeeded: flags))
      }
      withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: fields.count) { pairs in
        for index in fields.indices { pairs.initializeElement(at: index, to: pair(fields[index])) }
        body(UnsafePointer(pairs.baseAddress), fields.count)
      }
    }
  }
}

/// The two blocks of nearly every answer, made once for an event loop: constant fields, and a place for the call's name.
final class StandardHeaders {
  /// `:status 200`, `content-type application/grpc`, `grpc-accept-encoding …`, and one to be filled in.
  private let response = UnsafeMutablePointer<nghttp2_nv>.allocate(capacity: 4)
  /// `grpc-status 0`.
  let trailers = UnsafeMutablePointer<nghttp2_nv>.allocate(capacity: 1)
  let trailersCount = 1

  init() {
    func pair(_ name: StaticString, _ value: StaticString) -> nghttp2_nv {
      let flags = NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue
      return nghttp2_nv(
        name: UnsafeMutablePointer(mutating: name.utf8Start), value: UnsafeMutablePointer(mutating: value.utf8Start),
        namelen: name.utf8CodeUnitCount, valuelen: value.utf8CodeUnitCount, flags: UInt8(truncatingIfNeeded: flags))
    }
    response.initialize(to: pair(":status", "200"))
    (response + 1).initialize(to: pair("content-type", "application/grpc"))
    (response + 2).initialize(to: pair("grpc-accept-encoding", Compression.accepted))
    (response + 3).initialize(to: nghttp2_nv())
    trailers.initialize(to: pair("grpc-status", "0"))
  }

  /// Lends the header block of an answer that has no metadata but the call's name, if it has one.
  func withResponse(to call: ServerCall, _ body: (UnsafePointer<nghttp2_nv>, Int) -> Void) {
    guard var header = call.identifierHeader else { return body(response, 3) }
    header.withUTF8 { name in
      call.identifier.withBytes { value in
        let value = value.assumingMemoryBound(to: UInt8.self)
        response[3] = nghttp2_nv(
          name: UnsafeMutablePointer(mutating: name.baseAddress),
          value: UnsafeMutablePointer(mutating: value.baseAddress), namelen: name.count, valuelen: value.count,
          flags: UInt8(truncatingIfNeeded: call.connection.identifierFlags()))
        body(response, 4)
      }
    }
  }

  deinit {
    response.deallocate()
    trailers.deallocate()
  }
}
