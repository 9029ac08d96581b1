public import PillionTransport
public import SwiftProtobuf

/// Messages from and to the wire: the same as `init(serializedBytes:)` and `serializedBytes()`, and less work.
///
/// swift-protobuf's own code is compiled there, for no message in particular, and looks at every field up what to do with it.
/// This is inlined into the program's own module, and where that knows the message's type, compiled for it.
extension Message {
  /// What a request or a row is to code that knows its message.
  ///
  /// - Throws: `Status` INTERNAL where the bytes are no such message.
  @inlinable
  init(decoding bytes: [UInt8], of part: StaticString = "message") throws {
    do {
      try self.init(encoded: bytes)
    } catch {
      throw Status(.internal, "The \(part) cannot be decoded as \(Self.protoMessageName).")
    }
  }

  /// - Throws: what `init(serializedBytes:)` throws.
  @inlinable
  init(encoded bytes: [UInt8]) throws {
    self.init()
    if !read(bytes) { self = try Self(serializedBytes: bytes) }
  }

  /// Adds to an empty message what the bytes say.
  ///
  /// - Returns: false where swift-protobuf has to look at them: they are no such message, or there is more in them than the
  ///   message's own fields. What has been read so far is of no use then.
  @inlinable
  mutating func read(_ bytes: [UInt8]) -> Bool {
    let isRead = bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return true }
      var decoder = MessageDecoder(start, count: bytes.count, depth: MessageDecoder.depthLimit)
      do {
        try read(from: &decoder)
        return true
      } catch {
        return false
      }
    }
    return isRead && isInitialized
  }

  @inlinable
  mutating func read(from decoder: inout MessageDecoder) throws { try decoder.read(into: &self) }

  /// - Throws: what `serializedBytes()` throws.
  @inlinable
  func encoded() throws -> [UInt8] {
    // What is longer moves to the heap.
    let bytes: [UInt8]? = withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 16) { memory in
      guard isInitialized, let start = memory.baseAddress else { return nil }
      var encoder = MessageEncoder(start, count: memory.count)
      defer { encoder.release() }
      do {
        try encoder.write(self)
      } catch {
        return nil
      }
      return encoder.message
    }
    return try bytes ?? serializedBytes()
  }
}
