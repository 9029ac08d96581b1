package import PillionSchema

/// One `.proto` file as a structure: its text and its descriptor are both made from it, and the lock is kept against it.
package struct ProtoFile: Sendable {
  /// Path below the output folder and import name: `blog.proto`.
  package var name: String
  /// The proto package; may be empty.
  package var package: String
  /// Lines of the comment above everything, without `//`.
  package var header: [String]
  /// Lines of the comment at the package statement.
  package var comment: [String]
  /// In the order in which they are printed.
  package var declarations: [Declaration]

  package enum Declaration: Sendable {
    case service(ProtoService)
    case message(ProtoMessage)
    case enumeration(ProtoEnum)
  }

  package var services: [ProtoService] {
    declarations.compactMap { if case .service(let service) = $0 { service } else { nil } }
  }

  package var messages: [ProtoMessage] {
    declarations.compactMap { if case .message(let message) = $0 { message } else { nil } }
  }

  package var enums: [ProtoEnum] {
    declarations.compactMap { if case .enumeration(let enumeration) = $0 { enumeration } else { nil } }
  }

  /// `blog.Post` of `Post`.
  package func fullName(_ name: String) -> String { package.isEmpty ? name : "\(package).\(name)" }

  /// Imports that the declarations need, sorted.
  package var imports: [String] {
    var imports: Set<String> = []
    for service in services {
      for method in service.methods {
        imports.formUnion([method.request.importPath, method.response.importPath].compactMap(\.self))
      }
    }
    for message in messages { imports.formUnion(message.fields.compactMap(\.type.importPath)) }
    return imports.sorted()
  }

  /// Value of `option go_package`: `./blogpb`, and `./blog/v1pb;blogv1pb` for a package with dots.
  ///
  /// Relative, so that `protoc --go_out=DIR` writes below DIR; who has a module of his own overrides it with
  /// protoc-gen-go's `M` flag. The suffix keeps the name off Go's keywords and the program's own packages.
  package var goPackage: String {
    guard !package.isEmpty else { return "./pillionpb" }
    let components = package.split(separator: ".")
    let path = "./\(components.joined(separator: "/"))pb"
    return components.count == 1 ? path : "\(path);\(components.joined())pb"
  }
}

/// One service of a file.
package struct ProtoService: Sendable {
  package var name: String
  package var methods: [ProtoMethod]
  package var isDeprecated = false
  package var location: SourceLocation
}

/// One rpc; only its response can be a stream.
package struct ProtoMethod: Sendable {
  package var name: String
  /// Lines without `//`.
  package var comment: [String] = []
  package var request: ProtoTypeName
  package var response: ProtoTypeName
  package var isServerStreaming: Bool
  package var isDeprecated = false
}

/// One message of a file.
package struct ProtoMessage: Sendable {
  package var name: String
  /// Lines without `//`.
  package var comment: [String] = []
  /// In the order in which they are printed.
  package var fields: [ProtoField]
  /// The fields are all members of a oneof with this name.
  package var oneof: String?
  /// Numbers of removed fields, ascending.
  package var reservedNumbers: [Int32] = []
  /// Names of removed and renamed fields that no field has now, in the order of their numbers.
  package var reservedNames: [String] = []
  package var isDeprecated = false
  /// Nil for nullable messages.
  package var role: MessageShape.Role?
  /// Full name of the message of rows that it goes with, if it goes with one: `blog.Post` of `PostListRequest`.
  package var model: String?
  /// Of a method's request: what the fields that find the model's row are called, whether or not they are in it.
  package var lookups: [String] = []
  /// What the message was called before its model was renamed.
  package var was: String?
  /// Where the model is defined.
  package var location: SourceLocation
}

/// One enum of a file, at its top level.
package struct ProtoEnum: Sendable {
  package struct Value: Sendable {
    package var name: String
    package var number: Int32
    /// Lines without `//`.
    package var comment: [String] = []
  }

  package var name: String
  /// The zero first.
  package var values: [Value]
  /// Numbers of removed values, ascending.
  package var reservedNumbers: [Int32] = []
  package var reservedNames: [String] = []
  /// Full name of the model that the enum belongs to.
  package var model: String
  /// Where the field that has it is defined.
  package var location: SourceLocation
}

package struct ProtoField: Sendable {
  package var name: String
  package var number: Int32
  package var type: ProtoTypeName
  package var label: FieldShape.Label = .implicit
  /// Lines without `//`.
  package var comment: [String] = []
  package var isDeprecated = false
  /// Where the field, or else its model, is defined.
  package var location: SourceLocation
  /// The model's field that it stands for, if it stands for one, in the message of rows: `blog.Post.title`.
  package var origin: String?
  /// What the field was called before it was renamed.
  package var was: String?

  /// Label and type as the lock keeps them: `repeated int32`.
  package var lockType: String {
    switch label {
    case .implicit: type.description
    case .optional: "optional \(type)"
    case .repeated: "repeated \(type)"
    }
  }
}

/// The name of a type as a file of ours can use it.
package enum ProtoTypeName: Sendable, Hashable, CustomStringConvertible {
  case scalar(ProtoScalar)
  /// A message of the same package.
  case local(String)
  /// An enum of the same package.
  case enumeration(String)
  /// A message of another package of the definitions.
  case imported(String, package: String)
  /// A message of `google.protobuf`.
  case google(String)
  /// The enum `google.protobuf.NullValue`.
  case nullValue

  /// `int32`, `Post`, `google.protobuf.Empty`.
  package var description: String {
    switch self {
    case .scalar(let scalar): scalar.rawValue
    case .local(let name), .enumeration(let name): name
    case .imported(let name, let package): "\(package).\(name)"
    case .google(let name): "google.protobuf.\(name)"
    case .nullValue: "google.protobuf.NullValue"
    }
  }

  /// The file that declares the type; nil: none is needed.
  var importPath: String? {
    switch self {
    case .scalar, .local, .enumeration: nil
    case .imported(_, let package): ProtoFile.fileName(package)
    case .google("Empty"): "google/protobuf/empty.proto"
    case .google("Timestamp"): "google/protobuf/timestamp.proto"
    case .google("Duration"): "google/protobuf/duration.proto"
    case .google("FieldMask"): "google/protobuf/field_mask.proto"
    case .google("Value"), .nullValue: "google/protobuf/struct.proto"
    case .google: "google/protobuf/wrappers.proto"
    }
  }
}
