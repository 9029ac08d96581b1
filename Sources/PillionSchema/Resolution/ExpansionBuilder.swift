/// Reads `expand:`: what a relation's rows are called in the messages that hold them.
///
/// With `true` the relation's name is that of its rows, and its key gets another: `author` and `author_id`. With a name
/// the relation stays its key, as clients know it, and its rows come under that name.
struct ExpansionBuilder {
  let definition: FieldDefinition
  let kind: FieldKind
  let sink: DiagnosticSink

  /// Nil if only keys are sent.
  func build() -> Expansion? {
    guard let node = definition.section.entries[.expand]?.value else { return nil }
    let name = definition.name.value
    guard case .scalar(let scalar) = node.value else {
      sink.error(at: node.location, "'expand' expected true, false or a name, found \(node.kind)")
      return nil
    }
    switch scalar.meaning {
    case .bool(false): return nil
    case .bool(true):
      switch kind {
      case .foreignKey: return Expansion(name: name, keyName: "\(name)_id")
      case .manyToMany: return Expansion(name: name, keyName: "\(name)_ids")
      default: return Expansion(name: name, keyName: nil)
      }
    case .text where YAMLValues.flagMeant(node) == nil: return named(Located(scalar.text, at: node.location))
    default:
      sink.error(
        at: node.location, "'expand' expected true, false or a name, found \(node.kind)",
        suggestion: YAMLValues.flagMeant(node).map { "write \($0)" })
      return nil
    }
  }

  private func named(_ name: Located<String>) -> Expansion? {
    if kind == .reverse {
      sink.error(
        at: name.location, "a reverse relation is sent as keys or as messages, under its own name",
        suggestion: "write 'expand: true'")
      return nil
    }
    if !Identifier.isLowerSnakeCase(name.value) {
      let near = Identifier.lowerSnakeCase(near: name.value)
      sink.error(
        at: name.location, "'\(name.value)' is no name for a field: lower_snake_case letters, digits and underscores",
        suggestion: near.isEmpty ? nil : "write '\(near)'")
      return nil
    }
    if name.value == definition.name.value {
      sink.error(
        at: name.location, "'\(name.value)' is the field of the key already",
        suggestion: "give the rows another name, or write 'expand: true'")
      return nil
    }
    return Expansion(name: name.value, keyName: definition.name.value)
  }
}
