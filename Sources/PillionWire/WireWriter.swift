/// A growing buffer of wire bytes, reused from row to row.
///
/// What is written comes from the database or from this process, so nothing here fails: a buffer grows until memory
/// ends. Marks are offsets and stay good while the buffer grows.
package struct WireWriter: ~Copyable {
  /// Memory that `removeAll` keeps; a buffer that one large row made larger goes back to its first size.
  package static let retainedCapacity = 1 << 20
  @usableFromInline static let firstCapacity = 1024

  @usableFromInline var base: UnsafeMutableRawPointer
  @usableFromInline var capacity: Int
  @usableFromInline var end = 0

  package init() {
    capacity = Self.firstCapacity
    base = .allocate(byteCount: Self.firstCapacity, alignment: 8)
  }

  deinit { base.deallocate() }

  /// Bytes written since the last `removeAll`.
  @inlinable package var count: Int { end }

  /// What has been written; valid until the next write.
  @inlinable package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: end) }

  /// Forgets what has been written. Keeps the memory, up to `retainedCapacity`.
  package mutating func removeAll() {
    end = 0
    guard capacity > Self.retainedCapacity else { return }
    base.deallocate()
    capacity = Self.firstCapacity
    base = .allocate(byteCount: capacity, alignment: 8)
  }

  /// Forgets what has been written behind the first `count` bytes.
  @inlinable package mutating func truncate(to count: Int) {
    if count >= 0 && count < end { end = count }
  }

  /// Makes room for `additional` bytes behind what has been written.
  @inlinable @inline(__always) package mutating func reserve(_ additional: Int) {
    if capacity &- end < additional { grow(by: additional) }
  }

  @usableFromInline @inline(never) mutating func grow(by additional: Int) {
    let needed = end &+ additional
    var larger = capacity
    while larger < needed { larger = max(larger &* 2, Self.firstCapacity) }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 8)
    memory.copyMemory(from: base, byteCount: end)
    base.deallocate()
    base = memory
    capacity = larger
  }
}
