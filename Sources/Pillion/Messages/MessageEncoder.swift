import PillionService
public import SwiftProtobuf

#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// Writes a message for the wire, byte for byte as swift-protobuf's own encoder does, but in one go and inlined into the
/// message's `traverse`. See `Message.encoded()`.
@usableFromInline
struct MessageEncoder: Visitor {
  /// Thrown where a message set comes, a format that is older than extensions.
  @usableFromInline
  struct Undecided: Error {
    @inlinable
    init() {}
  }

  @usableFromInline var start: UnsafeMutableRawPointer
  @usableFromInline var position: UnsafeMutableRawPointer
  @usableFromInline var end: UnsafeMutableRawPointer
  /// Whether the memory is its own; at first it writes into what it has been given.
  @usableFromInline var isOwner = false

  /// gRPC's prefix: whether the message is compressed, and its length.
  @usableFromInline let prefix: Int

  /// - Parameter count: of the memory at `start`, which has room for a prefix.
  @inlinable
  init(_ start: UnsafeMutableRawPointer, count: Int, isFramed: Bool) {
    self.start = start
    prefix = isFramed ? 5 : 0
    position = start + prefix
    end = start + count
  }

  @inlinable
  func release() { if isOwner { start.deallocate() } }

  /// What has been written; nil where it is longer than messages may be, 2 GiB.
  @usableFromInline var message: [UInt8]? {
    let count = position - start - prefix
    guard count < 0x7fff_ffff else { return nil }
    if prefix > 0 {
      start.storeBytes(of: 0, as: UInt8.self)
      (start + 1).storeBytes(of: UInt32(truncatingIfNeeded: count).bigEndian, as: UInt32.self)
    }
    return Array(UnsafeRawBufferPointer(start: start, count: prefix + count))
  }

  @usableFromInline static var emptyFrame: [UInt8] { .emptyFrame }

  @usableFromInline
  static func framed(_ message: [UInt8]) -> [UInt8] { message.framed }

  @inlinable
  mutating func write(_ message: some Message) throws {
    if try !writeDeclared(message) { try message.traverse(visitor: &self) }
  }

  // MARK: The wire

  /// Makes room for `count` bytes more.
  @inlinable @inline(__always)
  mutating func reserve(_ count: Int) { if end - position < count { grow(count) } }

  @usableFromInline
  mutating func grow(_ count: Int) {
    let used = position - start
    let capacity = max(2 * (end - start), used + count)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    larger.copyMemory(from: start, byteCount: used)
    release()
    isOwner = true
    start = larger
    position = larger + used
    end = larger + capacity
  }

  /// For which there is room.
  @inlinable @inline(__always)
  mutating func put(_ byte: UInt8) {
    assert(position < end)
    position.storeBytes(of: byte, as: UInt8.self)
    position += 1
  }

  /// For which there is room: ten bytes at most.
  @inlinable @inline(__always)
  mutating func put(varint: UInt64) {
    var rest = varint
    while rest > 0x7f {
      put(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest &>>= 7
    }
    put(UInt8(truncatingIfNeeded: rest))
  }

  /// For which there is room.
  @inlinable
  mutating func put(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
    assert(end - position >= bytes.count)
    position.copyMemory(from: start, byteCount: bytes.count)
    position += bytes.count
  }

  /// What stands in front of a field; leaves room for another varint.
  @inlinable @inline(__always)
  mutating func put(tag number: Int, _ wireType: UInt64) {
    reserve(20)
    put(varint: UInt64(truncatingIfNeeded: number) &<< 3 | wireType)
  }

  // MARK: A field

  @inlinable @inline(__always)
  mutating func put(_ number: Int, varint: UInt64) {
    put(tag: number, 0)
    put(varint: varint)
  }

  @inlinable
  mutating func put<Bits: FixedWidthInteger>(_ number: Int, fixed: Bits) {
    put(tag: number, MemoryLayout<Bits>.size == 8 ? 1 : 5)
    put(bits: fixed)
  }

  /// For which there is room.
  @inlinable @inline(__always)
  mutating func put<Bits: FixedWidthInteger>(bits: Bits) {
    assert(end - position >= MemoryLayout<Bits>.size)
    position.storeBytes(of: bits.littleEndian, as: Bits.self)
    position += MemoryLayout<Bits>.size
  }

  @inlinable
  mutating func put(_ number: Int, bytes: UnsafeRawBufferPointer) {
    put(tag: number, 2)
    put(varint: UInt64(bytes.count))
    reserve(bytes.count)
    put(bytes)
  }

  @inlinable
  mutating func put(_ number: Int, text: String) {
    let isContiguous: Void? = text.utf8.withContiguousStorageIfAvailable {
      put(number, bytes: UnsafeRawBufferPointer($0))
    }
    if isContiguous == nil { Array(text.utf8).withUnsafeBytes { put(number, bytes: $0) } }
  }

  /// A field whose length is known once its content is written.
  @inlinable
  mutating func putDelimited(_ number: Int, _ write: (inout MessageEncoder) throws -> Void) rethrows {
    put(tag: number, 2)
    put(0)
    let offset = position - start
    try write(&self)
    let length = position - start - offset
    if length < 0x80 {
      (start + offset - 1).storeBytes(of: UInt8(truncatingIfNeeded: length), as: UInt8.self)
    } else {
      widen(offset, length)
    }
  }

  /// Makes room for a length of more than one byte.
  @usableFromInline
  mutating func widen(_ offset: Int, _ length: Int) {
    let more = (63 - UInt64(length).leadingZeroBitCount) / 7
    reserve(more)
    let content = start + offset
    (content + more).copyMemory(from: content, byteCount: length)
    position = content - 1
    put(varint: UInt64(length))
    position += length
  }

  @inlinable
  mutating func putPacked<Value>(
    _ number: Int, _ values: [Value], room: Int, _ put: (inout MessageEncoder, Value) -> Void
  ) {
    putDelimited(number) { encoder in
      for value in values {
        encoder.reserve(room)
        put(&encoder, value)
      }
    }
  }

  @inlinable
  static func zigZag(_ number: Int64) -> UInt64 { UInt64(bitPattern: number &<< 1 ^ number &>> 63) }

  // MARK: What messages ask for

  @inlinable
  mutating func visitUnknown(bytes: Data) {
    bytes.withUnsafeBytes {
      reserve($0.count)
      put($0)
    }
  }

  @inlinable
  mutating func visitSingularFloatField(value: Float, fieldNumber: Int) {
    put(fieldNumber, fixed: value.bitPattern)
  }

  @inlinable
  mutating func visitRepeatedFloatField(value: [Float], fieldNumber: Int) {
    for value in value { visitSingularFloatField(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedFloatField(value: [Float], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 8) { $0.put(bits: $1.bitPattern) }
  }

  @inlinable
  mutating func visitSingularDoubleField(value: Double, fieldNumber: Int) {
    put(fieldNumber, fixed: value.bitPattern)
  }

  @inlinable
  mutating func visitRepeatedDoubleField(value: [Double], fieldNumber: Int) {
    for value in value { visitSingularDoubleField(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedDoubleField(value: [Double], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 8) { $0.put(bits: $1.bitPattern) }
  }

  @inlinable
  mutating func visitSingularInt32Field(value: Int32, fieldNumber: Int) {
    put(fieldNumber, varint: UInt64(bitPattern: Int64(value)))
  }

  @inlinable
  mutating func visitRepeatedInt32Field(value: [Int32], fieldNumber: Int) {
    for value in value { visitSingularInt32Field(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedInt32Field(value: [Int32], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 10) { $0.put(varint: UInt64(bitPattern: Int64($1))) }
  }

  @inlinable
  mutating func visitSingularInt64Field(value: Int64, fieldNumber: Int) {
    put(fieldNumber, varint: UInt64(bitPattern: value))
  }

  @inlinable
  mutating func visitRepeatedInt64Field(value: [Int64], fieldNumber: Int) {
    for value in value { visitSingularInt64Field(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedInt64Field(value: [Int64], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 10) { $0.put(varint: UInt64(bitPattern: $1)) }
  }

  @inlinable
  mutating func visitSingularUInt32Field(value: UInt32, fieldNumber: Int) {
    put(fieldNumber, varint: UInt64(value))
  }

  @inlinable
  mutating func visitRepeatedUInt32Field(value: [UInt32], fieldNumber: Int) {
    for value in value { visitSingularUInt32Field(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedUInt32Field(value: [UInt32], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 10) { $0.put(varint: UInt64($1)) }
  }

  @inlinable
  mutating func visitSingularUInt64Field(value: UInt64, fieldNumber: Int) {
    put(fieldNumber, varint: value)
  }

  @inlinable
  mutating func visitRepeatedUInt64Field(value: [UInt64], fieldNumber: Int) {
    for value in value { visitSingularUInt64Field(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedUInt64Field(value: [UInt64], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 10) { $0.put(varint: $1) }
  }

  @inlinable
  mutating func visitSingularSInt32Field(value: Int32, fieldNumber: Int) {
    put(fieldNumber, varint: Self.zigZag(Int64(value)))
  }

  @inlinable
  mutating func visitRepeatedSInt32Field(value: [Int32], fieldNumber: Int) {
    for value in value { visitSingularSInt32Field(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedSInt32Field(value: [Int32], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 10) { $0.put(varint: Self.zigZag(Int64($1))) }
  }

  @inlinable
  mutating func visitSingularSInt64Field(value: Int64, fieldNumber: Int) {
    put(fieldNumber, varint: Self.zigZag(value))
  }

  @inlinable
  mutating func visitRepeatedSInt64Field(value: [Int64], fieldNumber: Int) {
    for value in value { visitSingularSInt64Field(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedSInt64Field(value: [Int64], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 10) { $0.put(varint: Self.zigZag($1)) }
  }

  @inlinable
  mutating func visitSingularFixed32Field(value: UInt32, fieldNumber: Int) {
    put(fieldNumber, fixed: value)
  }

  @inlinable
  mutating func visitRepeatedFixed32Field(value: [UInt32], fieldNumber: Int) {
    for value in value { visitSingularFixed32Field(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedFixed32Field(value: [UInt32], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 8) { $0.put(bits: $1) }
  }

  @inlinable
  mutating func visitSingularFixed64Field(value: UInt64, fieldNumber: Int) {
    put(fieldNumber, fixed: value)
  }

  @inlinable
  mutating func visitRepeatedFixed64Field(value: [UInt64], fieldNumber: Int) {
    for value in value { visitSingularFixed64Field(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedFixed64Field(value: [UInt64], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 8) { $0.put(bits: $1) }
  }

  @inlinable
  mutating func visitSingularSFixed32Field(value: Int32, fieldNumber: Int) {
    put(fieldNumber, fixed: value)
  }

  @inlinable
  mutating func visitRepeatedSFixed32Field(value: [Int32], fieldNumber: Int) {
    for value in value { visitSingularSFixed32Field(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedSFixed32Field(value: [Int32], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 8) { $0.put(bits: $1) }
  }

  @inlinable
  mutating func visitSingularSFixed64Field(value: Int64, fieldNumber: Int) {
    put(fieldNumber, fixed: value)
  }

  @inlinable
  mutating func visitRepeatedSFixed64Field(value: [Int64], fieldNumber: Int) {
    for value in value { visitSingularSFixed64Field(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedSFixed64Field(value: [Int64], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 8) { $0.put(bits: $1) }
  }

  @inlinable
  mutating func visitSingularBoolField(value: Bool, fieldNumber: Int) {
    put(fieldNumber, varint: value ? 1 : 0)
  }

  @inlinable
  mutating func visitRepeatedBoolField(value: [Bool], fieldNumber: Int) {
    for value in value { visitSingularBoolField(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedBoolField(value: [Bool], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 10) { $0.put(varint: $1 ? 1 : 0) }
  }

  @inlinable
  mutating func visitSingularEnumField<E: Enum>(value: E, fieldNumber: Int) {
    put(fieldNumber, varint: Self.bits(value))
  }

  @inlinable
  mutating func visitRepeatedEnumField<E: Enum>(value: [E], fieldNumber: Int) {
    for value in value { visitSingularEnumField(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitPackedEnumField<E: Enum>(value: [E], fieldNumber: Int) {
    putPacked(fieldNumber, value, room: 10) { $0.put(varint: Self.bits($1)) }
  }

  @inlinable
  static func bits(_ value: some Enum) -> UInt64 { UInt64(bitPattern: Int64(value.rawValue)) }

  @inlinable
  mutating func visitSingularStringField(value: String, fieldNumber: Int) { put(fieldNumber, text: value) }

  @inlinable
  mutating func visitRepeatedStringField(value: [String], fieldNumber: Int) {
    for value in value { put(fieldNumber, text: value) }
  }

  @inlinable
  mutating func visitSingularBytesField(value: Data, fieldNumber: Int) {
    value.withUnsafeBytes { put(fieldNumber, bytes: $0) }
  }

  @inlinable
  mutating func visitRepeatedBytesField(value: [Data], fieldNumber: Int) {
    for value in value { visitSingularBytesField(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitSingularMessageField<M: Message>(value: M, fieldNumber: Int) throws {
    try putDelimited(fieldNumber) { try $0.write(value) }
  }

  @inlinable
  mutating func visitRepeatedMessageField<M: Message>(value: [M], fieldNumber: Int) throws {
    for value in value { try visitSingularMessageField(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitSingularGroupField<G: Message>(value: G, fieldNumber: Int) throws {
    put(tag: fieldNumber, 3)
    try value.traverse(visitor: &self)
    put(tag: fieldNumber, 4)
  }

  @inlinable
  mutating func visitRepeatedGroupField<G: Message>(value: [G], fieldNumber: Int) throws {
    for value in value { try visitSingularGroupField(value: value, fieldNumber: fieldNumber) }
  }

  @inlinable
  mutating func visitMapField<KeyType, ValueType: MapValueType>(
    fieldType: _ProtobufMap<KeyType, ValueType>.Type, value: _ProtobufMap<KeyType, ValueType>.BaseType,
    fieldNumber: Int
  ) throws {
    for (key, value) in value {
      try putDelimited(fieldNumber) { encoder in
        try KeyType.visitSingular(value: key, fieldNumber: 1, with: &encoder)
        try ValueType.visitSingular(value: value, fieldNumber: 2, with: &encoder)
      }
    }
  }

  @inlinable
  mutating func visitMapField<KeyType, ValueType>(
    fieldType: _ProtobufEnumMap<KeyType, ValueType>.Type, value: _ProtobufEnumMap<KeyType, ValueType>.BaseType,
    fieldNumber: Int
  ) throws where ValueType.RawValue == Int {
    for (key, value) in value {
      try putDelimited(fieldNumber) { encoder in
        try KeyType.visitSingular(value: key, fieldNumber: 1, with: &encoder)
        encoder.visitSingularEnumField(value: value, fieldNumber: 2)
      }
    }
  }

  @inlinable
  mutating func visitMapField<KeyType, ValueType>(
    fieldType: _ProtobufMessageMap<KeyType, ValueType>.Type,
    value: _ProtobufMessageMap<KeyType, ValueType>.BaseType, fieldNumber: Int
  ) throws {
    for (key, value) in value {
      try putDelimited(fieldNumber) { encoder in
        try KeyType.visitSingular(value: key, fieldNumber: 1, with: &encoder)
        try encoder.visitSingularMessageField(value: value, fieldNumber: 2)
      }
    }
  }

  @inlinable
  mutating func visitExtensionFieldsAsMessageSet(fields: ExtensionFieldValueSet, start: Int, end: Int) throws {
    throw Undecided()
  }
}
