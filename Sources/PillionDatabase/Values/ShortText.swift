/// Up to 64 bytes on the stack: printed dates, numbers and UUIDs, and small binary values.
///
/// Every form that is written here is shorter than that; bytes beyond would be dropped.
struct ShortText {
  static let capacity = 64

  private var storage = InlineArray<64, UInt8>(repeating: 0)
  private(set) var count = 0

  mutating func append(_ byte: UInt8) {
    guard count < Self.capacity else { return assertionFailure("more than a short text holds") }
    storage[count] = byte
    count &+= 1
  }

  /// An ASCII character.
  mutating func append(_ character: Unicode.Scalar) { append(UInt8(truncatingIfNeeded: character.value)) }

  /// ASCII text.
  mutating func append(word text: StaticString) {
    text.withUTF8Buffer { bytes in
      for byte in bytes { append(byte) }
    }
  }

  /// The last `width` decimal digits, zeros in front where the number has fewer.
  mutating func append(_ number: UInt64, width: Int) {
    guard count &+ width <= Self.capacity else { return assertionFailure("more than a short text holds") }
    var rest = number
    var position = count &+ width
    while position > count {
      position &-= 1
      storage[position] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
      rest /= 10
    }
    count &+= width
  }

  /// Decimal digits.
  mutating func append(_ number: UInt64) {
    var width = 1
    var rest = number
    while rest >= 10 {
      rest /= 10
      width &+= 1
    }
    append(number, width: width)
  }

  mutating func append(_ number: Int64) {
    if number < 0 { append("-") }
    append(number.magnitude)
  }

  /// The last `width` hexadecimal digits, in lower case.
  mutating func append(hexadecimal number: UInt64, width: Int) {
    guard count &+ width <= Self.capacity else { return assertionFailure("more than a short text holds") }
    var rest = number
    var position = count &+ width
    while position > count {
      position &-= 1
      let nibble = UInt8(truncatingIfNeeded: rest) & 15
      storage[position] = nibble &+ (nibble < 10 ? 0x30 : 0x57)
      rest &>>= 4
    }
    count &+= width
  }

  /// In network byte order, as PostgreSQL's binary formats have it.
  mutating func append<Number: FixedWidthInteger>(bigEndian number: Number) {
    withUnsafeBytes(of: number.bigEndian) { bytes in
      for byte in bytes { append(byte) }
    }
  }

  /// Calls `body` with what has been appended.
  @inline(__always)
  func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBytes(of: storage) { (bytes) throws(Failure) -> Result in
      try body(UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
    }
  }
}
