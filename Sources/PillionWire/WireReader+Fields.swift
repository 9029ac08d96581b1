extension WireReader {
  /// Reads one occurrence of a field into `slot`, which holds what earlier ones have left.
  @inline(__always)
  mutating func readField(
    _ plan: FieldPlan, into slot: inout Slot, fragments: inout [ValueFragment]
  ) throws(WireError) {
    switch plan.container {
    case .none: try readItem(plan.item, into: &slot, fragments: &fragments)
    case .wrapper: try readWrapper(plan, into: &slot, fragments: &fragments)
    case .nullable: try readNullable(plan, into: &slot, fragments: &fragments)
    }
  }

  /// An empty wrapper is its type's zero.
  private mutating func readWrapper(
    _ plan: FieldPlan, into slot: inout Slot, fragments: inout [ValueFragment]
  ) throws(WireError) {
    let outer = try enter()
    slot.state = .present
    while !isAtEnd {
      let tag = try tag()
      if tag == 1 &<< 3 | plan.itemWireType {
        try readItem(plan.item, into: &slot, fragments: &fragments)
      } else {
        try skip(tag)
      }
    }
    leave(to: outer)
  }

  /// The last member of the oneof counts; a message that is the member twice in a row is merged. None: as it was.
  private mutating func readNullable(
    _ plan: FieldPlan, into slot: inout Slot, fragments: inout [ValueFragment]
  ) throws(WireError) {
    let outer = try enter()
    while !isAtEnd {
      let tag = try tag()
      if tag == 1 &<< 3 | plan.itemWireType {
        if slot.state != .present { slot = Slot() }
        try readItem(plan.item, into: &slot, fragments: &fragments)
      } else if tag == 2 &<< 3 {
        _ = try varint()
        slot = Slot()
        slot.state = .null
      } else {
        try skip(tag)
      }
    }
    leave(to: outer)
  }

  @inline(__always)
  private mutating func readItem(
    _ item: FieldPlan.Item, into slot: inout Slot, fragments: inout [ValueFragment]
  ) throws(WireError) {
    switch item {
    case .string:
      slot.hold(try string())
    case .bytes:
      slot.hold(try bytes())
    case .timestamp, .duration:
      try readTime(into: &slot)
    case .value:
      if slot.state == .present {
        fragments.append(ValueFragment(range: WireRange(start: slot.start, count: slot.count), link: slot.nanoseconds))
        guard let link = Int32(exactly: fragments.count) else { throw .tooLarge }
        slot.nanoseconds = link
      }
      slot.hold(try value())
    default:
      slot.word = try readNumber(item)
    }
    slot.state = .present
  }

  @inline(__always)
  private mutating func readNumber(_ item: FieldPlan.Item) throws(WireError) -> UInt64 {
    switch item {
    case .bool: try varint() == 0 ? 0 : 1
    case .int32: UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: try varint())))
    case .uint32: UInt64(UInt32(truncatingIfNeeded: try varint()))
    case .float: Double(Float(bitPattern: try fixed32())).bitPattern
    case .double: try fixed64()
    default: try varint()
    }
  }

  /// Timestamp and Duration alike: `int64 seconds = 1; int32 nanos = 2`. Ranges are checked where values are.
  private mutating func readTime(into slot: inout Slot) throws(WireError) {
    let outer = try enter()
    while !isAtEnd {
      let tag = try tag()
      switch tag {
      case 1 << 3: slot.word = try varint()
      case 2 << 3: slot.nanoseconds = Int32(truncatingIfNeeded: try varint())
      default: try skip(tag)
      }
    }
    leave(to: outer)
  }

  /// Reads the elements of a packed field.
  mutating func readPacked(_ item: FieldPlan.Item, to index: Int, of message: inout DecodedMessage) throws(WireError) {
    let packed = try bytes()
    var inner = WireReader(base: base, start: packed.start, end: packed.end)
    let count = inner.countPacked(item)
    message.openRun(index)
    var element = Slot()
    element.state = .present
    element.owner = UInt16(truncatingIfNeeded: index)
    do throws(WireError) {
      // Room for exactly these, so that a large field takes no more memory than its elements.
      try message.elements.append(addingCapacity: count) { elements throws(WireError) in
        while !inner.isAtEnd {
          element.word = try inner.readNumber(item)
          elements.append(element)
        }
      }
    } catch {
      throw error == .endsEarly ? .brokenPacking : error
    }
  }

  /// Elements between here and `end`; of varints, the bytes that end one.
  private func countPacked(_ item: FieldPlan.Item) -> Int {
    switch item {
    case .float: return (end &- position) / 4
    case .double: return (end &- position) / 8
    default:
      var count = 0
      for offset in position..<end where base.load(fromByteOffset: offset, as: UInt8.self) < 0x80 { count &+= 1 }
      return count
    }
  }
}

extension Slot {
  @inline(__always)
  fileprivate mutating func hold(_ range: WireRange) {
    start = range.start
    count = range.count
  }
}
