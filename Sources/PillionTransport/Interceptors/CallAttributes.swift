/// The name of something that one part of the server notes on a call for another, and its type.
package protocol CallAttributeKey {
  associatedtype Value: Sendable
}

/// What has been noted on a call: a handful of values, found by their key's type.
///
/// A list of typed nodes: nothing is cast, and a call on which nothing is noted pays for one pointer.
package struct CallAttributes: ~Copyable {
  private class Node {
    let key: ObjectIdentifier
    var next: Node?

    init(key: ObjectIdentifier, next: Node?) {
      self.key = key
      self.next = next
    }
  }

  private final class Entry<Value: Sendable>: Node {
    var value: Value?

    init(key: ObjectIdentifier, value: Value, next: Node?) {
      self.value = value
      super.init(key: key, next: next)
    }
  }

  private var first: Node?

  package init() {}

  package subscript<Key: CallAttributeKey>(_ key: Key.Type) -> Key.Value? {
    get { entry(key)?.value }
    set {
      if let entry = entry(key) {
        entry.value = newValue
      } else if let newValue {
        first = Entry(key: ObjectIdentifier(key), value: newValue, next: first)
      }
    }
  }

  private func entry<Key: CallAttributeKey>(_ key: Key.Type) -> Entry<Key.Value>? {
    var node = first
    while let here = node {
      // The key is one type, and its values are of one type.
      if here.key == ObjectIdentifier(key) { return unsafeDowncast(here, to: Entry<Key.Value>.self) }
      node = here.next
    }
    return nil
  }
}
