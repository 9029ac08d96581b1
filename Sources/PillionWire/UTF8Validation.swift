extension UnsafeRawBufferPointer {
  /// Whether the bytes are UTF-8 as a proto3 string must be: no overlong form, no surrogate, nothing above U+10FFFF.
  /// U+0000 is a character like any other. Source: RFC 3629, section 4. ASCII goes eight bytes a step.
  package var isValidUTF8: Bool {
    guard let base = baseAddress else { return true }
    return isUTF8(base, count)
  }
}

/// `isValidUTF8` of the `count` bytes at `base`.
func isUTF8(_ base: UnsafeRawPointer, _ count: Int) -> Bool {
  var index = 0
  while true {
    while count &- index >= 8 && base.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
    {
      index &+= 8
    }
    // At most eight bytes up to the one that stopped the loop above.
    while index < count && base.load(fromByteOffset: index, as: UInt8.self) < 0x80 { index &+= 1 }
    // Text in other scripts: characters of several bytes tend to follow each other.
    while index < count {
      let lead = base.load(fromByteOffset: index, as: UInt8.self)
      if lead < 0x80 { break }
      let length = multibyteLength(base + index, count &- index, lead)
      if length == 0 { return false }
      index &+= length
    }
    if index >= count { return true }
  }
}

/// Bytes of the character at `base` that starts with `lead`, 0x80 or more; 0 if there is none in the `left` bytes.
@inline(__always)
private func multibyteLength(_ base: UnsafeRawPointer, _ left: Int, _ lead: UInt8) -> Int {
  guard left >= 2, lead >= 0xC2, lead <= 0xF4 else { return 0 }
  let second = base.load(fromByteOffset: 1, as: UInt8.self)
  if lead < 0xE0 { return second & 0xC0 == 0x80 ? 2 : 0 }
  // The second byte decides on overlong forms, surrogates and the upper end.
  let lowest: UInt8 = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80
  let highest: UInt8 = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF
  guard second >= lowest, second <= highest, left >= 3,
    base.load(fromByteOffset: 2, as: UInt8.self) & 0xC0 == 0x80
  else { return 0 }
  if lead < 0xF0 { return 3 }
  return left >= 4 && base.load(fromByteOffset: 3, as: UInt8.self) & 0xC0 == 0x80 ? 4 : 0
}
