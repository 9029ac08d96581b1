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
  }

  private let capacity: Int
  private let seed = UInt64.random(in: .min ... .max)
  private var places: [UInt64: Int] = [:]
  private var entries: [Entry] = []
  private var oldest = 0

  package init(capacity: Int = 2048) { self.capacity = max(1, capacity) }

  package var count: Int { entries.count }

  /// What the same bytes were verified as, if that still holds.
  package func identity(_ token: UnsafeBufferPointer<UInt8>, now: Double) -> Identity? {
    guard let place = places[hash(token)] else { return nil }
    let entry = entries[place]
    guard Self.isSame(entry.token, token), entry.verified.isValid(at: now) else { return nil }
    return entry.verified.identity
  }

  package mutating func insert(_ token: [UInt8], _ verified: VerifiedToken) {
    let hash = token.withUnsafeBufferPointer { self.hash($0) }
    let entry = Entry(hash: hash, token: token, verified: verified)
    if let place = places[hash] {
      entries[place] = entry
    } else if entries.count < capacity {
      places[hash] = entries.count
      entries.append(entry)
    } else {
      places[entries[oldest].hash] = nil
      entries[oldest] = entry
      places[hash] = oldest
      oldest = (oldest + 1) % capacity
    }
  }

  package mutating func removeAll() {
    places.removeAll()
    entries.removeAll()
    oldest = 0
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
