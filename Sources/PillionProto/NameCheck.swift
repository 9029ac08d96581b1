import PillionSchema

/// Finds names that protoc would refuse to see twice: in a package, in a message, and in a message's JSON form.
struct NameCheck {
  var diagnostics: [Diagnostic] = []

  mutating func check(_ files: [ProtoFile]) {
    for file in files {
      var declared: [String: SourceLocation] = [:]
      for declaration in file.declarations {
        let location: SourceLocation
        // The values of an enum stand beside it, not in it.
        let names: [String]
        switch declaration {
        case .service(let service): (names, location) = ([service.name], service.location)
        case .message(let message): (names, location) = ([message.name], message.location)
        case .enumeration(let enumeration):
          (names, location) = ([enumeration.name] + enumeration.values.map(\.name), enumeration.location)
        }
        for name in names {
          if let first = declared[name] {
            diagnostics.append(
              Diagnostic(
                at: location, "\(file.fullName(name)) is needed a second time in the proto",
                suggestion: "the first is from \(first); rename the model or its service"))
          } else {
            declared[name] = location
          }
        }
      }
      for message in file.messages { check(message, in: file) }
    }
  }

  private mutating func check(_ message: ProtoMessage, in file: ProtoFile) {
    var names: Set<String> = []
    var jsonNames: [String: String] = [:]
    for field in message.fields {
      if !names.insert(field.name).inserted {
        diagnostics.append(
          Diagnostic(
            at: field.location, "\(file.fullName(message.name)) has two fields called `\(field.name)`",
            suggestion: "rename the field, or set `lookup_request_field`"))
      } else if let other = jsonNames.updateValue(field.name, forKey: field.name.lowercased().replacing("_", with: ""))
      {
        diagnostics.append(
          Diagnostic(
            at: field.location,
            "`\(other)` and `\(field.name)` of \(file.fullName(message.name)) have one name in JSON",
            suggestion: "rename one; protoc refuses names that differ in underscores only"))
      }
    }
  }
}
