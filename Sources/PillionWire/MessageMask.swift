/// What of a message's fields is kept, by their numbers.
package struct MessageMask: Sendable {
  /// Numbers that are kept; with a mask, that of the messages in the field.
  private var kept: [UInt32: MessageMask?] = [:]

  /// Keeps nothing.
  package init() {}

  /// - Parameter inner: what is kept of the messages in the field; nil: all of them.
  package mutating func keep(_ number: Int32, _ inner: MessageMask? = nil) {
    kept.updateValue(inner, forKey: UInt32(bitPattern: number))
  }

  /// The message with nothing but what is kept, in its order.
  package func applied(to message: [UInt8]) throws -> [UInt8] {
    try message.withUnsafeBytes { try applied(to: $0) }
  }

  package func applied(to message: UnsafeRawBufferPointer) throws -> [UInt8] {
    guard let base = message.baseAddress else { return [] }
    var writer = WireWriter()
    var reader = WireReader(base: base, start: 0, end: message.count)
    try copy(&reader, to: &writer)
    return Array(writer.bytes)
  }

  private func copy(_ reader: inout WireReader, to writer: inout WireWriter) throws(WireError) {
    while !reader.isAtEnd {
      let start = reader.position
      let tag = try reader.tag()
      guard let inner = kept[tag >> 3] else {
        try reader.skip(tag)
        continue
      }
      if let inner, tag & 7 == UInt32(WireType.lengthDelimited.rawValue) {
        writer.append(varint: UInt64(tag))
        let mark = writer.beginLengthDelimited()
        let outer = try reader.enter()
        try inner.copy(&reader, to: &writer)
        reader.leave(to: outer)
        writer.endLengthDelimited(mark)
      } else {
        try reader.skip(tag)
        writer.append(bytes: UnsafeRawBufferPointer(start: reader.base + start, count: reader.position - start))
      }
    }
  }
}
