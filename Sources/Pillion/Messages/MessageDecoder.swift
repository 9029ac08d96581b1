import Glibc
public import SwiftProtobuf

#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// Reads a message from the wire, as swift-protobuf's own decoder does.
///
/// What a message's `decodeMessage` asks of it is inlined there, where swift-protobuf looks it up field by field. It reads
/// what the message's fields say, and all of that; anything else it leaves to swift-protobuf, which keeps unknown fields
/// and knows what is wrong with bytes that are no message. See `Message.init(encoded:)`.
@usableFromInline
struct MessageDecoder: Decoder {
  /// Thrown where something else than the message's own fields comes.
  @usableFromInline
  struct Undecided: Error {
    @inlinable
    init() {}
  }

  /// As swift-protobuf has it by default.
  @inlinable static var depthLimit: Int { 100 }

  @usableFromInline var position: UnsafeRawPointer
  @usableFromInline let end: UnsafeRawPointer
  /// Of the field that is read.
  @usableFromInline var wireType: UInt8 = 0
  /// Whether the message has taken the field.
  @usableFromInline var isRead = true
  /// How many messages may still lie inside each other.
  @usableFromInline var depth: Int

  @inlinable
  init(_ start: UnsafeRawPointer, count: Int, depth: Int) {
    position = start
    end = start + count
    self.depth = depth
  }

  /// Adds to a message all that there is.
  @inlinable
  mutating func read<Content: Message>(into message: inout Content) throws {
    guard depth > 0 else { throw Undecided() }
    depth -= 1
    if try !readDeclared(&message) { try message.decodeMessage(decoder: &self) }
    guard position == end, isRead else { throw Undecided() }
  }

  // MARK: The wire

  @inlinable
  mutating func nextFieldNumber() throws -> Int? {
    guard isRead else { throw Undecided() }
    if position == end { return nil }
    let start = position
    let tag = try varint()
    // A number from 1 on, in no more than five bytes; groups have the wire types that are left out.
    guard tag >= 8, tag <= UInt64(UInt32.max), position - start <= 5, 0b10_0111 &>> (tag & 7) & 1 == 1 else {
      throw Undecided()
    }
    wireType = UInt8(truncatingIfNeeded: tag & 7)
    isRead = false
    return Int(truncatingIfNeeded: tag >> 3)
  }

  @inlinable
  mutating func varint() throws -> UInt64 {
    guard position < end else { throw Undecided() }
    let first = position.load(as: UInt8.self)
    position += 1
    if first < 0x80 { return UInt64(first) }
    var value = UInt64(first & 0x7f)
    var shift: UInt64 = 7
    while shift < 64, position < end {
      let byte = position.load(as: UInt8.self)
      position += 1
      value |= UInt64(byte & 0x7f) &<< shift
      if byte < 0x80 { return value }
      shift &+= 7
    }
    throw Undecided()
  }

  @inlinable
  mutating func fixed<Bits: FixedWidthInteger>(_ type: Bits.Type) throws -> Bits {
    guard end - position >= MemoryLayout<Bits>.size else { throw Undecided() }
    let bits = Bits(littleEndian: position.loadUnaligned(as: Bits.self))
    position += MemoryLayout<Bits>.size
    return bits
  }

  /// What has its length in front.
  @inlinable
  mutating func delimited() throws -> UnsafeRawBufferPointer {
    let length = try varint()
    // No more than 2 GiB, as everywhere in protobuf.
    guard length < 0x7fff_ffff, length <= UInt64(end - position) else { throw Undecided() }
    let content = UnsafeRawBufferPointer(start: position, count: Int(length))
    position += content.count
    return content
  }

  // MARK: A field

  /// The field's content, if that is its wire type.
  @inlinable
  mutating func field(_ expected: UInt8) throws {
    guard wireType == expected else { throw Undecided() }
    isRead = true
  }

  @inlinable
  mutating func varintField() throws -> UInt64 {
    try field(0)
    return try varint()
  }

  @inlinable
  mutating func fixedField<Bits: FixedWidthInteger>(_ type: Bits.Type) throws -> Bits {
    try field(MemoryLayout<Bits>.size == 8 ? 1 : 5)
    return try fixed(type)
  }

  @inlinable
  mutating func delimitedField() throws -> UnsafeRawBufferPointer {
    try field(2)
    return try delimited()
  }

  @inlinable
  mutating func stringField() throws -> String {
    guard let text = Self.text(try delimitedField()) else { throw Undecided() }
    return text
  }

  /// - Returns: nil where the bytes are not UTF-8, as others come then of repairing them.
  @usableFromInline
  static func text(_ bytes: UnsafeRawBufferPointer) -> String? {
    var text = String(decoding: bytes, as: UTF8.self)
    let isSame = text.withUTF8 { text in
      guard let one = text.baseAddress, let other = bytes.baseAddress else { return text.count == bytes.count }
      return text.count == bytes.count && memcmp(one, other, bytes.count) == 0
    }
    return isSame ? text : nil
  }

  @inlinable
  mutating func bytesField() throws -> Data {
    let content = try delimitedField()
    guard let start = content.baseAddress else { return Data() }
    return Data(bytes: start, count: content.count)
  }

  @inlinable
  mutating func enumField<E: Enum>() throws -> E where E.RawValue == Int {
    guard let value = E(rawValue: Int(Int32(truncatingIfNeeded: try varintField()))) else { throw Undecided() }
    return value
  }

  /// What lies in a field of its own.
  @inlinable
  mutating func nested() throws -> MessageDecoder {
    let content = try delimitedField()
    return MessageDecoder(content.baseAddress ?? position, count: content.count, depth: depth)
  }

  /// One value, or packed ones.
  @inlinable
  mutating func varints<Value>(into values: inout [Value], _ value: (UInt64) throws -> Value) throws {
    guard wireType == 2 else { return values.append(try value(varintField())) }
    var packed = try nested()
    if values.isEmpty { values.reserveCapacity(packed.varintCount) }
    while packed.position < packed.end { values.append(try value(packed.varint())) }
  }

  @inlinable var varintCount: Int {
    UnsafeRawBufferPointer(start: position, count: end - position).reduce(into: 0) { $0 += $1 < 0x80 ? 1 : 0 }
  }

  /// One value, or packed ones.
  @inlinable
  mutating func fixeds<Value, Bits: FixedWidthInteger>(into values: inout [Value], _ value: (Bits) -> Value) throws {
    guard wireType == 2 else { return values.append(value(try fixedField(Bits.self))) }
    var packed = try nested()
    let count = (packed.end - packed.position) / MemoryLayout<Bits>.size
    if values.isEmpty { values.reserveCapacity(count) }
    for _ in 0..<count { values.append(value(try packed.fixed(Bits.self))) }
    guard packed.position == packed.end else { throw Undecided() }
  }

  @inlinable
  static func zigZag<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number) -> Number {
    number >> 1 ^ (0 &- (number & 1))
  }

  // MARK: What messages ask for

  /// The last one counts.
  @inlinable
  mutating func handleConflictingOneOf() {}

  @inlinable
  mutating func decodeSingularFloatField(value: inout Float) throws {
    value = Float(bitPattern: try fixedField(UInt32.self))
  }

  @inlinable
  mutating func decodeSingularFloatField(value: inout Float?) throws {
    value = Float(bitPattern: try fixedField(UInt32.self))
  }

  @inlinable
  mutating func decodeRepeatedFloatField(value: inout [Float]) throws {
    try fixeds(into: &value) { (bits: UInt32) in Float(bitPattern: bits) }
  }

  @inlinable
  mutating func decodeSingularDoubleField(value: inout Double) throws {
    value = Double(bitPattern: try fixedField(UInt64.self))
  }

  @inlinable
  mutating func decodeSingularDoubleField(value: inout Double?) throws {
    value = Double(bitPattern: try fixedField(UInt64.self))
  }

  @inlinable
  mutating func decodeRepeatedDoubleField(value: inout [Double]) throws {
    try fixeds(into: &value) { (bits: UInt64) in Double(bitPattern: bits) }
  }

  @inlinable
  mutating func decodeSingularInt32Field(value: inout Int32) throws {
    value = Int32(truncatingIfNeeded: try varintField())
  }

  @inlinable
  mutating func decodeSingularInt32Field(value: inout Int32?) throws {
    value = Int32(truncatingIfNeeded: try varintField())
  }

  @inlinable
  mutating func decodeRepeatedInt32Field(value: inout [Int32]) throws {
    try varints(into: &value) { Int32(truncatingIfNeeded: $0) }
  }

  @inlinable
  mutating func decodeSingularInt64Field(value: inout Int64) throws {
    value = Int64(bitPattern: try varintField())
  }

  @inlinable
  mutating func decodeSingularInt64Field(value: inout Int64?) throws {
    value = Int64(bitPattern: try varintField())
  }

  @inlinable
  mutating func decodeRepeatedInt64Field(value: inout [Int64]) throws {
    try varints(into: &value) { Int64(bitPattern: $0) }
  }

  @inlinable
  mutating func decodeSingularUInt32Field(value: inout UInt32) throws {
    value = UInt32(truncatingIfNeeded: try varintField())
  }

  @inlinable
  mutating func decodeSingularUInt32Field(value: inout UInt32?) throws {
    value = UInt32(truncatingIfNeeded: try varintField())
  }

  @inlinable
  mutating func decodeRepeatedUInt32Field(value: inout [UInt32]) throws {
    try varints(into: &value) { UInt32(truncatingIfNeeded: $0) }
  }

  @inlinable
  mutating func decodeSingularUInt64Field(value: inout UInt64) throws {
    value = try varintField()
  }

  @inlinable
  mutating func decodeSingularUInt64Field(value: inout UInt64?) throws {
    value = try varintField()
  }

  @inlinable
  mutating func decodeRepeatedUInt64Field(value: inout [UInt64]) throws {
    try varints(into: &value) { $0 }
  }

  @inlinable
  mutating func decodeSingularSInt32Field(value: inout Int32) throws {
    value = Int32(bitPattern: Self.zigZag(UInt32(truncatingIfNeeded: try varintField())))
  }

  @inlinable
  mutating func decodeSingularSInt32Field(value: inout Int32?) throws {
    value = Int32(bitPattern: Self.zigZag(UInt32(truncatingIfNeeded: try varintField())))
  }

  @inlinable
  mutating func decodeRepeatedSInt32Field(value: inout [Int32]) throws {
    try varints(into: &value) { Int32(bitPattern: Self.zigZag(UInt32(truncatingIfNeeded: $0))) }
  }

  @inlinable
  mutating func decodeSingularSInt64Field(value: inout Int64) throws {
    value = Int64(bitPattern: Self.zigZag(try varintField()))
  }

  @inlinable
  mutating func decodeSingularSInt64Field(value: inout Int64?) throws {
    value = Int64(bitPattern: Self.zigZag(try varintField()))
  }

  @inlinable
  mutating func decodeRepeatedSInt64Field(value: inout [Int64]) throws {
    try varints(into: &value) { Int64(bitPattern: Self.zigZag($0)) }
  }

  @inlinable
  mutating func decodeSingularFixed32Field(value: inout UInt32) throws {
    value = try fixedField(UInt32.self)
  }

  @inlinable
  mutating func decodeSingularFixed32Field(value: inout UInt32?) throws {
    value = try fixedField(UInt32.self)
  }

  @inlinable
  mutating func decodeRepeatedFixed32Field(value: inout [UInt32]) throws {
    try fixeds(into: &value) { (bits: UInt32) in bits }
  }

  @inlinable
  mutating func decodeSingularFixed64Field(value: inout UInt64) throws {
    value = try fixedField(UInt64.self)
  }

  @inlinable
  mutating func decodeSingularFixed64Field(value: inout UInt64?) throws {
    value = try fixedField(UInt64.self)
  }

  @inlinable
  mutating func decodeRepeatedFixed64Field(value: inout [UInt64]) throws {
    try fixeds(into: &value) { (bits: UInt64) in bits }
  }

  @inlinable
  mutating func decodeSingularSFixed32Field(value: inout Int32) throws {
    value = Int32(bitPattern: try fixedField(UInt32.self))
  }

  @inlinable
  mutating func decodeSingularSFixed32Field(value: inout Int32?) throws {
    value = Int32(bitPattern: try fixedField(UInt32.self))
  }

  @inlinable
  mutating func decodeRepeatedSFixed32Field(value: inout [Int32]) throws {
    try fixeds(into: &value) { (bits: UInt32) in Int32(bitPattern: bits) }
  }

  @inlinable
  mutating func decodeSingularSFixed64Field(value: inout Int64) throws {
    value = Int64(bitPattern: try fixedField(UInt64.self))
  }

  @inlinable
  mutating func decodeSingularSFixed64Field(value: inout Int64?) throws {
    value = Int64(bitPattern: try fixedField(UInt64.self))
  }

  @inlinable
  mutating func decodeRepeatedSFixed64Field(value: inout [Int64]) throws {
    try fixeds(into: &value) { (bits: UInt64) in Int64(bitPattern: bits) }
  }

  @inlinable
  mutating func decodeSingularBoolField(value: inout Bool) throws {
    value = try varintField() != 0
  }

  @inlinable
  mutating func decodeSingularBoolField(value: inout Bool?) throws {
    value = try varintField() != 0
  }

  @inlinable
  mutating func decodeRepeatedBoolField(value: inout [Bool]) throws {
    try varints(into: &value) { $0 != 0 }
  }

  @inlinable
  mutating func decodeSingularStringField(value: inout String) throws {
    value = try stringField()
  }

  @inlinable
  mutating func decodeSingularStringField(value: inout String?) throws {
    value = try stringField()
  }

  @inlinable
  mutating func decodeRepeatedStringField(value: inout [String]) throws {
    value.append(try stringField())
  }

  @inlinable
  mutating func decodeSingularBytesField(value: inout Data) throws {
    value = try bytesField()
  }

  @inlinable
  mutating func decodeSingularBytesField(value: inout Data?) throws {
    value = try bytesField()
  }

  @inlinable
  mutating func decodeRepeatedBytesField(value: inout [Data]) throws {
    value.append(try bytesField())
  }

  @inlinable
  mutating func decodeSingularEnumField<E: Enum>(value: inout E) throws where E.RawValue == Int {
    value = try enumField()
  }

  @inlinable
  mutating func decodeSingularEnumField<E: Enum>(value: inout E?) throws where E.RawValue == Int {
    value = try enumField() as E
  }

  @inlinable
  mutating func decodeRepeatedEnumField<E: Enum>(value: inout [E]) throws where E.RawValue == Int {
    try varints(into: &value) { number in
      guard let value = E(rawValue: Int(Int32(truncatingIfNeeded: number))) else { throw Undecided() }
      return value
    }
  }

  /// Adds to what has come before.
  @inlinable
  mutating func decodeSingularMessageField<M: Message>(value: inout M?) throws {
    var nested = try nested()
    if value == nil { value = M() }
    try value?.read(from: &nested)
  }

  @inlinable
  mutating func decodeRepeatedMessageField<M: Message>(value: inout [M]) throws {
    var nested = try nested()
    var message = M()
    try nested.read(into: &message)
    value.append(message)
  }

  @inlinable
  mutating func decodeSingularGroupField<G: Message>(value: inout G?) throws { throw Undecided() }

  @inlinable
  mutating func decodeRepeatedGroupField<G: Message>(value: inout [G]) throws { throw Undecided() }

  @inlinable
  mutating func decodeMapField<KeyType, ValueType: MapValueType>(
    fieldType: _ProtobufMap<KeyType, ValueType>.Type, value: inout _ProtobufMap<KeyType, ValueType>.BaseType
  ) throws {
    var entry: ValueType.BaseType?
    let key = try decodeEntry(KeyType.self) { try ValueType.decodeSingular(value: &entry, from: &$0) }
    value[key] = entry ?? ValueType.proto3DefaultValue
  }

  @inlinable
  mutating func decodeMapField<KeyType, ValueType>(
    fieldType: _ProtobufEnumMap<KeyType, ValueType>.Type, value: inout _ProtobufEnumMap<KeyType, ValueType>.BaseType
  ) throws where ValueType.RawValue == Int {
    var entry: ValueType?
    let key = try decodeEntry(KeyType.self) { try $0.decodeSingularEnumField(value: &entry) }
    value[key] = entry ?? ValueType()
  }

  @inlinable
  mutating func decodeMapField<KeyType, ValueType>(
    fieldType: _ProtobufMessageMap<KeyType, ValueType>.Type,
    value: inout _ProtobufMessageMap<KeyType, ValueType>.BaseType
  ) throws {
    var entry: ValueType?
    let key = try decodeEntry(KeyType.self) { try $0.decodeSingularMessageField(value: &entry) }
    value[key] = entry ?? ValueType()
  }

  /// - Returns: the key of a map's entry; what it leads to is for `decodeValue`.
  @inlinable
  mutating func decodeEntry<KeyType: MapKeyType>(
    _ type: KeyType.Type, _ decodeValue: (inout MessageDecoder) throws -> Void
  ) throws -> KeyType.BaseType {
    var nested = try nested()
    var key: KeyType.BaseType?
    while let number = try nested.nextFieldNumber() {
      switch number {
      case 1: try KeyType.decodeSingular(value: &key, from: &nested)
      case 2: try decodeValue(&nested)
      default: throw Undecided()
      }
    }
    return key ?? KeyType.proto3DefaultValue
  }

  @inlinable
  mutating func decodeExtensionField(
    values: inout ExtensionFieldValueSet, messageType: any Message.Type, fieldNumber: Int
  ) throws { throw Undecided() }

  @inlinable
  mutating func decodeExtensionFieldsAsMessageSet(
    values: inout ExtensionFieldValueSet, messageType: any Message.Type
  ) throws { throw Undecided() }
}
