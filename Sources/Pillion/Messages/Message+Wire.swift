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
    self = try bytes.withUnsafeBytes { try Self(decoding: $0, of: part) }
  }

  @inlinable
  init(decoding bytes: UnsafeRawBufferPointer, of part: StaticString = "message") throws {
    do {
      try self.init(encoded: bytes)
    } catch {
      throw Status(.internal, "The \(part) cannot be decoded as \(Self.protoMessageName).")
    }
  }

  /// - Throws: what `init(serializedBytes:)` throws.
  @inlinable
  init(encoded bytes: [UInt8]) throws { self = try bytes.withUnsafeBytes { try Self(encoded: $0) } }

  @inlinable
  init(encoded bytes: UnsafeRawBufferPointer) throws {
    self.init()
    if !read(bytes) { self = try Self(serializedBytes: Array(bytes)) }
  }

  /// Adds to an empty message what the bytes say.
  ///
  /// - Returns: false where swift-protobuf has to look at them: they are no such message, or there is more in them than the
  ///   message's own fields. What has been read so far is of no use then.
  @inlinable
  mutating func read(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if let start = bytes.baseAddress {
      var decoder = MessageDecoder(start, count: bytes.count, depth: MessageDecoder.depthLimit)
      do {
        try read(from: &decoder)
      } catch {
        return false
      }
    }
    return isInitialized
  }

  @inlinable
  mutating func read(from decoder: inout MessageDecoder) throws { try decoder.read(into: &self) }

  /// - Parameter isFramed: whether gRPC's five-byte prefix is in front.
  /// - Throws: what `serializedBytes()` throws.
  @inlinable
  func encoded(isFramed: Bool = false) throws -> [UInt8] {
    // What is longer moves to the heap.
    let bytes: [UInt8]? = withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 16) { memory in
      guard isInitialized, let start = memory.baseAddress else { return nil }
      var encoder = MessageEncoder(start, count: memory.count, isFramed: isFramed)
      defer { encoder.release() }
      do {
        try encoder.write(self)
      } catch {
        return nil
      }
      return encoder.message
    }
    if let bytes { return bytes }
    return isFramed ? MessageEncoder.framed(try serializedBytes()) : try serializedBytes()
  }
}
