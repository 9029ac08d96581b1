/// Reads wire bytes from front to back, never past `end`.
///
/// It accepts what upb, the parser of protobuf's C++, Python and Ruby runtimes, accepts: varints of up to 10 bytes
/// whatever the last one holds, tags and lengths of up to 5, and 100 levels of submessages and groups together.
struct WireReader {
  static let depthLimit = 100

  let base: UnsafeRawPointer
  /// Offset from `base` of the next byte.
  var position: Int
  /// Offset behind the last byte of the message being read.
  var end: Int
  /// Levels that may still be entered.
  var depth: Int

  @inline(__always)
  init(base: UnsafeRawPointer, start: Int, end: Int, depth: Int = WireReader.depthLimit) {
    self.base = base
    position = start
    self.end = end
    self.depth = depth
  }

  @inline(__always)
  var isAtEnd: Bool { position >= end }

  // MARK: Numbers

  @inline(__always)
  mutating func varint() throws(WireError) -> UInt64 {
    guard position < end else { throw .endsEarly }
    let byte = base.load(fromByteOffset: position, as: UInt8.self)
    guard byte < 0x80 else { return try longVarint(limit: 10) }
    position &+= 1
    return UInt64(byte)
  }

  /// A varint of at most `limit` bytes; bits beyond 64 are dropped.
  @inline(never)
  private mutating func longVarint(limit: Int) throws(WireError) -> UInt64 {
    var number: UInt64 = 0
    for index in 0..<limit {
      guard position < end else { throw .endsEarly }
      let byte = base.load(fromByteOffset: position, as: UInt8.self)
      position &+= 1
      number |= UInt64(byte & 0x7F) &<< UInt64(truncatingIfNeeded: index &* 7)
      if byte < 0x80 { return number }
    }
    throw .longVarint
  }

  @inline(__always)
  mutating func fixed32() throws(WireError) -> UInt32 {
    guard end &- position >= 4 else { throw .endsEarly }
    let number = base.loadUnaligned(fromByteOffset: position, as: UInt32.self)
    position &+= 4
    return UInt32(littleEndian: number)
  }

  @inline(__always)
  mutating func fixed64() throws(WireError) -> UInt64 {
    guard end &- position >= 8 else { throw .endsEarly }
    let number = base.loadUnaligned(fromByteOffset: position, as: UInt64.self)
    position &+= 8
    return UInt64(littleEndian: number)
  }

  // MARK: Structure

  /// A tag: the field number above three bits of wire type.
  @inline(__always)
  mutating func tag() throws(WireError) -> UInt32 {
    guard position < end else { throw .endsEarly }
    let byte = base.load(fromByteOffset: position, as: UInt8.self)
    if byte < 0x80 && byte >= 8 {
      position &+= 1
      return UInt32(byte)
    }
    let tag = try anyTag()
    guard tag >= 8 else { throw .badTag }
    return tag
  }

  /// A tag whose field number may be 0.
  private mutating func anyTag() throws(WireError) -> UInt32 {
    guard let tag = UInt32(exactly: try longVarint(limit: 5)) else { throw .badTag }
    return tag
  }

  /// A length that is there: as many bytes follow before `end`.
  @inline(__always)
  mutating func length() throws(WireError) -> Int {
    guard position < end else { throw .endsEarly }
    let byte = base.load(fromByteOffset: position, as: UInt8.self)
    let length: UInt64
    if byte < 0x80 {
      position &+= 1
      length = UInt64(byte)
    } else {
      length = try longVarint(limit: 5)
    }
    // At most 35 bits.
    guard length <= UInt64(truncatingIfNeeded: end &- position) else { throw .endsEarly }
    return Int(truncatingIfNeeded: length)
  }

  /// The range of a string field, which is UTF-8.
  @inline(__always)
  mutating func string() throws(WireError) -> WireRange {
    let range = try bytes()
    guard isUTF8(base + range.start, range.count) else { throw .notUTF8 }
    return range
  }

  @inline(__always)
  mutating func bytes() throws(WireError) -> WireRange {
    let length = try length()
    let range = WireRange(start: position, count: length)
    position &+= length
    return range
  }

  /// Reads a submessage's length and narrows `end` to it. Returns what `leave` needs.
  @inline(__always)
  mutating func enter() throws(WireError) -> Int {
    let length = try length()
    depth &-= 1
    guard depth >= 0 else { throw .tooDeep }
    let outer = end
    end = position &+ length
    return outer
  }

  /// Goes back to the message around, once the submessage has been read to its end.
  @inline(__always)
  mutating func leave(to outer: Int) {
    depth &+= 1
    end = outer
  }

  // MARK: Unknown fields

  /// Passes over the value behind `tag`, checking that it is well formed.
  @inline(never)
  mutating func skip(_ tag: UInt32) throws(WireError) {
    switch tag & 7 {
    case 0: _ = try varint()
    case 1: _ = try fixed64()
    case 2: position &+= try length()
    case 3: try skipGroup(tag)
    case 4: throw .badGroup
    case 5: _ = try fixed32()
    default: throw .badTag
    }
  }

  private mutating func skipGroup(_ start: UInt32) throws(WireError) {
    depth &-= 1
    guard depth >= 0 else { throw .tooDeep }
    // Same number, wire type 4 in place of 3.
    let close = start &+ 1
    while true {
      // upb does not look at the numbers in a group that it passes over.
      let tag = try anyTag()
      if tag == close { break }
      try skip(tag)
    }
    depth &+= 1
  }
}
