import Glibc

/// Bytes of log lines, in memory of their own that is kept from line to line; no `String` is made on the way.
///
/// An array asks at each append who else has it and whether the new bytes are its own: a line is made of thirty.
final class LineBytes {
  private var start: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var count = 0

  init(capacity: Int = 256) {
    self.capacity = max(1, capacity)
    start = .allocate(capacity: self.capacity)
  }

  deinit { start.deallocate() }

  /// A copy.
  var bytes: [UInt8] { Array(UnsafeBufferPointer(start: start, count: count)) }

  func removeAll() { count = 0 }

  /// Makes the lines longer by `length` bytes, which the caller then writes.
  @inline(__always)
  private func extend(by length: Int) -> UnsafeMutablePointer<UInt8> {
    if length > capacity - count { grow(by: length) }
    defer { count += length }
    return start + count
  }

  @inline(never)
  private func grow(by length: Int) {
    capacity = max(2 * capacity, count + length)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    larger.update(from: start, count: count)
    start.deallocate()
    start = larger
  }

  @inline(__always)
  func append(_ byte: UInt8) { extend(by: 1).pointee = byte }

  /// A constant: its bytes become part of the code.
  @inline(__always)
  func append(_ text: StaticString) {
    memcpy(extend(by: text.utf8CodeUnitCount), text.utf8Start, text.utf8CodeUnitCount)
  }

  func append(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    memcpy(extend(by: bytes.count), base, bytes.count)
  }

  func append(_ other: LineBytes) {
    append(UnsafeRawBufferPointer(start: other.start, count: other.count))
  }

  func append(text: String) {
    // Texts of Swift's own are contiguous, all of them on Linux.
    let isDone: Void? = text.utf8.withContiguousStorageIfAvailable { append(UnsafeRawBufferPointer($0)) }
    if isDone == nil { for byte in text.utf8 { append(byte) } }
  }

  // MARK: Numbers

  func append(decimal number: Int) {
    var width = 1
    var limit = 10
    while number >= limit, width < 19 {
      width += 1
      limit = limit &* 10
    }
    append(padded: number, width)
  }

  /// The last `width` digits of a number; of a negative one zeros.
  func append(padded number: Int, _ width: Int) {
    let digits = extend(by: width)
    var rest = UInt64(max(0, number))
    var index = width
    while index > 0 {
      index -= 1
      digits[index] = UInt8(ascii: "0") | UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }

  /// Nanoseconds as milliseconds with three places.
  func append(milliseconds nanoseconds: Int64) {
    let microseconds = Int(max(0, nanoseconds) / 1000)
    append(decimal: microseconds / 1000)
    append(UInt8(ascii: "."))
    append(padded: microseconds % 1000, 3)
  }

  // MARK: JSON

  /// A text in quotes that has nothing to escape.
  func append(quoted text: String) {
    append(UInt8(ascii: "\""))
    append(text: text)
    append(UInt8(ascii: "\""))
  }

  /// A JSON string; control characters cannot break the line.
  func append(json text: String) {
    append(UInt8(ascii: "\""))
    if text.utf8.allSatisfy(Self.isPlain) { append(text: text) } else { appendEscaped(text) }
    append(UInt8(ascii: "\""))
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  private func appendEscaped(_ text: String) {
    var previous: UInt8 = 0
    for byte in text.utf8 {
      // U+0080 to U+009F are control characters too: two bytes, the second below 0xA0.
      if previous == 0xC2, byte < 0xA0 {
        count -= 1
        appendEscape(byte)
      } else if Self.isPlain(byte) || byte >= 0x80 {
        append(byte)
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        append(UInt8(ascii: "\\"))
        append(byte)
      } else {
        appendEscape(byte)
      }
      previous = byte
    }
  }

  private func appendEscape(_ value: UInt8) {
    append("\\u00")
    for digit in [value >> 4, value & 15] {
      append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
}
