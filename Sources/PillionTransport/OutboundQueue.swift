import Glibc

/// Response bytes of one call that wait for the connection: chunks as they were sent, taken from the front.
struct OutboundQueue {
  private var first: [UInt8] = []
  private var offset = 0
  private var others: [[UInt8]] = []
  private var othersHead = 0
  private(set) var byteCount = 0

  var isEmpty: Bool { byteCount == 0 }

  /// Whether the chunk in front has been taken in part.
  var isInsideChunk: Bool { offset > 0 }

  mutating func append(_ chunk: [UInt8]) {
    guard !chunk.isEmpty else { return }
    if byteCount == 0 { first = chunk } else { others.append(chunk) }
    byteCount += chunk.count
  }

  /// Lends up to `count` bytes from the front, piece by piece, and drops them.
  mutating func take(_ count: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    var rest = min(count, byteCount)
    byteCount -= rest
    while rest > 0 {
      let part = min(rest, first.count - offset)
      first.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[offset..<offset + part])) }
      offset += part
      rest -= part
      if offset == first.count { advance() }
    }
  }

  mutating func removeAll() {
    first = []
    offset = 0
    others = []
    othersHead = 0
    byteCount = 0
  }

  private mutating func advance() {
    offset = 0
    guard othersHead < others.count else {
      first = []
      return
    }
    first = []
    swap(&first, &others[othersHead])
    othersHead += 1
    if othersHead == others.count {
      others.removeAll(keepingCapacity: true)
      othersHead = 0
    }
  }
}
