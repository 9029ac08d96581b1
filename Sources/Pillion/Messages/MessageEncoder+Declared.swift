public import SwiftProtobuf

/// Messages that swift-protobuf itself declares, as in `MessageDecoder`.
extension MessageEncoder {
  /// - Returns: whether it is one of them.
  @inlinable
  mutating func writeDeclared<Content>(_ message: Content) throws -> Bool {
    if let it = Self.its(message, Google_Protobuf_Timestamp.self) {
      if it.seconds != 0 { put(1, varint: UInt64(bitPattern: it.seconds)) }
      if it.nanos != 0 { put(2, varint: UInt64(bitPattern: Int64(it.nanos))) }
      try it.unknownFields.traverse(visitor: &self)
      return true
    }
    if let it = Self.its(message, Google_Protobuf_Duration.self) {
      if it.seconds != 0 { put(1, varint: UInt64(bitPattern: it.seconds)) }
      if it.nanos != 0 { put(2, varint: UInt64(bitPattern: Int64(it.nanos))) }
      try it.unknownFields.traverse(visitor: &self)
      return true
    }
    if let it = Self.its(message, Google_Protobuf_DoubleValue.self) {
      if it.value.bitPattern != 0 { visitSingularDoubleField(value: it.value, fieldNumber: 1) }
      try it.unknownFields.traverse(visitor: &self)
      return true
    }
    if let it = Self.its(message, Google_Protobuf_FloatValue.self) {
      if it.value.bitPattern != 0 { visitSingularFloatField(value: it.value, fieldNumber: 1) }
      try it.unknownFields.traverse(visitor: &self)
      return true
    }
    if let it = Self.its(message, Google_Protobuf_Int64Value.self) {
      if it.value != 0 { visitSingularInt64Field(value: it.value, fieldNumber: 1) }
      try it.unknownFields.traverse(visitor: &self)
      return true
    }
    if let it = Self.its(message, Google_Protobuf_UInt64Value.self) {
      if it.value != 0 { visitSingularUInt64Field(value: it.value, fieldNumber: 1) }
      try it.unknownFields.traverse(visitor: &self)
      return true
    }
    if let it = Self.its(message, Google_Protobuf_Int32Value.self) {
      if it.value != 0 { visitSingularInt32Field(value: it.value, fieldNumber: 1) }
      try it.unknownFields.traverse(visitor: &self)
      return true
    }
    if let it = Self.its(message, Google_Protobuf_UInt32Value.self) {
      if it.value != 0 { visitSingularUInt32Field(value: it.value, fieldNumber: 1) }
      try it.unknownFields.traverse(visitor: &self)
      return true
    }
    if let it = Self.its(message, Google_Protobuf_BoolValue.self) {
      if it.value { visitSingularBoolField(value: it.value, fieldNumber: 1) }
      try it.unknownFields.traverse(visitor: &self)
      return true
    }
    if let it = Self.its(message, Google_Protobuf_StringValue.self) {
      if !it.value.isEmpty { visitSingularStringField(value: it.value, fieldNumber: 1) }
      try it.unknownFields.traverse(visitor: &self)
      return true
    }
    if let it = Self.its(message, Google_Protobuf_BytesValue.self) {
      if !it.value.isEmpty { visitSingularBytesField(value: it.value, fieldNumber: 1) }
      try it.unknownFields.traverse(visitor: &self)
      return true
    }
    if let it = Self.its(message, Google_Protobuf_FieldMask.self) {
      visitRepeatedStringField(value: it.paths, fieldNumber: 1)
      try it.unknownFields.traverse(visitor: &self)
      return true
    }
    return false
  }

  /// The message, if it is a `Known`.
  @inlinable
  static func its<Content, Known>(_ message: Content, _ type: Known.Type) -> Known? {
    Content.self == Known.self ? unsafeBitCast(message, to: Known.self) : nil
  }
}
