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
  }

  /// Memory that is kept from one message of a call to the next.
  private static let keptCapacity = 64 << 10

  private let limit: Int
  private var prefix: UInt64 = 0
  private var prefixCount = 0
  private var length = 0
  private var storage: UnsafeMutableRawPointer?
  private var capacity = 0
  private var count = 0
  private var isLent = false

  init(limit: Int) { self.limit = limit }

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
      if prefixCount == 1, byte != 0 { return .failed(byte == 1 ? .compressed : .badFlag(byte)) }
      if prefixCount == 5 {
        length = Int(truncatingIfNeeded: prefix & 0xFFFF_FFFF)
        if length > limit { return .failed(.tooLong(length)) }
      }
    }
    if count == 0, input.count >= length {
      let message = UnsafeRawBufferPointer(rebasing: input.prefix(length))
      input = UnsafeRawBufferPointer(rebasing: input.dropFirst(length))
      isLent = true
      return .message(message)
    }
    let part = min(length - count, input.count)
    append(UnsafeRawBufferPointer(rebasing: input.prefix(part)))
    input = UnsafeRawBufferPointer(rebasing: input.dropFirst(part))
    guard count == length else { return .needsMore }
    isLent = true
    return .message(UnsafeRawBufferPointer(start: storage, count: count))
  }

  /// Keeps the message that `next` has just returned beyond the life of the input; it stays until the next `next`.
  mutating func hold(_ message: UnsafeRawBufferPointer) {
    guard count == 0 else { return }
    append(message)
  }

  /// Memory that is held for a message of which there is only a part.
  var gatheredBytes: Int { capacity }

  /// Gives up what is held.
  mutating func clear() {
    reset()
    storage?.deallocate()
    storage = nil
    capacity = 0
  }

  /// The message that was held.
  var held: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage, count: count) }

  private mutating func reset() {
    isLent = false
    prefix = 0
    prefixCount = 0
    length = 0
    count = 0
    if capacity > Self.keptCapacity {
      storage?.deallocate()
      storage = nil
      capacity = 0
    }
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    let needed = count + bytes.count
    if needed > capacity {
      let newCapacity = max(needed, min(max(capacity * 2, 4096), length))
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
