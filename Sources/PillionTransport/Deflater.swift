import CPillionZlib

/// Compresses messages; one for an event loop and encoding, as it takes a quarter of a megabyte. Owner of a `z_stream`,
/// which must not move.
final class Deflater {
  /// Shorter messages would hardly shrink.
  private static let leastBytes = 128

  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

  /// nil when there is no memory.
  init?(_ compression: Compression) {
    stream.initialize(to: z_stream())
    // Level 1: rows shrink to nearly the same as with 6, in a third of the time.
    let status = deflateInit2_(
      stream, 1, Z_DEFLATED, compression.windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { return nil }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Compresses each of some framed messages; one that does not become smaller stays as it is.
  func compress(_ framed: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(framed.count / 2)
    framed.withUnsafeBytes { bytes in
      var offset = 0
      while offset + 5 <= bytes.count {
        let length = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 1, as: UInt32.self)))
        let end = min(offset + 5 + length, bytes.count)
        let message = UnsafeRawBufferPointer(rebasing: bytes[offset + 5..<end])
        if message.count < Self.leastBytes || !append(message, to: &result) {
          result.append(contentsOf: bytes[offset..<end])
        }
        offset = end
      }
    }
    return result
  }

  /// Appends the compressed message with its prefix; false, and nothing appended, when it would be no smaller.
  private func append(_ message: UnsafeRawBufferPointer, to result: inout [UInt8]) -> Bool {
    guard deflateReset(stream) == Z_OK else { return false }
    let capacity = message.count
    let compressed = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      stream.pointee.next_in = UnsafeMutablePointer(mutating: message.bindMemory(to: UInt8.self).baseAddress)
      stream.pointee.avail_in = UInt32(clamping: message.count)
      stream.pointee.next_out = buffer.baseAddress
      stream.pointee.avail_out = UInt32(clamping: capacity)
      let isDone = deflate(stream, Z_FINISH) == Z_STREAM_END
      count = isDone ? capacity - Int(stream.pointee.avail_out) : 0
    }
    guard !compressed.isEmpty else { return false }
    result.append(1)
    withUnsafeBytes(of: UInt32(clamping: compressed.count).bigEndian) { result.append(contentsOf: $0) }
    result.append(contentsOf: compressed)
    return true
  }
}
