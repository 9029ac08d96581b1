import Glibc

extension UnsafeBufferPointer<UInt8> {
  /// Whether the bytes are those of `other`.
  func isSame(as other: UnsafeBufferPointer<UInt8>) -> Bool {
    guard count == other.count else { return false }
    guard let base = baseAddress, let otherBase = other.baseAddress else { return true }
    return memcmp(base, otherBase, count) == 0
  }

  /// Whether the bytes are those of a literal.
  func isSame(as text: StaticString) -> Bool {
    isSame(as: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Whether the bytes begin with a literal.
  func begins(with text: StaticString) -> Bool {
    UnsafeBufferPointer(rebasing: prefix(text.utf8CodeUnitCount)).isSame(as: text)
  }
}
