/// JSON text, read once from left to right and written as `google.protobuf.Value`.
/// Field numbers are those of google/protobuf/struct.proto.
struct JSONReader {
  let base: UnsafeRawPointer
  let count: Int
  var index = 0

  init(base: UnsafeRawPointer, count: Int) {
    self.base = base
    self.count = count
  }

  /// The byte at `index`; 0, which is in no JSON text, behind the end.
  @inline(__always)
  var next: UInt8 { index < count ? base.load(fromByteOffset: index, as: UInt8.self) : 0 }

  mutating func skipSpace() {
    while true {
      switch next {
      case 0x20, 0x09, 0x0A, 0x0D: index &+= 1
      default: return
      }
    }
  }

  mutating func expectEnd() throws(WireError) {
    skipSpace()
    if index < count { throw WireError("JSON text goes on behind its value") }
  }

  mutating func readValue(into writer: inout WireWriter, depth: Int) throws(WireError) {
    skipSpace()
    switch next {
    case UInt8(ascii: "{"):
      try readObject(into: &writer, depth: depth &+ 1)
    case UInt8(ascii: "["):
      try readArray(into: &writer, depth: depth &+ 1)
    case UInt8(ascii: "\""):
      writer.append(tag: 3, wireType: .lengthDelimited)
      try readString(into: &writer)
    case UInt8(ascii: "t"):
      try expect("true")
      writer.append(tag: 4, wireType: .varint)
      writer.append(byte: 1)
    case UInt8(ascii: "f"):
      try expect("false")
      writer.append(tag: 4, wireType: .varint)
      writer.append(byte: 0)
    case UInt8(ascii: "n"):
      try expect("null")
      writer.append(tag: 1, wireType: .varint)
      writer.append(byte: 0)
    default:
      let number = try readNumber()
      writer.append(tag: 2, wireType: .fixed64)
      writer.append(fixed64: number.bitPattern)
    }
  }

  /// `Value.struct_value = 5`; `Struct.fields = 1`, a map: entries of `key = 1` and `value = 2`.
  private mutating func readObject(into writer: inout WireWriter, depth: Int) throws(WireError) {
    try checkDepth(depth)
    index &+= 1
    writer.append(tag: 5, wireType: .lengthDelimited)
    let object = writer.beginLengthDelimited()
    skipSpace()
    if next == UInt8(ascii: "}") {
      index &+= 1
    } else {
      repeat {
        skipSpace()
        guard next == UInt8(ascii: "\"") else { throw unexpected() }
        writer.append(tag: 1, wireType: .lengthDelimited)
        let entry = writer.beginLengthDelimited()
        writer.append(tag: 1, wireType: .lengthDelimited)
        try readString(into: &writer)
        skipSpace()
        guard next == UInt8(ascii: ":") else { throw unexpected() }
        index &+= 1
        writer.append(tag: 2, wireType: .lengthDelimited)
        let value = writer.beginLengthDelimited()
        try readValue(into: &writer, depth: depth)
        writer.endLengthDelimited(value)
        writer.endLengthDelimited(entry)
      } while try readSeparator(closing: UInt8(ascii: "}"))
    }
    writer.endLengthDelimited(object)
  }

  /// `Value.list_value = 6`; `ListValue.values = 1`.
  private mutating func readArray(into writer: inout WireWriter, depth: Int) throws(WireError) {
    try checkDepth(depth)
    index &+= 1
    writer.append(tag: 6, wireType: .lengthDelimited)
    let list = writer.beginLengthDelimited()
    skipSpace()
    if next == UInt8(ascii: "]") {
      index &+= 1
    } else {
      repeat {
        writer.append(tag: 1, wireType: .lengthDelimited)
        let value = writer.beginLengthDelimited()
        try readValue(into: &writer, depth: depth)
        writer.endLengthDelimited(value)
      } while try readSeparator(closing: UInt8(ascii: "]"))
    }
    writer.endLengthDelimited(list)
  }

  /// Whether another element follows; otherwise the closing bracket has been read.
  private mutating func readSeparator(closing: UInt8) throws(WireError) -> Bool {
    skipSpace()
    let byte = next
    guard byte == UInt8(ascii: ",") || byte == closing else { throw unexpected() }
    index &+= 1
    return byte != closing
  }

  private mutating func expect(_ word: StaticString) throws(WireError) {
    for offset in 0..<word.utf8CodeUnitCount {
      guard next == word.utf8Start[offset] else { throw unexpected() }
      index &+= 1
    }
  }

  private func checkDepth(_ depth: Int) throws(WireError) {
    if depth > WireWriter.jsonDepthLimit { throw WireError("JSON text is nested too deeply") }
  }

  func unexpected() -> WireError {
    WireError(index < count ? "JSON text has an unexpected character" : "JSON text ends too early")
  }
}
