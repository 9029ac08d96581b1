/// One column of one row, borrowed from the database's client library until the row has been encoded.
package struct Cell {
  package enum Kind: UInt8 {
    case null
    /// SQLite INTEGER, in `word`.
    case integer
    /// SQLite REAL: bit pattern in `word`.
    case real
    /// SQLite TEXT, UTF-8 as stored, unchecked.
    case text
    /// SQLite BLOB; every value of PostgreSQL, in its binary format.
    case blob
  }

  package var kind: Kind
  package var word: UInt64
  /// Bytes of a text or blob; valid until the driver fetches the next row.
  package var bytes: UnsafeRawBufferPointer

  package init(kind: Kind = .null, word: UInt64 = 0, bytes: UnsafeRawBufferPointer = .init(start: nil, count: 0)) {
    self.kind = kind
    self.word = word
    self.bytes = bytes
  }
}
