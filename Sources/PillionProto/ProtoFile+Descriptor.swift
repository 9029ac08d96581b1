import PillionSchema
package import SwiftProtobuf

extension ProtoFile {
  /// The descriptor that protoc makes of the file's text, comments aside: what reflection serves.
  package var descriptor: Google_Protobuf_FileDescriptorProto {
    var file = Google_Protobuf_FileDescriptorProto()
    file.name = name
    if !package.isEmpty { file.package = package }
    file.dependency = imports
    file.syntax = "proto3"
    file.options.goPackage = goPackage
    file.messageType = messages.map { $0.descriptor(in: self) }
    file.enumType = enums.map(\.descriptor)
    file.service = services.map { $0.descriptor(in: self) }
    return file
  }

  /// `.blog.Post`: the form that descriptors refer to types in.
  fileprivate func rooted(_ type: ProtoTypeName) -> String {
    switch type {
    case .local(let name), .enumeration(let name): ".\(fullName(name))"
    case .scalar, .imported, .google, .nullValue: ".\(type)"
    }
  }
}

extension ProtoService {
  fileprivate func descriptor(in file: ProtoFile) -> Google_Protobuf_ServiceDescriptorProto {
    var service = Google_Protobuf_ServiceDescriptorProto()
    service.name = name
    service.method = methods.map { method in
      var descriptor = Google_Protobuf_MethodDescriptorProto()
      descriptor.name = method.name
      descriptor.inputType = file.rooted(method.request)
      descriptor.outputType = file.rooted(method.response)
      // protoc sets empty options for a method with a body, `{}`.
      descriptor.options = Google_Protobuf_MethodOptions()
      if method.isDeprecated { descriptor.options.deprecated = true }
      if method.isServerStreaming { descriptor.serverStreaming = true }
      return descriptor
    }
    if isDeprecated { service.options.deprecated = true }
    return service
  }
}

extension ProtoMessage {
  fileprivate func descriptor(in file: ProtoFile) -> Google_Protobuf_DescriptorProto {
    var message = Google_Protobuf_DescriptorProto()
    message.name = name
    var taken = Set(fields.map(\.name))
    if let oneof {
      message.oneofDecl = [.with { $0.name = oneof }]
      taken.insert(oneof)
    }
    for field in fields {
      var descriptor = field.descriptor(in: file)
      if oneof != nil {
        descriptor.oneofIndex = 0
      } else if field.label == .optional {
        // An optional field is the one member of a oneof that protoc adds, named as GenerateSyntheticOneofs of
        // protobuf's parser.cc names it.
        var synthetic = field.name.hasPrefix("_") ? field.name : "_\(field.name)"
        while taken.contains(synthetic) { synthetic = "X\(synthetic)" }
        taken.insert(synthetic)
        descriptor.oneofIndex = Int32(clamping: message.oneofDecl.count)
        descriptor.proto3Optional = true
        message.oneofDecl.append(.with { $0.name = synthetic })
      }
      message.field.append(descriptor)
    }
    message.reservedRange = reservedNumbers.map { number in
      .with {
        $0.start = number
        $0.end = number &+ 1
      }
    }
    message.reservedName = reservedNames
    if isDeprecated { message.options.deprecated = true }
    return message
  }
}

extension ProtoEnum {
  fileprivate var descriptor: Google_Protobuf_EnumDescriptorProto {
    .with { descriptor in
      descriptor.name = name
      descriptor.value = values.map { value in
        .with {
          $0.name = value.name
          $0.number = value.number
        }
      }
      // Unlike a message's, an enum's range holds its end.
      descriptor.reservedRange = reservedNumbers.map { number in
        .with {
          $0.start = number
          $0.end = number
        }
      }
      descriptor.reservedName = reservedNames
    }
  }
}

extension ProtoField {
  fileprivate func descriptor(in file: ProtoFile) -> Google_Protobuf_FieldDescriptorProto {
    var field = Google_Protobuf_FieldDescriptorProto()
    field.name = name
    field.number = number
    field.label = label == .repeated ? .repeated : .optional
    field.jsonName = jsonName(ofProtoField: name)
    if isDeprecated { field.options.deprecated = true }
    switch type {
    case .scalar(let scalar): field.type = scalar.descriptorType
    case .local, .imported, .google:
      field.type = .message
      field.typeName = file.rooted(type)
    case .nullValue, .enumeration:
      field.type = .enum
      field.typeName = file.rooted(type)
    }
    return field
  }
}

/// lowerCamelCase as protoc makes it: an underscore goes and the letter after it becomes a capital.
func jsonName(ofProtoField name: String) -> String {
  var result = ""
  var raises = false
  for character in name {
    if character == "_" {
      raises = true
    } else {
      result += raises ? character.uppercased() : String(character)
      raises = false
    }
  }
  return result
}

extension ProtoScalar {
  var descriptorType: Google_Protobuf_FieldDescriptorProto.TypeEnum {
    switch self {
    case .bool: .bool
    case .int32: .int32
    case .int64: .int64
    case .uint32: .uint32
    case .uint64: .uint64
    case .float: .float
    case .double: .double
    case .string: .string
    case .bytes: .bytes
    }
  }
}
