/// Makes a `ServiceDefinition` of a model's `service:` section, or of one of its `services:`.
struct ServiceBuilder {
  let section: Section<ServiceKey>
  /// Whether it is the model's first service, which uses the model's own message and may go without a name.
  let isFirst: Bool
  let entry: SymbolTable.Entry
  /// The model's fields; nil where one is broken, which is reported.
  let fields: [Field?]
  let key: PrimaryKeys.Key
  /// `{model}Controller` and the like.
  let namePattern: String
  let sink: DiagnosticSink

  func build() -> ServiceDefinition {
    let actions = actions()
    let shown = shownFields()
    let lookup = lookupField(actions)
    let name = name()
    let message = message(service: name)
    var service = ServiceDefinition(
      name: name, message: message, actions: actions, fields: shown, lookupField: lookup,
      lookupRequestField: lookupRequestField(lookup),
      nullStyle: section.name(.nullStyle, of: NullStyle.self, sink)?.value ?? .oneof,
      isDeprecated: section.flag(.deprecated, sink)?.value ?? false,
      filter: section.text(.filter, sink), maximumPageSize: section.wholeNumber(.maximumPageSize, from: 1, sink)?.value,
      defaultPageSize: section.wholeNumber(.defaultPageSize, from: 1, sink)?.value,
      totalSize: section.name(.totalSize, of: TotalSize.self, sink)?.value ?? .none,
      indexRequirement: section.name(.indexRequirement, of: IndexRequirement.self, sink)?.value,
      statementTimeoutMilliseconds: statementTimeout(), location: section.location)
    service.methods = methods(named: message ?? entry.definition.name.value, lookup)
    checkUpdate(service)
    checkCreate(service)
    return service
  }

  /// `250ms`, `5s`, `1m`.
  private func statementTimeout() -> Int? {
    guard let text = section.text(.statementTimeout, sink) else { return nil }
    if let milliseconds = Quantity.milliseconds(text.value), milliseconds > 0 { return milliseconds }
    sink.error(
      at: text.location, "'statement_timeout' expected a duration such as 250ms, 5s or 1m, found '\(text.value)'")
    return nil
  }

  private func name() -> String {
    guard let name = section.text(.name, sink) else {
      let model = entry.definition.name
      if !isFirst, section.entries[.name] == nil {
        sink.error(
          at: section.location, "a further service of model '\(model.value)' needs a name", suggestion: "add 'name: …'")
      }
      let name = ServiceBuilder.name(of: model.value, pattern: namePattern)
      if !Identifier.isUpperCamelCase(name), Identifier.isUpperCamelCase(model.value) {
        sink.error(
          at: model.location,
          "the service name pattern '\(namePattern)' makes '\(name)': UpperCamelCase letters and digits",
          suggestion: "change the pattern, '{model}' stands for the model's name")
      }
      return name
    }
    if !Identifier.isUpperCamelCase(name.value) {
      let near = Identifier.upperCamelCase(name.value)
      sink.error(
        at: name.location, "'\(name.value)' is no name for a service: UpperCamelCase letters and digits",
        suggestion: near.isEmpty ? nil : "write '\(near)'")
    }
    return name.value
  }

  /// Nil for the model's own.
  private func message(service: String) -> String? {
    let model = entry.definition.name.value
    guard let name = section.text(.message, sink) else {
      return isFirst ? nil : ServiceBuilder.message(ofService: service, model: model)
    }
    if !Identifier.isUpperCamelCase(name.value) {
      let near = Identifier.upperCamelCase(name.value)
      sink.error(
        at: name.location, "'\(name.value)' is no name for a message: UpperCamelCase letters and digits",
        suggestion: near.isEmpty ? nil : "write '\(near)'")
    } else if isFirst, name.value != model {
      sink.error(
        at: name.location, "the first service of a model uses the model's own message",
        suggestion: "leave 'message' out, or move the service behind another")
    }
    return name.value == model ? nil : name.value
  }

  /// `PublicPost` of `PublicPostController` or `PublicPostService`. Where that would be the service's or the model's own
  /// name, the model's follows the service's: `PublishedPost` of `Published`.
  static func message(ofService name: String, model: String) -> String {
    let ending = ["Controller", "Service"].first(where: name.hasSuffix) ?? ""
    let stem = String(name.dropLast(ending.count))
    return stem.isEmpty || stem == name || stem == model ? name + model : stem
  }

  /// `pattern` with every `{model}` replaced.
  static func name(of model: String, pattern: String) -> String {
    var result = ""
    var rest = pattern[...]
    while let brace = rest.firstIndex(of: "{") {
      result += rest[..<brace]
      rest = rest[brace...]
      if rest.hasPrefix("{model}") {
        result += model
        rest = rest.dropFirst("{model}".count)
      } else {
        result += "{"
        rest = rest.dropFirst()
      }
    }
    return result + rest
  }

  private func actions() -> [Action] {
    guard let node = section.entries[.actions]?.value else { return Action.standard }
    if case .scalar(let scalar) = node.value {
      if scalar.text == "all" { return Action.standard }
      if scalar.text == "read_only" { return [.list, .retrieve] }
    }
    guard let names = section.texts(.actions, sink)?.value else { return [] }
    // A service may have methods alone.
    if names.isEmpty, section.entries[.methods] == nil {
      sink.error(at: node.location, "'actions' is empty", suggestion: "leave it out for all six")
    }
    var actions = Set<Action>()
    for name in names {
      guard let action = Action(rawValue: name.value) else {
        let known = Action.allCases.map(\.rawValue) + (names.count == 1 ? ["all", "read_only"] : [])
        sink.error(
          at: name.location, "unknown action '\(name.value)'", suggestion: Suggestion.of(name.value, among: known))
        continue
      }
      if !actions.insert(action).inserted { sink.error(at: name.location, "the action '\(name.value)' is there twice") }
    }
    return Action.allCases.filter(actions.contains)
  }

  /// - Parameter message: that of the rows, for which the methods' own are named.
  private func methods(named message: String, _ lookup: Int?) -> [DeclaredMethod] {
    guard let node = section.entries[.methods]?.value else { return [] }
    guard case .mapping(let entries) = node.value else {
      sink.error(at: node.location, "'methods' must be a mapping of names to methods, found \(node.kind)")
      return []
    }
    if entries.isEmpty { sink.error(at: node.location, "'methods' is empty") }
    var hasLookup = true
    if case .none = key, lookup == nil { hasLookup = false }
    return entries.compactMap {
      MethodBuilder(entry: $0, message: message, hasLookup: hasLookup, sink: sink).build()
    }
  }

  private func shownFields() -> [Int] {
    let all = Array(fields.indices)
    guard let node = section.entries[.fields]?.value else { return all }
    guard let names = section.texts(.fields, sink)?.value else { return all }
    if names.isEmpty { sink.error(at: node.location, "'fields' is empty", suggestion: "leave it out for all") }
    var shown = Set<Int>()
    for name in names {
      guard let index = entry.field(name, sink) else { continue }
      if !shown.insert(index).inserted { sink.error(at: name.location, "the field '\(name.value)' is there twice") }
    }
    return shown.sorted()
  }

  /// Nil for the primary key.
  private func lookupField(_ actions: [Action]) -> Int? {
    guard let name = section.text(.lookupField, sink), let index = entry.field(name, sink) else { return nil }
    if case .fields(let key) = key, key == [index] { return nil }
    guard let field = fields[index] else { return nil }
    if field.isComputed {
      sink.error(at: name.location, "'\(name.value)' is computed and in no column, so it finds no row")
    } else if !field.isUnique {
      sink.error(
        at: name.location, "'\(name.value)' finds more than one row: a lookup field is the primary key or unique",
        suggestion: field.type.isRepeated || isInKey(index) ? nil : "add 'unique: true' to '\(name.value)'")
    }
    return index
  }

  private func isInKey(_ field: Int) -> Bool {
    if case .fields(let key) = key { return key.contains(field) }
    return false
  }

  private func lookupRequestField(_ lookup: Int?) -> String? {
    guard let name = section.text(.lookupRequestField, sink) else { return nil }
    if !Identifier.isLowerSnakeCase(name.value) {
      let near = Identifier.lowerSnakeCase(near: name.value)
      sink.error(
        at: name.location, "'\(name.value)' is no name for a field: lower_snake_case letters, digits and underscores",
        suggestion: near.isEmpty ? nil : "write '\(near)'")
      return nil
    }
    if lookup == nil, case .fields(let key) = key, key.count > 1 {
      sink.error(
        at: name.location, "'lookup_request_field' names one field, but the primary key has \(key.count)",
        suggestion: "leave it out or add a 'lookup_field'")
      return nil
    }
    return name.value
  }

  /// An Update finds its row by what the model's message holds.
  private func checkUpdate(_ service: ServiceDefinition) {
    guard service.actions.contains(.update), let node = section.entries[.fields]?.value else { return }
    var lookups = service.lookupField.map { [$0] } ?? []
    if lookups.isEmpty, case .fields(let key) = key { lookups = key }
    let missing = lookups.filter { !service.fields.contains($0) }.map { entry.definition.fields[$0].name.value }
    if !missing.isEmpty {
      sink.error(
        at: node.location, "Update finds its row by '\(missing.joined(separator: "', '"))', which 'fields' leaves out",
        suggestion: "add it to 'fields' or take Update out of 'actions'")
    }
  }

  /// A Create that cannot give a required value always fails unless the database has a default of its own.
  private func checkCreate(_ service: ServiceDefinition) {
    guard service.actions.contains(.create), let node = section.entries[.fields]?.value else { return }
    let missing = fields.indices.filter { index in
      guard !service.fields.contains(index), let field = fields[index] else { return false }
      let isFilled =
        field.isNullable || field.defaultValue != nil || field.isAutoNow || field.isAutoNowAdd || field.isComputed
        || field.type.isRepeated
      return !isFilled && !isGenerated(index, field)
    }
    for index in missing {
      let name = entry.definition.fields[index].name.value
      sink.warning(
        at: node.location,
        "Create cannot set '\(name)', which is required and which 'fields' leaves out",
        suggestion: "add it to 'fields' or give it a 'default'")
    }
  }

  /// As `Model.isGenerated`.
  private func isGenerated(_ index: Int, _ field: Field) -> Bool {
    guard case .fields([index]) = key, field.defaultValue == nil, case .scalar(let type) = field.type else {
      return false
    }
    return type.isInteger || type == .uuid
  }
}
