/// A queue whose both ends are cheap. What is taken out is moved, not copied: nobody counts its references.
///
/// `public`, though it is for this package: the compiler makes code for other modules' elements of public generics only.
public struct Ring<Element> {
  @usableFromInline var storage: ContiguousArray<Element?> = []
  @usableFromInline var head = 0
  @usableFromInline var size = 0

  @inlinable public init() {}

  @inlinable public var count: Int { size }

  @inlinable public var isEmpty: Bool { size == 0 }

  /// Counted from the front; the caller keeps `index` under `count`.
  @inlinable public subscript(index: Int) -> Element? {
    _read { yield storage[slot(index)] }
    _modify { yield &storage[slot(index)] }
  }

  @inlinable public var first: Element? { count == 0 ? nil : storage[head] }

  @inlinable public mutating func append(_ element: consuming Element) {
    if count == storage.count { grow() }
    storage[slot(count)] = element
    size &+= 1
  }

  @inlinable public mutating func prepend(_ element: consuming Element) {
    if count == storage.count { grow() }
    head = (head &- 1) & (storage.count &- 1)
    storage[head] = element
    size &+= 1
  }

  @inlinable @discardableResult public mutating func removeFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = storage[head].take()
    head = slot(1)
    size &-= 1
    return element
  }

  /// Appends up to `limit` elements from the front of `other`.
  @inlinable public mutating func take(from other: inout Ring, atMost limit: Int = .max) {
    var left = limit
    while left > 0, let element = other.removeFirst() {
      append(element)
      left &-= 1
    }
  }

  /// Keeps the elements for which `isKept` says so, in order; it may change them.
  @inlinable public mutating func filter(_ isKept: (inout Element) -> Bool) {
    for _ in 0..<count {
      guard var element = removeFirst() else { return }
      if isKept(&element) { append(element) }
    }
  }

  // The capacity is a power of two, so that a mask wraps.
  @inlinable func slot(_ index: Int) -> Int { (head &+ index) & (storage.count &- 1) }

  @inlinable mutating func grow() {
    var larger = ContiguousArray<Element?>()
    let capacity = max(16, storage.count &* 2)
    larger.reserveCapacity(capacity)
    for index in 0..<count { larger.append(storage[slot(index)].take()) }
    while larger.count < capacity { larger.append(nil) }
    storage = larger
    head = 0
  }
}
