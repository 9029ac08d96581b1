/// Makes JSON text of `google.protobuf.Value`s that have been checked, from their bytes.
///
/// A Value may come in parts, which are to be read as if they stood one behind the other: its last kind counts, and
/// what that kind says since another one was set is merged. So the text can be made only when all parts are known.
/// Each level reads its own fields once and steps over what they hold; the parts wait on one stack.
struct ValueRenderer {
  let base: UnsafeRawPointer
  /// The JSON text of all Values, one behind the other.
  var output: [UInt8] = []
  /// Parts of the Values around the current one, and at the end its own.
  private var parts: [WireRange] = []
  /// Why the current Value has no JSON text.
  private var invalidity: Slot.Invalidity?

  init(base: UnsafeRawPointer) { self.base = base }

  /// Turns a slot that holds the range of a Value into one that holds its JSON text, or into an invalid one.
  mutating func render(_ slot: inout Slot, fragments: [ValueFragment]) throws(WireError) {
    guard slot.state == .present else { return }
    parts.removeAll(keepingCapacity: true)
    var link = Int(slot.nanoseconds)
    while link > 0 && link <= fragments.count {
      let fragment = fragments[link &- 1]
      parts.append(fragment.range)
      link = Int(fragment.link)
    }
    parts.reverse()
    let last = WireRange(start: slot.start, count: slot.count)
    slot = Slot()
    invalidity = nil
    let start = output.count
    try renderValue(last, behind: 0..<parts.count)
    if let invalidity {
      output.removeSubrange(start...)
      slot.state = .invalid
      slot.word = invalidity.rawValue
      return
    }
    guard output.count <= UInt32.max else { throw .tooLarge }
    slot.state = .present
    slot.isInScratch = true
    slot.start = start
    slot.count = output.count &- start
  }

  private func reader(_ range: WireRange) -> WireReader {
    WireReader(base: base, start: range.start, end: range.end)
  }

  /// The Value in `parts[earlier]`, the end of the stack, and `last`.
  private mutating func renderValue(_ last: WireRange, behind earlier: Range<Int>) throws(WireError) {
    var kind: UInt32 = 0
    var word: UInt64 = 0
    var range = WireRange(start: 0, count: 0)
    let own = parts.count
    for index in earlier.lowerBound...earlier.upperBound {
      var reader = reader(index < earlier.upperBound ? parts[index] : last)
      while !reader.isAtEnd {
        let tag = try reader.tag()
        switch tag {
        case ValueTag.null, ValueTag.bool: word = try reader.varint()
        case ValueTag.number: word = try reader.fixed64()
        case ValueTag.string: range = try reader.bytes()
        case ValueTag.object, ValueTag.list:
          if kind == tag {
            parts.append(range)
          } else if parts.count > own {
            parts.removeSubrange(own...)
          }
          range = try reader.bytes()
        default:
          try reader.skip(tag)
          continue
        }
        kind = tag
      }
    }
    switch kind {
    case ValueTag.null: output.append(literal: "null")
    case ValueTag.bool: output.append(literal: word == 0 ? "false" : "true")
    case ValueTag.number: renderNumber(Double(bitPattern: word))
    case ValueTag.string: renderString(range)
    case ValueTag.object: try renderObject(range, behind: own..<parts.count)
    case ValueTag.list: try renderList(range, behind: own..<parts.count)
    default: invalidity = .noKind
    }
    if parts.count > own { parts.removeSubrange(own...) }
  }

  private mutating func renderString(_ range: WireRange) {
    output.append(jsonString: UnsafeRawBufferPointer(start: base + range.start, count: range.count))
  }

  private mutating func renderNumber(_ number: Double) {
    guard number.isFinite else { return invalidity = .notFinite }
    output.append(jsonNumber: number)
  }

  private mutating func renderList(_ last: WireRange, behind earlier: Range<Int>) throws(WireError) {
    var isFirst = true
    output.append(UInt8(ascii: "["))
    for index in earlier.lowerBound...earlier.upperBound {
      var reader = reader(index < earlier.upperBound ? parts[index] : last)
      while !reader.isAtEnd && invalidity == nil {
        let tag = try reader.tag()
        guard tag == ValueTag.element else {
          try reader.skip(tag)
          continue
        }
        if !isFirst { output.append(UInt8(ascii: ",")) }
        isFirst = false
        try renderValue(try reader.bytes(), behind: parts.count..<parts.count)
      }
    }
    output.append(UInt8(ascii: "]"))
  }

  /// Members in the order in which their names came first; of several with one name the last counts.
  private mutating func renderObject(_ last: WireRange, behind earlier: Range<Int>) throws(WireError) {
    var members = ObjectMembers(base: base)
    for index in earlier.lowerBound...earlier.upperBound {
      var reader = reader(index < earlier.upperBound ? parts[index] : last)
      while !reader.isAtEnd {
        let tag = try reader.tag()
        if tag == ValueTag.entry {
          let entry = try reader.bytes()
          if let key = try key(of: entry) { members.set(key, to: entry) }
        } else {
          try reader.skip(tag)
        }
      }
    }
    var isFirst = true
    output.append(UInt8(ascii: "{"))
    for member in members.all {
      if !isFirst { output.append(UInt8(ascii: ",")) }
      isFirst = false
      renderString(member.key)
      output.append(UInt8(ascii: ":"))
      try renderMemberValue(of: member.entry)
      if invalidity != nil { return }
    }
    output.append(UInt8(ascii: "}"))
  }

  /// The last key in a map's entry; the empty string if it has none. nil if the entry has fields that are neither key
  /// nor value: upb takes all of such an entry for an unknown field.
  private func key(of entry: WireRange) throws(WireError) -> WireRange? {
    var key = WireRange(start: entry.start, count: 0)
    var reader = reader(entry)
    while !reader.isAtEnd {
      switch try reader.tag() {
      case ValueTag.entryKey: key = try reader.bytes()
      case ValueTag.entryValue: _ = try reader.bytes()
      default: return nil
      }
    }
    return key
  }

  private mutating func renderMemberValue(of entry: WireRange) throws(WireError) {
    let own = parts.count
    var last = WireRange(start: entry.start, count: 0)
    var reader = reader(entry)
    while !reader.isAtEnd {
      let tag = try reader.tag()
      guard tag == ValueTag.entryValue else {
        try reader.skip(tag)
        continue
      }
      if last.count > 0 { parts.append(last) }
      last = try reader.bytes()
    }
    try renderValue(last, behind: own..<parts.count)
    if parts.count > own { parts.removeSubrange(own...) }
  }
}
