/// Where a page ended: the last row's values of what the rows are ordered by, as the database stores them.
package struct PagePosition: Sendable, Hashable {
  package enum Value: Sendable, Hashable {
    case null
    case integer(Int64)
    /// Bit pattern of a double.
    case real(UInt64)
    case text([UInt8])
    case blob([UInt8])
  }

  package var values: [Value]

  package init(values: [Value]) { self.values = values }

  /// Which of the values are NULL.
  package var nulls: [Bool] { values.map { $0 == .null } }
}

extension PagePosition {
  /// One byte of kind, then the number in eight bytes, or the length in four and the bytes.
  func append(to bytes: inout [UInt8]) {
    bytes.append(UInt8(truncatingIfNeeded: values.count))
    for value in values {
      switch value {
      case .null: bytes.append(0)
      case .integer(let number):
        bytes.append(1)
        Self.append(UInt64(bitPattern: number), 8, to: &bytes)
      case .real(let pattern):
        bytes.append(2)
        Self.append(pattern, 8, to: &bytes)
      case .text(let text):
        bytes.append(3)
        Self.append(UInt64(text.count), 4, to: &bytes)
        bytes += text
      case .blob(let blob):
        bytes.append(4)
        Self.append(UInt64(blob.count), 4, to: &bytes)
        bytes += blob
      }
    }
  }

  /// Nil if the bytes are not what `append` wrote, to the last one.
  init?(_ bytes: ArraySlice<UInt8>) {
    var rest = bytes
    guard let count = rest.popFirst() else { return nil }
    var values: [Value] = []
    for _ in 0..<count {
      guard let kind = rest.popFirst() else { return nil }
      switch kind {
      case 0: values.append(.null)
      case 1, 2:
        guard let word = Self.take(8, from: &rest) else { return nil }
        values.append(kind == 1 ? .integer(Int64(bitPattern: word)) : .real(word))
      case 3, 4:
        guard let length = Self.take(4, from: &rest), rest.count >= length else { return nil }
        let content = Array(rest.prefix(Int(length)))
        rest = rest.dropFirst(Int(length))
        values.append(kind == 3 ? .text(content) : .blob(content))
      default: return nil
      }
    }
    guard rest.isEmpty else { return nil }
    self.values = values
  }

  static func append(_ number: UInt64, _ count: Int, to bytes: inout [UInt8]) {
    for index in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * index))) }
  }

  static func take(_ count: Int, from bytes: inout ArraySlice<UInt8>) -> UInt64? {
    guard bytes.count >= count else { return nil }
    let number = bytes.prefix(count).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    bytes = bytes.dropFirst(count)
    return number
  }
}
