/// Makes a `DeclaredMethod` of an entry of a service's `methods:`.
struct MethodBuilder {
  let entry: YAMLEntry
  /// The message of the service's rows, for which the method's own are named.
  let message: String
  /// Whether there is a field that finds one row.
  let hasLookup: Bool
  let sink: DiagnosticSink

  /// Which of a method's messages a field is in.
  private enum Part: String {
    case request, response

    func applies(_ key: FieldKey) -> Bool { self == .request ? key.appliesToRequest : key.appliesToResponse }
  }

  /// Nil if the entry is no method, which is reported.
  func build() -> DeclaredMethod? {
    checkName()
    let empty = Section<MethodKey>(emptyAt: entry.keyLocation)
    guard let section = entry.value.isNull ? empty : Section<MethodKey>(entry.value, sink: sink) else { return nil }
    let findsRow = section.flag(.detail, sink)?.value ?? true
    if findsRow, !hasLookup {
      sink.error(
        at: section.entries[.detail]?.value.location ?? entry.keyLocation,
        "'\(entry.key)' cannot find a row: the model has no primary key", suggestion: "add 'detail: false'")
    }
    let request = section.entries[.request].map { fields($0, of: .request) } ?? []
    return DeclaredMethod(
      name: entry.key, doc: section.text(.doc, sink)?.value, findsRow: findsRow, request: request,
      response: response(section), isServerStreaming: section.flag(.stream, sink)?.value ?? false,
      isDeprecated: section.flag(.deprecated, sink)?.value ?? false, location: entry.keyLocation)
  }

  private func checkName() {
    if !Identifier.isUpperCamelCase(entry.key) {
      let near = Identifier.upperCamelCase(entry.key)
      sink.error(
        at: entry.keyLocation, "'\(entry.key)' is no name for a method: UpperCamelCase letters and digits",
        suggestion: near.isEmpty ? nil : "write '\(near)'")
    } else if Action(rawValue: entry.key) != nil {
      sink.error(
        at: entry.keyLocation, "'\(entry.key)' is an action, and no name for another method",
        suggestion: "name it in 'actions', or give the method another name")
    }
  }

  private func response(_ section: Section<MethodKey>) -> DeclaredMethod.Response {
    guard let entry = section.entries[.response] else { return .model }
    switch entry.value.value {
    case .mapping(let entries):
      if entries.isEmpty {
        sink.error(at: entry.value.location, "'response' is empty", suggestion: "write 'response: empty'")
      }
      return .fields(fields(entry, of: .response))
    case .scalar(let scalar) where scalar.text == "model": return .model
    case .scalar(let scalar) where scalar.text == "empty": return .empty
    case .scalar, .list:
      sink.error(
        at: entry.value.location, "'response' expected model, empty or a mapping of fields, found \(entry.value.kind)")
      return .empty
    }
  }

  private func fields(_ node: YAMLEntry, of part: Part) -> [Field] {
    guard case .mapping(let entries) = node.value.value else {
      sink.error(
        at: node.value.location, "'\(node.key)' must be a mapping of names to fields, found \(node.value.kind)")
      return []
    }
    let reader = DefinitionReader(path: node.keyLocation.file, sink: sink)
    let fields = entries.compactMap { reader.field($0, isStored: false).flatMap { field($0, of: part) } }
    FormerNames(sink: sink).check(fields.map { ($0.name, $0.was) }, called: "field")
    return fields
  }

  /// Nil if the field has no type that is of use here, which is reported.
  private func field(_ definition: FieldDefinition, of part: Part) -> Field? {
    guard let kind = definition.kind else {
      FieldBuilder.checkWithoutType(definition, sink: sink)
      return nil
    }
    let type: FieldType
    switch kind {
    case .scalar(let scalar): type = .scalar(scalar)
    case .array(let items): type = .array(items)
    case .foreignKey, .manyToMany, .reverse:
      sink.error(
        at: definition.section.entries[.type]?.value.location ?? definition.name.location,
        "a method's field cannot be '\(kind.name)', as it is of no table", suggestion: "give it the type of the key")
      return nil
    }
    checkOptions(definition.section, kind, of: part)
    var field = FieldBuilder(
      definition: definition, kind: kind, type: type, target: nil, isKey: false, isWholeKey: false, sink: sink
    ).build()
    let owner = message + entry.key + Identifier.upperCamelCase(part.rawValue)
    field.enumName = EnumNames(sink: sink).name(of: field, in: definition, model: owner)
    return field
  }

  private func checkOptions(_ section: Section<FieldKey>, _ kind: FieldKind, of part: Part) {
    for key in FieldKey.allCases where !part.applies(key) && key.applies(to: kind) {
      guard let entry = section.entries[key] else { continue }
      sink.error(
        at: entry.keyLocation, "'\(key.rawValue)' does not apply to a field of a method's \(part.rawValue)",
        suggestion: key.appliesToRequest ? "nothing checks what a program answers" : "no table has it")
    }
    if part == .response, let entry = section.entries[.choices], section.entries[.enum] == nil {
      sink.error(
        at: entry.keyLocation, "'choices' of a response's field are the values of an enum",
        suggestion: "add 'enum: true'")
    }
  }
}
