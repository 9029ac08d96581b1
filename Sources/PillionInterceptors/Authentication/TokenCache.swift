package import PillionQuery

/// Tokens of one event loop that have been verified, so that a call costs a comparison and not a signature.
///
/// Only good tokens come in, so nobody without one can drive others out. At most `capacity` of them are kept; the oldest
/// goes first. All are forgotten when the keys change.
package struct TokenCache {
  private struct Entry {
    var hash: UInt64
    var token: [UInt8]
    var verified: VerifiedToken
    /// The place of the next entry in the same bucket; -1: it is the last.
    var next = -1
  }

  private let capacity: Int
  private let seed = UInt64.random(in: .min ... .max)
  /// The place of each bucket's first entry; -1: there is none. A power of two.
  private var buckets: [Int]
  private var entries: [Entry] = []
  private var oldest = 0

  package init(capacity: Int = 2048) {
    self.capacity = max(1, capacity)
    var count = 16
    while count < self.capacity { count *= 2 }
    buckets = Array(repeating: -1, count: count)
  }

  package var count: Int { entries.count }

  /// What the same bytes were verified as, if that still holds.
  package func identity(_ token: UnsafeBufferPointer<UInt8>, now: Double) -> Identity? {
    let place = place(hash(token))
    guard place >= 0, Self.isSame(entries[place].token, token), entries[place].verified.isValid(at: now) else {
      return nil
    }
    return entries[place].verified.identity
  }

  package mutating func insert(_ token: [UInt8], _ verified: VerifiedToken) {
    let hash = token.withUnsafeBufferPointer { self.hash($0) }
    var entry = Entry(hash: hash, token: token, verified: verified)
    let place = place(hash)
    if place >= 0 {
      entry.next = entries[place].next
      entries[place] = entry
    } else if entries.count < capacity {
      entries.append(entry)
      link(entries.count - 1)
    } else {
      unlink(oldest)
      entries[oldest] = entry
      link(oldest)
      oldest = (oldest + 1) % capacity
    }
  }

  package mutating func removeAll() {
    for bucket in buckets.indices { buckets[bucket] = -1 }
    entries.removeAll()
    oldest = 0
  }

  // MARK: The hash table

  private func bucket(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (buckets.count - 1) }

  private func place(_ hash: UInt64) -> Int {
    var place = buckets[bucket(hash)]
    while place >= 0, entries[place].hash != hash { place = entries[place].next }
    return place
  }

  private mutating func link(_ place: Int) {
    let bucket = bucket(entries[place].hash)
    entries[place].next = buckets[bucket]
    buckets[bucket] = place
  }

  private mutating func unlink(_ place: Int) {
    let bucket = bucket(entries[place].hash)
    guard buckets[bucket] != place else { return buckets[bucket] = entries[place].next }
    var before = buckets[bucket]
    while before >= 0, entries[before].next != place { before = entries[before].next }
    if before >= 0 { entries[before].next = entries[place].next }
  }

  /// A multiplication for every eight bytes, from a start that is the process's own.
  private func hash(_ token: UnsafeBufferPointer<UInt8>) -> UInt64 {
    let raw = UnsafeRawBufferPointer(token)
    var hash = seed ^ UInt64(truncatingIfNeeded: raw.count)
    var offset = 0
    while offset + 8 <= raw.count {
      hash = Self.mix(hash, raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < raw.count {
      rest = rest << 8 | UInt64(raw[offset])
      offset += 1
    }
    return Self.mix(hash, rest)
  }

  private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
  }

  /// Looks at all bytes, whatever the first difference is.
  private static func isSame(_ known: [UInt8], _ token: UnsafeBufferPointer<UInt8>) -> Bool {
    known.withUnsafeBytes { ConstantTime.isEqual($0, UnsafeRawBufferPointer(token)) }
  }
}
