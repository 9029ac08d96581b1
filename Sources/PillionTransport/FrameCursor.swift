import CPillionHTTP2

/// Follows where frames begin and end in what a client sends (RFC 9113 §4.1), to know whether it owes the rest of one.
///
/// nghttp2 tells of a frame's end only when it does something with it: what is sent to a stream that is over it skips
/// without a word.
struct FrameCursor {
  /// Bytes of a frame's header: three of length, one of type, one of flags, four of stream.
  private static let headerBytes = 9

  private var headerCount = 0
  private var length = 0
  private var type: UInt8 = 0
  private var flags: UInt8 = 0
  private var payloadRemaining = 0
  /// A header block goes on in the next frame.
  private var isInHeaderBlock = false

  /// Whether nothing is owed: the last frame has come whole, and with it the last header block.
  var isAtBoundary: Bool { headerCount == 0 && payloadRemaining == 0 && !isInHeaderBlock }

  /// Takes the bytes that come next; whether a frame, or a header block that was begun, has come whole with them.
  mutating func advance(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var didComplete = false
    var offset = 0
    while offset < bytes.count {
      if payloadRemaining > 0 {
        let count = min(payloadRemaining, bytes.count - offset)
        offset += count
        payloadRemaining -= count
      } else if headerCount == 0, bytes.count - offset >= Self.headerBytes {
        // Length, type and flags, as they nearly always come: together.
        let word = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        offset += Self.headerBytes
        payloadRemaining = Int(word >> 40)
        type = UInt8(truncatingIfNeeded: word >> 32)
        flags = UInt8(truncatingIfNeeded: word >> 24)
      } else {
        takeHeader(bytes[offset])
        offset += 1
        if headerCount < Self.headerBytes { continue }
        headerCount = 0
        payloadRemaining = length
      }
      if payloadRemaining == 0, frameEnded() { didComplete = true }
    }
    return didComplete
  }

  private mutating func takeHeader(_ byte: UInt8) {
    switch headerCount {
    case 0: length = Int(byte)
    case 1, 2: length = length << 8 | Int(byte)
    case 3: type = byte
    case 4: flags = byte
    default: break
    }
    headerCount += 1
  }

  /// Whether nothing is owed behind this frame.
  private mutating func frameEnded() -> Bool {
    if type == UInt8(NGHTTP2_HEADERS.rawValue) || type == UInt8(NGHTTP2_CONTINUATION.rawValue) {
      isInHeaderBlock = flags & UInt8(NGHTTP2_FLAG_END_HEADERS.rawValue) == 0
    }
    return !isInHeaderBlock
  }
}
