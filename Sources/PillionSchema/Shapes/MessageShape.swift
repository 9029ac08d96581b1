/// A proto message as both compilers see it: the printer makes text of it, the codec makes tables of it.
package struct MessageShape: Sendable {
  /// What the message is for.
  package enum Role: Sendable, Hashable { case model, list, listPage, retrieve, destroy, partialUpdate, method }

  package var role: Role
  /// Without the package.
  package var name: String
  package var doc: String?
  /// In the order in which they are printed.
  package var fields: [FieldShape]
  /// Fields of the definitions that are in this message alone.
  package var ownFields: [Field] = []

  package init(role: Role, name: String, doc: String? = nil, fields: [FieldShape]) {
    self.role = role
    self.name = name
    self.doc = doc
    self.fields = fields
  }

  /// The field of the definitions whose own value `field` holds; nil: none, or the field is not of `model`.
  package func definition(of field: FieldShape, in model: Model) -> Field? {
    switch field.source {
    case .field(let index): model.fields.indices.contains(index) ? model.fields[index] : nil
    case .ownField(let index): ownFields.indices.contains(index) ? ownFields[index] : nil
    default: nil
    }
  }
}

package struct FieldShape: Sendable {
  package var name: String
  package var number: Int32
  package var type: ProtoType
  package var label: Label
  package var source: Source
  package var doc: String?
  /// The proto enum whose values it holds; its type is then int32, which has the same bytes.
  package var enumeration: EnumShape?

  package init(name: String, number: Int32, type: ProtoType, label: Label, source: Source, doc: String? = nil) {
    self.name = name
    self.number = number
    self.type = type
    self.label = label
    self.source = source
    self.doc = doc
  }

  package enum Label: Sendable, Hashable {
    /// proto3 without a label: a scalar's zero is not on the wire; a message has presence.
    case implicit
    /// proto3 `optional`.
    case optional
    case repeated
  }

  /// Where the value comes from or goes to.
  package enum Source: Sendable, Hashable {
    /// Index into `Model.fields`.
    case field(Int)
    /// The rows that the relation with this index in `Model.fields` leads to, as messages; never taken from a request.
    case expansion(Int)
    /// `is_<field>_set` of the repeated field with this index in `Model.fields`.
    case isSet(Int)
    /// Index into `MessageShape.ownFields`.
    case ownField(Int)
    case filter, orderBy, pageSize, pageToken, readMask
    /// Of ListPage's answer.
    case results, nextPageToken, totalSize
    /// A field of a service that belongs to no model, known by its place.
    case serviceField

    /// Index into `Model.fields`, if it belongs to one of them.
    package var modelField: Int? {
      switch self {
      case .field(let index), .expansion(let index), .isSet(let index): index
      case .filter, .orderBy, .pageSize, .pageToken, .readMask, .results, .nextPageToken, .totalSize: nil
      case .ownField, .serviceField: nil
      }
    }
  }
}

/// The type of a proto field.
package enum ProtoType: Sendable, Hashable {
  case scalar(ProtoScalar)
  /// `google.protobuf.Timestamp` and its kind.
  case wellKnown(WellKnownType)
  /// `google.protobuf.StringValue` and its kind: `{ T value = 1; }`.
  case wrapper(ProtoScalar)
  /// Another message of the package.
  case message(String)
  /// A message of another package.
  case imported(String, package: String)
  /// `NullableString` and its kind: `{ oneof kind { T value = 1; google.protobuf.NullValue null = 2; } }`.
  case nullable(ProtoElement)
}

/// A type that can stand inside a nullable message.
package enum ProtoElement: Sendable, Hashable {
  case scalar(ProtoScalar)
  case wellKnown(WellKnownType)
}

/// The raw value is the proto keyword.
package enum ProtoScalar: String, Sendable, Hashable, CaseIterable {
  case bool, int32, int64, uint32, uint64, float, double, string, bytes
}

package enum WellKnownType: String, Sendable, Hashable, CaseIterable {
  case timestamp = "google.protobuf.Timestamp"
  case duration = "google.protobuf.Duration"
  case value = "google.protobuf.Value"
  case fieldMask = "google.protobuf.FieldMask"
}

extension Field {
  /// The proto type of one value of the field, null style aside.
  package var protoElement: ProtoElement {
    switch type.scalar {
    case _ where enumName != nil: .scalar(.int32)
    case .bool: .scalar(.bool)
    case .int32: .scalar(.int32)
    case .int64: .scalar(.int64)
    case .uint32: .scalar(.uint32)
    case .uint64: .scalar(.uint64)
    case .float: .scalar(.float)
    case .double: .scalar(.double)
    case .bytes: .scalar(.bytes)
    case .string, .date, .time, .decimal, .uuid: .scalar(.string)
    case .timestamp: usesStringInProto ? .scalar(.string) : .wellKnown(.timestamp)
    case .duration: usesStringInProto ? .scalar(.string) : .wellKnown(.duration)
    case .json: usesStringInProto ? .scalar(.string) : .wellKnown(.value)
    }
  }
}
