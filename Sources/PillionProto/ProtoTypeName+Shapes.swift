import PillionSchema

extension ProtoTypeName {
  /// The type of a field: its shape's, or the enum around that.
  init(_ field: FieldShape) {
    switch (field.enumeration, field.type) {
    case (let enumeration?, .nullable): self = .local(enumeration.nullableName)
    case (let enumeration?, _): self = .enumeration(enumeration.name)
    case (nil, let type): self.init(type)
    }
  }

  /// The type of a field of a shape.
  init(_ type: ProtoType) {
    switch type {
    case .scalar(let scalar): self = .scalar(scalar)
    case .wellKnown(let type): self.init(type)
    case .wrapper(let scalar): self = .google(scalar.wrapperName)
    case .message(let name): self = .local(name)
    case .imported(let name, let package): self = .imported(name, package: package)
    case .nullable(let element): self = .local(element.nullableName)
    }
  }

  private init(_ type: WellKnownType) {
    switch type {
    case .timestamp: self = .google("Timestamp")
    case .duration: self = .google("Duration")
    case .value: self = .google("Value")
    case .fieldMask: self = .google("FieldMask")
    }
  }

  /// The type of a value inside a nullable message.
  init(_ element: ProtoElement) {
    switch element {
    case .scalar(let scalar): self = .scalar(scalar)
    case .wellKnown(let type): self.init(type)
    }
  }
}

extension ProtoScalar {
  /// The message of `google/protobuf/wrappers.proto` around the scalar.
  var wrapperName: String {
    switch self {
    case .bool: "BoolValue"
    case .int32: "Int32Value"
    case .int64: "Int64Value"
    case .uint32: "UInt32Value"
    case .uint64: "UInt64Value"
    case .float: "FloatValue"
    case .double: "DoubleValue"
    case .string: "StringValue"
    case .bytes: "BytesValue"
    }
  }
}

extension ProtoElement {
  /// Every element, in the order in which a file declares the nullable messages.
  static let all: [ProtoElement] =
    ProtoScalar.allCases.map(ProtoElement.scalar) + WellKnownType.allCases.map(ProtoElement.wellKnown)

  /// `NullableString`, `NullableUint32`, `NullableTimestamp`.
  var nullableName: String {
    switch self {
    case .scalar(let scalar): "Nullable" + scalar.rawValue.prefix(1).uppercased() + scalar.rawValue.dropFirst()
    case .wellKnown(.timestamp): "NullableTimestamp"
    case .wellKnown(.duration): "NullableDuration"
    case .wellKnown(.value): "NullableValue"
    case .wellKnown(.fieldMask): "NullableFieldMask"
    }
  }

  /// `NullableString { oneof kind { string value = 1; google.protobuf.NullValue null = 2; } }`, as the ancestor's.
  func nullableMessage(location: SourceLocation) -> ProtoMessage {
    ProtoMessage(nullable: ProtoTypeName(self), name: nullableName, location: location)
  }
}

extension EnumShape {
  /// `NullablePostLanguage`.
  var nullableName: String { "Nullable\(name)" }

  /// As the nullable message of a scalar.
  func nullableMessage(location: SourceLocation) -> ProtoMessage {
    ProtoMessage(nullable: .enumeration(name), name: nullableName, location: location)
  }
}

extension ProtoMessage {
  fileprivate init(nullable type: ProtoTypeName, name: String, location: SourceLocation) {
    self.init(
      name: name,
      comment: ["A value or null; with neither set, nothing is said about the field."],
      fields: [
        ProtoField(name: "value", number: 1, type: type, location: location),
        ProtoField(name: "null", number: 2, type: .nullValue, location: location),
      ],
      oneof: "kind",
      location: location)
  }
}
