/// How a field's value is laid out, in the low three bits of its tag; written by name or, as in the specification, by
/// number. Source: protobuf.dev, "Encoding", section "Message Structure". 6 and 7 are no wire types.
@frozen package struct WireType: RawRepresentable, ExpressibleByIntegerLiteral, Sendable, Hashable {
  package let rawValue: UInt8

  @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }
  @inlinable package init(integerLiteral value: UInt8) { rawValue = value }

  @inlinable package static var varint: WireType { 0 }
  @inlinable package static var fixed64: WireType { 1 }
  @inlinable package static var lengthDelimited: WireType { 2 }
  @inlinable package static var startGroup: WireType { 3 }
  @inlinable package static var endGroup: WireType { 4 }
  @inlinable package static var fixed32: WireType { 5 }
}
