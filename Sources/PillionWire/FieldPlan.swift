import PillionSchema

/// What the decoder has to know of one field.
struct FieldPlan: Sendable {
  /// The type of one value.
  enum Item: UInt8, Sendable {
    case bool, int32, int64, uint32, uint64, float, double, string, bytes, timestamp, duration, value
  }

  /// The message around a value.
  enum Container: UInt8, Sendable {
    case none
    /// `{ T value = 1; }`
    case wrapper
    /// `{ oneof kind { T value = 1; google.protobuf.NullValue null = 2; } }`
    case nullable
  }

  let item: Item
  let container: Container
  let isRepeated: Bool
  /// Wire type of the item.
  let itemWireType: UInt32
  /// Wire type of the field, one element a tag.
  let wireType: UInt32
  /// Whether elements may stand behind one tag, without tags of their own.
  let isPackable: Bool

  init(_ field: FieldShape) {
    switch field.type {
    case .scalar(let scalar): (item, container) = (Item(scalar), .none)
    case .wellKnown(let type): (item, container) = (Item(type), .none)
    // No request sets one; its bytes are passed over.
    case .message, .imported: (item, container) = (.bytes, .none)
    case .wrapper(let scalar): (item, container) = (Item(scalar), .wrapper)
    case .nullable(.scalar(let scalar)): (item, container) = (Item(scalar), .nullable)
    case .nullable(.wellKnown(let type)): (item, container) = (Item(type), .nullable)
    }
    isRepeated = field.label == .repeated
    itemWireType =
      switch item {
      case .bool, .int32, .int64, .uint32, .uint64: 0
      case .double: 1
      case .float: 5
      case .string, .bytes, .timestamp, .duration, .value: 2
      }
    wireType = container == .none ? itemWireType : 2
    isPackable = isRepeated && wireType != 2
  }
}

extension FieldPlan.Item {
  fileprivate init(_ scalar: ProtoScalar) {
    switch scalar {
    case .bool: self = .bool
    case .int32: self = .int32
    case .int64: self = .int64
    case .uint32: self = .uint32
    case .uint64: self = .uint64
    case .float: self = .float
    case .double: self = .double
    case .string: self = .string
    case .bytes: self = .bytes
    }
  }

  fileprivate init(_ type: WellKnownType) {
    switch type {
    case .timestamp: self = .timestamp
    case .duration: self = .duration
    case .value: self = .value
    // Read by whoever asks for it: `FieldMask`.
    case .fieldMask: self = .bytes
    }
  }
}
