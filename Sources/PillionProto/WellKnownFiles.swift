import PillionSchema
import SwiftProtobuf

/// The files of `google/protobuf` that generated protos import, as protoc's own descriptors of them.
enum WellKnownFiles {
  /// Nil: generated protos do not import it.
  static func descriptor(_ path: String) -> Google_Protobuf_FileDescriptorProto? {
    switch path {
    case "google/protobuf/empty.proto": file(path, "Empty", [message("Empty", [])])
    case "google/protobuf/timestamp.proto": file(path, "Timestamp", [secondsAndNanos("Timestamp")])
    case "google/protobuf/duration.proto": file(path, "Duration", [secondsAndNanos("Duration")])
    case "google/protobuf/wrappers.proto": file(path, "Wrappers", wrappers)
    case "google/protobuf/struct.proto": structFile(path)
    case "google/protobuf/field_mask.proto":
      file(path, "FieldMask", [message("FieldMask", [field("paths", 1, .string, repeated: true)])])
    default: nil
    }
  }

  /// In the order of `wrappers.proto`.
  private static var wrappers: [Google_Protobuf_DescriptorProto] {
    let scalars: [ProtoScalar] = [.double, .float, .int64, .uint64, .int32, .uint32, .bool, .string, .bytes]
    return scalars.map { message($0.wrapperName, [field("value", 1, $0.descriptorType)]) }
  }

  private static func structFile(_ path: String) -> Google_Protobuf_FileDescriptorProto {
    var structure = message(
      "Struct", [field("fields", 1, .message, ".google.protobuf.Struct.FieldsEntry", repeated: true)])
    var entry = message(
      "FieldsEntry", [field("key", 1, .string), field("value", 2, .message, ".google.protobuf.Value")])
    entry.options.mapEntry = true
    structure.nestedType = [entry]
    var value = message(
      "Value",
      [
        field("null_value", 1, .enum, ".google.protobuf.NullValue"), field("number_value", 2, .double),
        field("string_value", 3, .string), field("bool_value", 4, .bool),
        field("struct_value", 5, .message, ".google.protobuf.Struct"),
        field("list_value", 6, .message, ".google.protobuf.ListValue"),
      ])
    value.oneofDecl = [.with { $0.name = "kind" }]
    for index in value.field.indices { value.field[index].oneofIndex = 0 }
    let list = message("ListValue", [field("values", 1, .message, ".google.protobuf.Value", repeated: true)])
    var file = file(path, "Struct", [structure, value, list])
    file.enumType = [
      .with { null in
        null.name = "NullValue"
        null.value = [
          .with {
            $0.name = "NULL_VALUE"
            $0.number = 0
          }
        ]
      }
    ]
    return file
  }

  private static func secondsAndNanos(_ name: String) -> Google_Protobuf_DescriptorProto {
    message(name, [field("seconds", 1, .int64), field("nanos", 2, .int32)])
  }

  private static func file(
    _ path: String, _ name: String, _ messages: [Google_Protobuf_DescriptorProto]
  ) -> Google_Protobuf_FileDescriptorProto {
    .with {
      $0.name = path
      $0.package = "google.protobuf"
      $0.messageType = messages
      $0.options = .with {
        $0.javaPackage = "com.google.protobuf"
        $0.javaOuterClassname = "\(name)Proto"
        $0.javaMultipleFiles = true
        $0.goPackage = "google.golang.org/protobuf/types/known/\(name.lowercased())pb"
        $0.ccEnableArenas = true
        $0.objcClassPrefix = "GPB"
        $0.csharpNamespace = "Google.Protobuf.WellKnownTypes"
      }
      $0.syntax = "proto3"
    }
  }
}
