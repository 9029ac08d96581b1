/// Reads `default:` as a value of the field's type that keeps to the field's limits.
struct DefaultReader {
  let section: Section<FieldKey>
  let kind: FieldKind
  let scalar: ScalarType
  let isNullable: Bool
  let limits: FieldLimits
  let sink: DiagnosticSink

  /// Nil without `default:` and if it is wrong, which is reported.
  func read() -> DefaultValue? {
    guard let node = section.entries[.default]?.value, FieldKey.default.applies(to: kind) else { return nil }
    if node.isNull {
      if isNullable { return .null }
      sink.error(at: node.location, "'default' is null, but the field may not be null", suggestion: "add 'null: true'")
      return nil
    }
    if case .array = kind { return list(node) }
    if scalar.isDateLike, case .scalar(let text) = node.value, text.text == "now" { return .now }
    guard let value = single(node, called: "'default'") else { return nil }
    limits.check(value, called: "the default", at: node.location, sink)
    if !limits.choices.isEmpty, let choice = value.choice, !limits.choices.contains(choice) {
      sink.error(at: node.location, "the default \(value.excerpt) is none of the choices")
    }
    return value
  }

  private func list(_ node: YAMLNode) -> DefaultValue? {
    guard case .list(let items) = node.value else {
      sink.error(at: node.location, "'default' expected a list, found \(node.kind)")
      return nil
    }
    let values = items.compactMap { single($0, called: "an item of 'default'") }
    guard values.count == items.count else { return nil }
    limits.check(.list(values), called: "the default of", at: node.location, sink)
    return .list(values)
  }

  private func single(_ node: YAMLNode, called name: String) -> DefaultValue? {
    switch ScalarValue(scalar).read(node) {
    case .value(let value):
      return value
    case .wrong(let expected, let suggestion):
      var suggestion = suggestion
      if scalar.isDateLike, suggestion == nil, kind == .scalar(scalar) { suggestion = "or 'now'" }
      sink.error(at: node.location, "\(name) expected \(expected), found \(node.kind)", suggestion: suggestion)
      return nil
    }
  }
}
