extension Lock {
  /// The first line that is not a comment: the form of the file.
  static let version = "version 1"

  /// The file's text: messages, then enums, then services, by name; fields and values by number, rpcs by name; byte-stable.
  package var text: String {
    var text = """
      # Numbers of the fields in the generated protos, kept for ever. Made by `pillion generate-protos`; commit it.
      # After a merge conflict keep the lines of both sides. Where both gave one number to different fields, the field
      # that has not been released takes the next number that is free; then run `pillion generate-protos` again.
      \(Self.version)

      """
    for (name, message) in messages.sorted(by: { $0.key < $1.key }) {
      text += "\nmessage \(name)\(was(message.formerNames))\(message.isReserved ? " reserved" : "")\n"
      for field in message.fields {
        let was = was(field.formerNames)
        text += "  \(field.number) \(field.name) \(field.type)\(was)\(field.isReserved ? " reserved" : "")\n"
      }
    }
    for (name, enumeration) in enums.sorted(by: { $0.key < $1.key }) {
      text += "\nenum \(name)\(enumeration.isReserved ? " reserved" : "")\n"
      for value in enumeration.fields {
        text += "  \(value.number) \(value.name)\(value.isReserved ? " reserved" : "")\n"
      }
    }
    for (name, service) in services.sorted(by: { $0.key < $1.key }) {
      text += "\nservice \(name)\(service.isReserved ? " reserved" : "")\n"
      for (name, method) in service.methods.sorted(by: { $0.key < $1.key }) {
        let stream = method.isServerStreaming ? "stream " : ""
        text += "  \(name) \(method.request) -> \(stream)\(method.response)\(method.isReserved ? " reserved" : "")\n"
      }
    }
    return text
  }

  private func was(_ names: [String]) -> String { names.isEmpty ? "" : " was \(names.joined(separator: ","))" }
}
