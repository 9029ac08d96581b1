import CPillionZlib

/// Decompresses messages, one after the other, in the pieces in which they come. Owner of a `z_stream`, which must not
/// move: zlib points back at it.
final class Inflater {
  enum Outcome: Equatable {
    case needsMore
    /// The compressed message is complete; so many bytes of the input were not part of it.
    case done(unused: Int)
    case tooLong
    case corrupt
  }

  private static let pieceSize = 16 << 10

  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 16)

  /// nil when there is no memory.
  init?(_ compression: Compression) {
    stream.initialize(to: z_stream())
    guard
      inflateInit2_(stream, compression.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return nil }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    piece.deallocate()
  }

  /// Begins another message.
  func reset() { inflateReset(stream) }

  /// Hands on what `input` inflates to, piece by piece, and stops as soon as it is more than `limit` bytes: what a few
  /// bytes could still unfold to is never made.
  func inflate(_ input: UnsafeRawBufferPointer, limit: Int, _ body: (UnsafeRawBufferPointer) -> Void) -> Outcome {
    var room = limit
    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
    stream.pointee.avail_in = UInt32(clamping: input.count)
    while true {
      stream.pointee.next_out = piece.bindMemory(to: UInt8.self).baseAddress
      stream.pointee.avail_out = UInt32(Self.pieceSize)
      let status = CPillionZlib.inflate(stream, Z_NO_FLUSH)
      let count = Self.pieceSize - Int(stream.pointee.avail_out)
      guard count <= room else { return .tooLong }
      room -= count
      if count > 0 { body(UnsafeRawBufferPointer(rebasing: piece[..<count])) }
      switch status {
      case Z_STREAM_END: return .done(unused: Int(stream.pointee.avail_in))
      case Z_OK where stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0: continue
      // Z_BUF_ERROR: there was nothing left to do, which is no error (zlib.h).
      case Z_OK, Z_BUF_ERROR: return .needsMore
      default: return .corrupt
      }
    }
  }
}
