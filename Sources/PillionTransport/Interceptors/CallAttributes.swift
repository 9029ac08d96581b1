/// Something that one part of the server notes on a call for another: of a class of its own, by which it is found.
///
/// It is noted on one call or one connection, once. `open` to the other modules of the package: only they can make one.
open class CallNote {
  fileprivate final var next: CallNote?

  package init() {}
}

/// What has been noted on a call: a handful of notes, one of a class.
///
/// A list of objects whose classes are compared: nothing is cast, and a call on which nothing is noted pays for a pointer.
package struct CallAttributes: ~Copyable {
  private var first: CallNote?

  package init() {}

  package subscript<Note: CallNote>(_ type: Note.Type) -> Note? {
    get {
      var node = first
      while let note = node {
        if ObjectIdentifier(Swift.type(of: note)) == ObjectIdentifier(type) {
          return unsafeDowncast(note, to: Note.self)
        }
        node = note.next
      }
      return nil
    }
    set {
      if let old = self[type] { remove(old) }
      guard let newValue else { return }
      newValue.next = first
      first = newValue
    }
  }

  private mutating func remove(_ note: CallNote) {
    if first === note { return first = note.next }
    var node = first
    while let here = node, here.next !== note { node = here.next }
    node?.next = note.next
  }
}
