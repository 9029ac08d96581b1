import PillionSchema
import SwiftProtobuf

// Descriptors written down in code, for files that are not generated from definitions.

func message(
  _ name: String, _ fields: [Google_Protobuf_FieldDescriptorProto]
) -> Google_Protobuf_DescriptorProto {
  .with {
    $0.name = name
    $0.field = fields
  }
}

func field(
  _ name: String, _ number: Int32, _ type: Google_Protobuf_FieldDescriptorProto.TypeEnum, _ typeName: String? = nil,
  repeated: Bool = false
) -> Google_Protobuf_FieldDescriptorProto {
  .with {
    $0.name = name
    $0.number = number
    $0.label = repeated ? .repeated : .optional
    $0.type = type
    if let typeName { $0.typeName = typeName }
    $0.jsonName = jsonName(ofProtoField: name)
  }
}
