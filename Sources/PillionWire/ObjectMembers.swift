internal import Glibc

/// The members of one JSON object while its map entries come in: a name that comes again replaces the entry.
///
/// Names are compared by their bytes, as protobuf does, without regard to Unicode's equivalences. A few are compared
/// one by one; more go through a hash table of their indices, whose seed no client knows.
struct ObjectMembers {
  struct Member {
    var key: WireRange
    var entry: WireRange
    /// Low bits of the name's hash; 0 while there is no table.
    var hash: UInt32
  }

  private static let fewMembers = 8

  let base: UnsafeRawPointer
  private(set) var all: [Member] = []
  /// One more than the index of a member; 0: free. A power of two, at most half full.
  private var table: [UInt32] = []

  init(base: UnsafeRawPointer) { self.base = base }

  mutating func set(_ key: WireRange, to entry: WireRange) {
    guard all.count >= Self.fewMembers else {
      if let index = all.firstIndex(where: { isSame($0.key, key) }) {
        all[index].entry = entry
      } else {
        all.append(Member(key: key, entry: entry, hash: 0))
      }
      return
    }
    if all.count &* 2 >= table.count { growTable() }
    let hash = hash(of: key)
    var place = Int(hash) & (table.count &- 1)
    while table[place] != 0 {
      let index = Int(table[place] &- 1)
      if all[index].hash == hash && isSame(all[index].key, key) {
        all[index].entry = entry
        return
      }
      place = (place &+ 1) & (table.count &- 1)
    }
    all.append(Member(key: key, entry: entry, hash: hash))
    table[place] = UInt32(truncatingIfNeeded: all.count)
  }

  private mutating func growTable() {
    if table.isEmpty {
      for index in all.indices { all[index].hash = hash(of: all[index].key) }
    }
    table = [UInt32](repeating: 0, count: max(table.count &* 4, Self.fewMembers &* 8))
    for (index, member) in all.enumerated() {
      var place = Int(member.hash) & (table.count &- 1)
      while table[place] != 0 { place = (place &+ 1) & (table.count &- 1) }
      table[place] = UInt32(truncatingIfNeeded: index &+ 1)
    }
  }

  private func isSame(_ one: WireRange, _ other: WireRange) -> Bool {
    one.count == other.count && memcmp(base + one.start, base + other.start, one.count) == 0
  }

  private func hash(of key: WireRange) -> UInt32 {
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(start: base + key.start, count: key.count))
    return UInt32(truncatingIfNeeded: hasher.finalize())
  }
}
