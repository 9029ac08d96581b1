import PillionSchema
import PillionWire

/// How the cells of one column become one proto field, settled when the schema loads; holds no references, so that a
/// row's loop counts none.
struct CompiledColumn: Sendable {
  enum Presence: UInt8, Sendable {
    /// The value behind its tag.
    case plain
    /// A message with the value as field 1: a wrapper or a nullable message.
    case wrapped
    /// One field that holds all elements.
    case packed
    /// One field an element.
    case repeated
  }

  /// What NULL becomes.
  enum Null: UInt8, Sendable {
    case error
    /// Nothing: a field that is not set.
    case absent
    /// The nullable message that says null.
    case message
  }

  /// How one value is written.
  enum Form: UInt8, Sendable {
    case bool, int32, int64, uint32, uint64, float, double
    case string, bytes, date, time, decimal, uuid
    case timestampText, durationText, jsonText
    /// The number of an enum's value.
    case enumeration
    /// `google.protobuf.Timestamp`, `Duration` and `Value`.
    case timestamp, duration, value
  }

  /// Index of the cell.
  let cell: Int
  let scalar: ScalarType
  let form: Form
  let presence: Presence
  let null: Null
  /// The field's tag where it is a message or packed around its values.
  let tag: UInt64
  /// The tag before a value; 0 in a packed field, which has none.
  let valueTag: UInt64
  /// Whether a zero is not written.
  let skipsZero: Bool
  /// SQLite: whether integers are days since 1970 rather than Unix seconds.
  let isInDays: Bool
  /// Whether elements are the items of a relation's list.
  let isList: Bool

  init(_ column: RowEncoder.Column, cell: Int) {
    let (shape, field) = (column.shape, column.field)
    self.cell = cell
    scalar = field.type.scalar
    form = shape.enumeration == nil ? Form(field) : .enumeration
    isInDays = field.type.scalar == .date && field.storage == .integer
    isList = if case .reverse = field.type { true } else { false }

    let number = UInt64(truncatingIfNeeded: shape.number) &<< 3
    tag = number | UInt64(WireType.lengthDelimited.rawValue)
    let wireType = UInt64(form.wireType.rawValue)
    if shape.label == .repeated {
      let isPacked = form.wireType != .lengthDelimited
      presence = isPacked ? .packed : .repeated
      valueTag = isPacked ? 0 : number | wireType
      skipsZero = false
      null = .absent
      return
    }
    switch shape.type {
    case .scalar, .wellKnown, .message, .imported:
      presence = .plain
      valueTag = number | wireType
      skipsZero = shape.label == .implicit
      null = field.isNullable ? .absent : .error
    case .wrapper:
      presence = .wrapped
      valueTag = 1 &<< 3 | wireType
      skipsZero = true
      null = field.isNullable ? .absent : .error
    case .nullable:
      presence = .wrapped
      valueTag = 1 &<< 3 | wireType
      skipsZero = false
      null = .message
    }
  }
}

extension CompiledColumn.Form {
  init(_ field: Field) {
    self =
      switch field.type.scalar {
      case .bool: .bool
      case .int32: .int32
      case .int64: .int64
      case .uint32: .uint32
      case .uint64: .uint64
      case .float: .float
      case .double: .double
      case .string: .string
      case .bytes: .bytes
      case .date: .date
      case .time: .time
      case .decimal: .decimal
      case .uuid: .uuid
      case .timestamp: field.usesStringInProto ? .timestampText : .timestamp
      case .duration: field.usesStringInProto ? .durationText : .duration
      case .json: field.usesStringInProto ? .jsonText : .value
      }
  }

  var wireType: WireType {
    switch self {
    case .bool, .int32, .int64, .uint32, .uint64, .enumeration: .varint
    case .float: .fixed32
    case .double: .fixed64
    case .string, .bytes, .date, .time, .decimal, .uuid, .timestampText, .durationText, .jsonText, .timestamp,
      .duration,
      .value:
      .lengthDelimited
    }
  }
}
