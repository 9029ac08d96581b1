/// One occurrence of a `google.protobuf.Value` field that a later one is to be merged with.
struct ValueFragment {
  var range: WireRange
  /// One more than the index of the occurrence before; 0: there is none.
  var link: Int32
}

extension WireReader {
  /// Checks a `google.protobuf.Value` from its length on, and everything in it; returns where its content lies.
  /// Field numbers are those of google/protobuf/struct.proto.
  mutating func value() throws(WireError) -> WireRange {
    let outer = try enter()
    let range = WireRange(start: position, count: end &- position)
    while !isAtEnd {
      let tag = try tag()
      switch tag {
      case ValueTag.string: _ = try string()
      case ValueTag.object: try checkObject()
      case ValueTag.list: try checkList()
      default: try skip(tag)
      }
    }
    leave(to: outer)
    return range
  }

  private mutating func checkObject() throws(WireError) {
    let outer = try enter()
    while !isAtEnd {
      let tag = try tag()
      if tag == ValueTag.entry { try checkEntry() } else { try skip(tag) }
    }
    leave(to: outer)
  }

  private mutating func checkEntry() throws(WireError) {
    let outer = try enter()
    while !isAtEnd {
      let tag = try tag()
      switch tag {
      case ValueTag.entryKey: _ = try string()
      case ValueTag.entryValue: _ = try value()
      default: try skip(tag)
      }
    }
    leave(to: outer)
  }

  private mutating func checkList() throws(WireError) {
    let outer = try enter()
    while !isAtEnd {
      let tag = try tag()
      if tag == ValueTag.element { _ = try value() } else { try skip(tag) }
    }
    leave(to: outer)
  }
}

/// Tags of `Value`, `Struct`, its map's entries and `ListValue`. Source: google/protobuf/struct.proto.
enum ValueTag {
  static var null: UInt32 { 1 << 3 }
  static var number: UInt32 { 2 << 3 | 1 }
  static var string: UInt32 { 3 << 3 | 2 }
  static var bool: UInt32 { 4 << 3 }
  static var object: UInt32 { 5 << 3 | 2 }
  static var list: UInt32 { 6 << 3 | 2 }

  static var entry: UInt32 { 1 << 3 | 2 }
  static var entryKey: UInt32 { 1 << 3 | 2 }
  static var entryValue: UInt32 { 2 << 3 | 2 }
  static var element: UInt32 { 1 << 3 | 2 }
}
