/// The bound values of one operation, in the form that its database's client library takes.
package struct Parameters: Sendable {
  package enum Kind: UInt8, Sendable {
    case null
    /// SQLite: 64-bit integer in `word`.
    case integer
    /// SQLite: bit pattern of a double in `word`.
    case real
    /// UTF-8 in `bytes`, followed by a NUL that `count` does not count. PostgreSQL: text format.
    case text
    /// SQLite: a blob. PostgreSQL: the value in binary format.
    case binary
  }

  package struct Entry: Sendable {
    package var kind: Kind
    package var word: UInt64 = 0
    package var start = 0
    package var count = 0
  }

  /// One a placeholder, in order.
  package private(set) var entries: [Entry] = []
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package init(capacity: Int) { entries.reserveCapacity(capacity) }

  package mutating func appendNull() { entries.append(Entry(kind: .null)) }

  package mutating func append(integer: Int64) {
    entries.append(Entry(kind: .integer, word: UInt64(bitPattern: integer)))
  }

  package mutating func append(real: Double) { entries.append(Entry(kind: .real, word: real.bitPattern)) }

  /// The caller has refused U+0000 where the database takes C strings.
  package mutating func append(text: UnsafeRawBufferPointer) {
    let start = bytes.count
    bytes.append(contentsOf: text)
    bytes.append(0)
    entries.append(Entry(kind: .text, start: start, count: text.count))
  }

  package mutating func append(text: String) {
    let start = bytes.count
    bytes.append(contentsOf: text.utf8)
    let count = bytes.count - start
    bytes.append(0)
    entries.append(Entry(kind: .text, start: start, count: count))
  }

  package mutating func append(binary: UnsafeRawBufferPointer) {
    entries.append(Entry(kind: .binary, start: bytes.count, count: binary.count))
    bytes.append(contentsOf: binary)
  }

  /// A number in network byte order, as PostgreSQL's binary formats have it.
  package mutating func append<Number: FixedWidthInteger>(bigEndian number: Number) {
    withUnsafeBytes(of: number.bigEndian) { append(binary: $0) }
  }

  /// Appends all entries of another set.
  package mutating func append(contentsOf other: Parameters) {
    for index in other.entries.indices { append(index, of: other) }
  }

  /// Appends an entry of another set, with its bytes.
  package mutating func append(_ index: Int, of other: Parameters) {
    var entry = other.entries[index]
    if entry.kind == .text || entry.kind == .binary {
      let start = bytes.count
      bytes.append(contentsOf: other.bytes[entry.start..<entry.start + entry.count])
      if entry.kind == .text { bytes.append(0) }
      entry.start = start
    }
    entries.append(entry)
  }
}
