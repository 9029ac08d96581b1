public import SwiftProtobuf

/// Messages that swift-protobuf itself declares: what reads them is compiled there, for no decoder in particular.
extension MessageDecoder {
  /// - Returns: whether it is one of them.
  @inlinable
  mutating func readDeclared<Content>(_ message: inout Content) throws -> Bool {
    if try its(
      &message, Google_Protobuf_Timestamp.self,
      { decoder, message in
        while let number = try decoder.nextFieldNumber() {
          switch number {
          case 1: try decoder.decodeSingularInt64Field(value: &message.seconds)
          case 2: try decoder.decodeSingularInt32Field(value: &message.nanos)
          default: break
          }
        }
      })
    {
      return true
    }
    if try its(
      &message, Google_Protobuf_Duration.self,
      { decoder, message in
        while let number = try decoder.nextFieldNumber() {
          switch number {
          case 1: try decoder.decodeSingularInt64Field(value: &message.seconds)
          case 2: try decoder.decodeSingularInt32Field(value: &message.nanos)
          default: break
          }
        }
      })
    {
      return true
    }
    if try its(
      &message, Google_Protobuf_DoubleValue.self,
      { decoder, message in
        while try decoder.isFirstField() { try decoder.decodeSingularDoubleField(value: &message.value) }
      })
    {
      return true
    }
    if try its(
      &message, Google_Protobuf_FloatValue.self,
      { decoder, message in
        while try decoder.isFirstField() { try decoder.decodeSingularFloatField(value: &message.value) }
      })
    {
      return true
    }
    if try its(
      &message, Google_Protobuf_Int64Value.self,
      { decoder, message in
        while try decoder.isFirstField() { try decoder.decodeSingularInt64Field(value: &message.value) }
      })
    {
      return true
    }
    if try its(
      &message, Google_Protobuf_UInt64Value.self,
      { decoder, message in
        while try decoder.isFirstField() { try decoder.decodeSingularUInt64Field(value: &message.value) }
      })
    {
      return true
    }
    if try its(
      &message, Google_Protobuf_Int32Value.self,
      { decoder, message in
        while try decoder.isFirstField() { try decoder.decodeSingularInt32Field(value: &message.value) }
      })
    {
      return true
    }
    if try its(
      &message, Google_Protobuf_UInt32Value.self,
      { decoder, message in
        while try decoder.isFirstField() { try decoder.decodeSingularUInt32Field(value: &message.value) }
      })
    {
      return true
    }
    if try its(
      &message, Google_Protobuf_BoolValue.self,
      { decoder, message in
        while try decoder.isFirstField() { try decoder.decodeSingularBoolField(value: &message.value) }
      })
    {
      return true
    }
    if try its(
      &message, Google_Protobuf_StringValue.self,
      { decoder, message in
        while try decoder.isFirstField() { try decoder.decodeSingularStringField(value: &message.value) }
      })
    {
      return true
    }
    if try its(
      &message, Google_Protobuf_BytesValue.self,
      { decoder, message in
        while try decoder.isFirstField() { try decoder.decodeSingularBytesField(value: &message.value) }
      })
    {
      return true
    }
    if try its(
      &message, Google_Protobuf_FieldMask.self,
      { decoder, message in
        while try decoder.isFirstField() { try decoder.decodeRepeatedStringField(value: &message.paths) }
      })
    {
      return true
    }
    return false
  }

  /// For messages whose only field has the number 1.
  @inlinable
  mutating func isFirstField() throws -> Bool {
    guard let number = try nextFieldNumber() else { return false }
    guard number == 1 else { throw Undecided() }
    return true
  }

  /// - Returns: whether the message is a `Known`, which `read` then has read.
  @inlinable
  mutating func its<Content, Known>(
    _ message: inout Content, _ type: Known.Type, _ read: (inout MessageDecoder, inout Known) throws -> Void
  ) throws -> Bool {
    guard Content.self == Known.self else { return false }
    try withUnsafeMutablePointer(to: &message) { message in
      try message.withMemoryRebound(to: Known.self, capacity: 1) { try read(&self, &$0.pointee) }
    }
    return true
  }
}
