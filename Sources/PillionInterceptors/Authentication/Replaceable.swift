import Synchronization

/// What may be replaced while calls look at it: every loop keeps the value it has seen last, and looks again when there
/// is a newer one.
package final class Replaceable<Value: Sendable>: Sendable {
  private let number = Atomic<UInt64>(0)
  private let value: Mutex<Value>

  package init(_ value: Value) { self.value = Mutex(value) }

  package var current: Value { value.withLock { $0 } }

  package func replace(_ new: Value) {
    value.withLock { $0 = new }
    number.add(1, ordering: .releasing)
  }

  /// Brings a loop's copy up to date. True: there was a newer one.
  package func refresh(_ copy: inout Copy) -> Bool {
    let newest = number.load(ordering: .acquiring)
    if copy.number == newest { return false }
    copy = Copy(number: newest, value: current)
    return true
  }

  package func copy() -> Copy { Copy(number: number.load(ordering: .acquiring), value: current) }

  package struct Copy: Sendable {
    fileprivate var number: UInt64
    package var value: Value
  }
}
