/// A queue whose both ends are cheap.
struct Ring<Element> {
  private var storage: ContiguousArray<Element?> = []
  private var head = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  /// Counted from the front; the caller keeps `index` under `count`.
  subscript(index: Int) -> Element? {
    _read { yield storage[slot(index)] }
    _modify { yield &storage[slot(index)] }
  }

  var first: Element? { count == 0 ? nil : storage[head] }

  mutating func append(_ element: Element) {
    if count == storage.count { grow() }
    storage[slot(count)] = element
    count &+= 1
  }

  mutating func prepend(_ element: Element) {
    if count == storage.count { grow() }
    head = (head &- 1) & (storage.count &- 1)
    storage[head] = element
    count &+= 1
  }

  @discardableResult mutating func removeFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = storage[head].take()
    head = slot(1)
    count &-= 1
    return element
  }

  /// Keeps the elements for which `isKept` says so, in order; it may change them.
  mutating func filter(_ isKept: (inout Element) -> Bool) {
    for _ in 0..<count {
      guard var element = removeFirst() else { return }
      if isKept(&element) { append(element) }
    }
  }

  // The capacity is a power of two, so that a mask wraps.
  private func slot(_ index: Int) -> Int { (head &+ index) & (storage.count &- 1) }

  private mutating func grow() {
    var larger = ContiguousArray<Element?>()
    let capacity = max(16, storage.count &* 2)
    larger.reserveCapacity(capacity)
    for index in 0..<count { larger.append(storage[slot(index)].take()) }
    while larger.count < capacity { larger.append(nil) }
    storage = larger
    head = 0
  }
}
