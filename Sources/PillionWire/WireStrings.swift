/// Reads a repeated string field of a small message by itself.
package enum WireStrings {
  /// The elements of field `number`; nil if the bytes are no message.
  package static func field(_ number: UInt32, of bytes: UnsafeRawBufferPointer) -> [String]? {
    guard let base = bytes.baseAddress else { return [] }
    var reader = WireReader(base: base, start: 0, end: bytes.count)
    var strings: [String] = []
    do throws(WireError) {
      while !reader.isAtEnd {
        let tag = try reader.tag()
        guard tag == number << 3 | 2 else {
          try reader.skip(tag)
          continue
        }
        let range = try reader.string()
        strings.append(
          String(decoding: UnsafeRawBufferPointer(start: base + range.start, count: range.count), as: UTF8.self))
      }
    } catch {
      return nil
    }
    return strings
  }
}
