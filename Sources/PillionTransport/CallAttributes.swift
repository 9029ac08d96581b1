/// The name of something that one part of the server notes on a call for another, and its type.
package protocol CallAttributeKey {
  associatedtype Value: Sendable
}

/// What has been noted on a call: a handful of values, found by their key's type.
package struct CallAttributes: Sendable {
  private var values: [(key: ObjectIdentifier, value: any Sendable)] = []

  package init() {}

  package subscript<Key: CallAttributeKey>(_ key: Key.Type) -> Key.Value? {
    get { values.first { $0.key == ObjectIdentifier(key) }?.value as? Key.Value }
    set {
      let index = values.firstIndex { $0.key == ObjectIdentifier(key) }
      switch (index, newValue) {
      case (let index?, let value?): values[index].value = value
      case (nil, let value?): values.append((ObjectIdentifier(key), value))
      case (let index?, nil): values.remove(at: index)
      case (nil, nil): break
      }
    }
  }
}
