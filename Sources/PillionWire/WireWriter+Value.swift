extension WireWriter {
  /// Levels of arrays and objects in JSON text that `append(value:)` accepts. Protobuf parsers stop at 100 nested
  /// messages unless told otherwise, which is 49 arrays or 33 objects in each other.
  package static let jsonDepthLimit = 100

  /// Appends the body of a `google.protobuf.Value`: the message that the JSON text says, without tag and length.
  ///
  /// Numbers become doubles, as the message has no other; of members with the same name all are written and readers
  /// keep the last. Throws, and leaves what was written before as it was, when the text is not JSON (RFC 8259), not
  /// UTF-8, names half a surrogate pair, holds a number beyond a double, or is nested deeper than `jsonDepthLimit`.
  package mutating func append(value json: UnsafeRawBufferPointer) throws(WireError) {
    guard let base = json.baseAddress, json.count > 0 else { throw WireError("JSON text is empty") }
    guard json.isValidUTF8 else { throw WireError("JSON text is not UTF-8") }
    var reader = JSONReader(base: base, count: json.count)
    let start = count
    do throws(WireError) {
      try reader.readValue(into: &self, depth: 0)
      try reader.expectEnd()
    } catch {
      truncate(to: start)
      throw error
    }
  }
}
