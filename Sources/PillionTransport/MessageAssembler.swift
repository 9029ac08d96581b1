import Glibc

/// Cuts a request's bytes into messages: a flag byte, a length of four bytes, big-endian, the message
/// (gRPC's `PROTOCOL-HTTP2.md`, "Length-Prefixed-Message").
///
/// A message that lies whole in the bytes at hand is lent from there; else its parts are gathered in memory that grows
/// as they come and is never sized from a length that a peer only claims.
struct MessageAssembler: ~Copyable {
  enum Event {
    /// Valid until the assembler or the input is touched again.
    case message(UnsafeRawBufferPointer)
    /// The input is used up.
    case needsMore
    case failed(Failure)
  }

  enum Failure {
    case compressed
    case badFlag(UInt8)
    case tooLong(Int)
    case inflatesTooLong
    case corrupt
  }

  /// Memory that is kept from one message of a call to the next.
  private static let keptCapacity = 64 << 10

  private let limit: Int
  private let compression: Compression
  private var inflater: Inflater?
  /// Whether the message at hand came compressed.
  private(set) var isCompressed = false
  private var compressedCount = 0
  private var prefix: UInt64 = 0
  private var prefixCount = 0
  private var length = 0
  private var storage: UnsafeMutableRawPointer?
  private var capacity = 0
  private var count = 0
  private var isLent = false

  init(limit: Int, compression: Compression = .identity) {
    self.limit = limit
    self.compression = compression
  }

  deinit { storage?.deallocate() }

  /// Whether a message has begun and not ended.
  var isInsideMessage: Bool { prefixCount > 0 && !isLent }

  /// Takes what the next event needs from the front of `input`.
  mutating func next(_ input: inout UnsafeRawBufferPointer) -> Event {
    if isLent { reset() }
    while prefixCount < 5 {
      guard let byte = input.first else { return .needsMore }
      input = UnsafeRawBufferPointer(rebasing: input.dropFirst())
      prefix = prefix << 8 | UInt64(byte)
      prefixCount += 1
      if prefixCount == 1, byte != 0 {
        guard byte == 1 else { return .failed(.badFlag(byte)) }
        guard beginCompressed() else { return .failed(.compressed) }
      }
      if prefixCount == 5 {
        length = Int(truncatingIfNeeded: prefix & 0xFFFF_FFFF)
        // What does not shrink grows a little (`deflateBound` of zlib.h).
        if length > (isCompressed ? limit + limit / 1000 + 64 : limit) { return .failed(.tooLong(length)) }
      }
    }
    if isCompressed { return inflate(&input) }
    if count == 0, input.count >= length {
      let message = UnsafeRawBufferPointer(rebasing: input.prefix(length))
      input = UnsafeRawBufferPointer(rebasing: input.dropFirst(length))
      isLent = true
      return .message(message)
    }
    let part = min(length - count, input.count)
    append(UnsafeRawBufferPointer(rebasing: input.prefix(part)), expecting: length)
    input = UnsafeRawBufferPointer(rebasing: input.dropFirst(part))
    guard count == length else { return .needsMore }
    isLent = true
    return .message(UnsafeRawBufferPointer(start: storage, count: count))
  }

  private mutating func beginCompressed() -> Bool {
    guard compression != .identity else { return false }
    if let inflater { inflater.reset() } else { inflater = Inflater(compression) }
    isCompressed = inflater != nil
    return isCompressed
  }

  /// Decompresses what has come, no further than the limit.
  private mutating func inflate(_ input: inout UnsafeRawBufferPointer) -> Event {
    guard let inflater else { return .failed(.compressed) }
    let part = UnsafeRawBufferPointer(rebasing: input.prefix(length - compressedCount))
    input = UnsafeRawBufferPointer(rebasing: input.dropFirst(part.count))
    compressedCount += part.count
    let isWhole = compressedCount == length
    let outcome = inflater.inflate(part, limit: limit - count) { append($0, expecting: limit) }
    switch outcome {
    case .needsMore: return isWhole ? .failed(.corrupt) : .needsMore
    case .tooLong: return .failed(.inflatesTooLong)
    case .corrupt: return .failed(.corrupt)
    case .done(let unused):
      guard isWhole, unused == 0 else { return .failed(.corrupt) }
      isLent = true
      return .message(UnsafeRawBufferPointer(start: storage, count: count))
    }
  }

  /// Keeps the message that `next` has just returned beyond the life of the input; it stays until the next `next`.
  mutating func hold(_ message: UnsafeRawBufferPointer) {
    guard count == 0 else { return }
    append(message, expecting: message.count)
  }

  /// Memory that is held for a message of which there is only a part.
  var gatheredBytes: Int { capacity }

  /// Gives up what is held.
  mutating func clear() {
    reset()
    storage?.deallocate()
    storage = nil
    capacity = 0
    inflater = nil
  }

  /// The message that was held.
  var held: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage, count: count) }

  private mutating func reset() {
    isLent = false
    prefix = 0
    prefixCount = 0
    length = 0
    count = 0
    isCompressed = false
    compressedCount = 0
    if capacity > Self.keptCapacity {
      storage?.deallocate()
      storage = nil
      capacity = 0
    }
  }

  /// `total`: what the message may come to.
  private mutating func append(_ bytes: UnsafeRawBufferPointer, expecting total: Int) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    let needed = count + bytes.count
    if needed > capacity {
      let newCapacity = max(needed, min(max(capacity * 2, 4096), total))
      let new = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 16)
      if let storage {
        memcpy(new, storage, count)
        storage.deallocate()
      }
      storage = new
      capacity = newCapacity
    }
    if let storage { memcpy(storage + count, source, bytes.count) }
    count = needed
  }
}
