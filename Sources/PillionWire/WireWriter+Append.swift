internal import Glibc

extension WireWriter {
  @inlinable package mutating func append(byte: UInt8) {
    reserve(1)
    base.storeBytes(of: byte, toByteOffset: end, as: UInt8.self)
    end &+= 1
  }

  /// Appends one to ten bytes. Negative `int32` and `int64` values are sign-extended to 64 bits by the caller.
  @inlinable package mutating func append(varint: UInt64) {
    reserve(10)
    end = storeVarint(varint, at: end)
  }

  /// Appends four bytes, least significant first.
  @inlinable package mutating func append(fixed32: UInt32) {
    reserve(4)
    base.storeBytes(of: fixed32.littleEndian, toByteOffset: end, as: UInt32.self)
    end &+= 4
  }

  /// Appends eight bytes, least significant first.
  @inlinable package mutating func append(fixed64: UInt64) {
    reserve(8)
    base.storeBytes(of: fixed64.littleEndian, toByteOffset: end, as: UInt64.self)
    end &+= 8
  }

  /// Appends the bytes as they are, without a length.
  @inlinable package mutating func append(bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    reserve(bytes.count)
    (base + end).copyMemory(from: source, byteCount: bytes.count)
    end &+= bytes.count
  }

  /// Appends the tag of the field with number `tag`, 1 to 2^29-1.
  @inlinable package mutating func append(tag: Int32, wireType: WireType) {
    append(varint: UInt64(truncatingIfNeeded: tag) &<< 3 | UInt64(wireType.rawValue))
  }

  /// Appends a length and the bytes, as a string or bytes field has them behind its tag.
  @inlinable package mutating func append(lengthDelimited bytes: UnsafeRawBufferPointer) {
    append(varint: UInt64(truncatingIfNeeded: bytes.count))
    append(bytes: bytes)
  }

  /// Starts a submessage or packed field behind its tag; what follows is its content until `endLengthDelimited`.
  @inlinable package mutating func beginLengthDelimited() -> Int {
    append(byte: 0)
    return end &- 1
  }

  /// Writes the length of what has been written since `mark`. One byte is set aside for it; content of 128 bytes or
  /// more is moved.
  @inlinable package mutating func endLengthDelimited(_ mark: Int) {
    let length = end &- mark &- 1
    guard mark >= 0 && length >= 0 else { return assertionFailure("mark behind the end") }
    if length < 0x80 {
      base.storeBytes(of: UInt8(truncatingIfNeeded: length), toByteOffset: mark, as: UInt8.self)
    } else {
      insertLength(length, at: mark)
    }
  }

  /// Starts a gRPC message: a five-byte prefix that `endGRPCFrame` completes.
  @inlinable package mutating func beginGRPCFrame() -> Int {
    reserve(5)
    let mark = end
    end &+= 5
    base.storeBytes(of: 0, toByteOffset: mark, as: UInt8.self)
    base.storeBytes(of: 0, toByteOffset: mark &+ 1, as: UInt32.self)
    return mark
  }

  /// Writes the length of what has been written since `mark`: flag 0 (not compressed) and four bytes, most significant
  /// first. Source: gRPC over HTTP2, "Length-Prefixed-Message". The caller keeps messages under 4 GiB.
  @inlinable package mutating func endGRPCFrame(_ mark: Int) {
    let length = end &- mark &- 5
    guard mark >= 0 && length >= 0 else { return assertionFailure("mark behind the end") }
    base.storeBytes(of: UInt32(truncatingIfNeeded: length).bigEndian, toByteOffset: mark &+ 1, as: UInt32.self)
  }

  /// Stores a varint; the caller has reserved ten bytes. Returns the offset behind it.
  @inlinable @inline(__always)
  func storeVarint(_ varint: UInt64, at offset: Int) -> Int {
    var rest = varint
    var offset = offset
    while rest >= 0x80 {
      base.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: offset, as: UInt8.self)
      rest &>>= 7
      offset &+= 1
    }
    base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: offset, as: UInt8.self)
    return offset &+ 1
  }

  @usableFromInline @inline(never) mutating func insertLength(_ length: Int, at mark: Int) {
    let size = (Int.bitWidth &- length.leadingZeroBitCount &+ 6) / 7
    reserve(max(size &- 1, 10))
    memmove(base + mark + size, base + mark + 1, length)
    end &+= size &- 1
    _ = storeVarint(UInt64(truncatingIfNeeded: length), at: mark)
  }
}
