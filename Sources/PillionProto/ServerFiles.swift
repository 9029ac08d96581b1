import SwiftProtobuf

/// The protos of the services that every server has, without their comments and options; reflection serves them.
enum ServerFiles {
  /// `grpc/health/v1/health.proto` of github.com/grpc/grpc-proto, as far as the server answers it.
  static var health: Google_Protobuf_FileDescriptorProto {
    var response = message(
      "HealthCheckResponse", [field("status", 1, .enum, ".grpc.health.v1.HealthCheckResponse.ServingStatus")])
    response.enumType = [
      .with { status in
        status.name = "ServingStatus"
        status.value = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"].enumerated().map { number, name in
          .with {
            $0.name = name
            $0.number = Int32(clamping: number)
          }
        }
      }
    ]
    var file = Google_Protobuf_FileDescriptorProto()
    file.name = "grpc/health/v1/health.proto"
    file.package = "grpc.health.v1"
    file.messageType = [message("HealthCheckRequest", [field("service", 1, .string)]), response]
    file.service = [
      .with { service in
        service.name = "Health"
        service.method = ["Check", "Watch"].map { name in
          .with {
            $0.name = name
            $0.inputType = ".grpc.health.v1.HealthCheckRequest"
            $0.outputType = ".grpc.health.v1.HealthCheckResponse"
            if name == "Watch" { $0.serverStreaming = true }
          }
        }
      }
    ]
    file.syntax = "proto3"
    return file
  }

  /// `grpc/reflection/v1/reflection.proto` or, for `v1alpha`, its predecessor, which differs in the package alone.
  static func reflection(version: String) -> Google_Protobuf_FileDescriptorProto {
    let package = "grpc.reflection.\(version)"
    var request = message(
      "ServerReflectionRequest",
      [
        field("host", 1, .string), field("file_by_filename", 3, .string), field("file_containing_symbol", 4, .string),
        field("file_containing_extension", 5, .message, ".\(package).ExtensionRequest"),
        field("all_extension_numbers_of_type", 6, .string), field("list_services", 7, .string),
      ])
    request.oneofDecl = [.with { $0.name = "message_request" }]
    for index in request.field.indices.dropFirst() { request.field[index].oneofIndex = 0 }
    var response = message(
      "ServerReflectionResponse",
      [
        field("valid_host", 1, .string),
        field("original_request", 2, .message, ".\(package).ServerReflectionRequest"),
        field("file_descriptor_response", 4, .message, ".\(package).FileDescriptorResponse"),
        field("all_extension_numbers_response", 5, .message, ".\(package).ExtensionNumberResponse"),
        field("list_services_response", 6, .message, ".\(package).ListServiceResponse"),
        field("error_response", 7, .message, ".\(package).ErrorResponse"),
      ])
    response.oneofDecl = [.with { $0.name = "message_response" }]
    for index in response.field.indices.dropFirst(2) { response.field[index].oneofIndex = 0 }
    var file = Google_Protobuf_FileDescriptorProto()
    file.name = "grpc/reflection/\(version)/reflection.proto"
    file.package = package
    file.messageType = [
      request,
      message("ExtensionRequest", [field("containing_type", 1, .string), field("extension_number", 2, .int32)]),
      response,
      message("FileDescriptorResponse", [field("file_descriptor_proto", 1, .bytes, repeated: true)]),
      message(
        "ExtensionNumberResponse",
        [field("base_type_name", 1, .string), field("extension_number", 2, .int32, repeated: true)]),
      message("ListServiceResponse", [field("service", 1, .message, ".\(package).ServiceResponse", repeated: true)]),
      message("ServiceResponse", [field("name", 1, .string)]),
      message("ErrorResponse", [field("error_code", 1, .int32), field("error_message", 2, .string)]),
    ]
    file.service = [
      .with { service in
        service.name = "ServerReflection"
        service.method = [
          .with {
            $0.name = "ServerReflectionInfo"
            $0.inputType = ".\(package).ServerReflectionRequest"
            $0.outputType = ".\(package).ServerReflectionResponse"
            $0.clientStreaming = true
            $0.serverStreaming = true
          }
        ]
      }
    ]
    file.syntax = "proto3"
    return file
  }
}
