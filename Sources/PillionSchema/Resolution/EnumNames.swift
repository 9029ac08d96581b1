/// Checks that the choices of an `enum: true` can be the values of a proto enum.
struct EnumNames {
  let sink: DiagnosticSink

  /// The enum's name; nil if the field has none.
  func name(of field: Field, in definition: FieldDefinition, model: String) -> String? {
    guard let entry = definition.section.entries[.enum], field.isEnum else { return nil }
    let name = model + Identifier.upperCamelCase(field.name)
    guard let choices = definition.section.entries[.choices] else {
      sink.error(at: entry.keyLocation, "an enum needs 'choices', its values")
      return nil
    }
    let zero = EnumShape(name: name, values: []).zeroName
    var names: [String: Choice] = [:]
    for choice in field.choices {
      guard let value = EnumShape.name(of: choice, in: name) else {
        sink.error(
          at: choices.value.location,
          "the choice \(choice.excerpt) makes no name for an enum value: letters and digits",
          suggestion: "leave 'enum' out")
        continue
      }
      if let first = names.updateValue(choice, forKey: value) {
        sink.error(
          at: choices.value.location, "the choices \(first.excerpt) and \(choice.excerpt) are both \(value) in an enum",
          suggestion: "leave 'enum' out")
      } else if value == zero {
        sink.error(
          at: choices.value.location, "the choice \(choice.excerpt) has the name of the enum's zero, \(zero)",
          suggestion: "leave 'enum' out")
      }
    }
    return name
  }
}

extension Choice {
  /// What a message calls it.
  package var excerpt: String {
    switch self {
    case .int(let value): "\(value)"
    case .text(let value): "'\(YAMLScalar(text: value, isPlain: false).excerpt)'"
    }
  }
}
