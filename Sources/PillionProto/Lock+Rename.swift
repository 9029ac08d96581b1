import PillionSchema

/// What came of the `was:` of the definitions.
struct Renames {
  var changes: [BreakingChange] = []
  var diagnostics: [Diagnostic] = []
}

extension Lock {
  /// Gives what is renamed by `was:` its new name, its numbers kept. What is renamed already stays as it is.
  mutating func rename(to schema: Schema) -> Renames {
    var renames = Renames()
    for model in schema.models {
      if let was = model.was, !messages.isEmpty { rename(model, was, &renames) }
      for view in model.views {
        for index in view.service.fields where view.fields.indices.contains(index) {
          if let was = view.fields[index].was { rename(view.fields[index], was, of: view, &renames) }
        }
        for message in view.service.methods.flatMap(\.messages) {
          for field in message.fields {
            if let was = field.was { rename(field, was, ofMessage: message.suffix, of: view, &renames) }
          }
        }
      }
    }
    return renames
  }

  // MARK: - Models

  private mutating func rename(_ model: Model, _ was: FormerName, _ renames: inout Renames) {
    let new = model.fullName
    if let message = messages[new], !message.isReserved {
      if message.formerNames.contains(was.name) { return }
      return renames.diagnostics.append(
        Diagnostic(
          at: was.location, "\(new) is in the lock already and never was '\(was.name)'",
          suggestion: "leave 'was' out"))
    }
    let prefix = model.package.isEmpty ? "" : "\(model.package)."
    guard let old = messages[prefix + was.name] else {
      return renames.diagnostics.append(neverWas("model", was, new, among: models(in: prefix)))
    }
    guard !old.isReserved else {
      return renames.diagnostics.append(
        Diagnostic(
          at: was.location, "model '\(was.name)' was removed, so \(new) cannot take its numbers",
          suggestion: "leave 'was' out"))
    }
    var types: [String: String] = [:]
    let own = model.service.methods.flatMap(\.messages)
    for suffix in Self.messageSuffixes + own.map(\.suffix)
    where messages[prefix + model.name + suffix].map(\.isReserved) ?? true {
      guard var message = messages.removeValue(forKey: prefix + was.name + suffix) else { continue }
      if suffix.isEmpty { message.formerNames = Self.former(message.formerNames, was.name, now: model.name) }
      messages[prefix + model.name + suffix] = message
      types[was.name + suffix] = model.name + suffix
    }
    renameTypes(types, in: prefix)
    for field in model.fields + own.flatMap(\.fields) {
      guard let name = field.enumName else { continue }
      renameEnum(was.name + name.dropFirst(model.name.count), to: name, in: prefix)
    }
    renames.changes.append(
      BreakingChange(
        kind: .modelRenamed, place: new, location: model.location, change: "it was \(was.name)",
        effect: "the bytes stay as they were; code made from the proto has to follow"))
  }

  /// What the messages of a model are called behind its name.
  private static let messageSuffixes =
    [""] + Action.allCases.flatMap { ["\($0.rawValue)Request", "\($0.rawValue)Response"] }

  /// Names of the models in use of a package; their requests are left out.
  private func models(in prefix: String) -> [String] {
    let local = messages.filter { $0.key.hasPrefix(prefix) && !$0.value.isReserved }
      .map { String($0.key.dropFirst(prefix.count)) }
    return local.filter { name in
      !name.contains(".") && !name.hasPrefix("Nullable")
        && !Self.messageSuffixes.contains { !$0.isEmpty && name.hasSuffix($0) }
    }
  }

  /// Renames the types of fields and rpcs of one package.
  private mutating func renameTypes(_ names: [String: String], in prefix: String) {
    func renamed(_ type: String, _ names: [String: String]) -> String {
      var words = type.split(separator: " ").map(String.init)
      if let name = words.last.flatMap({ names[$0] }) { words[words.count - 1] = name }
      return words.joined(separator: " ")
    }
    func isLocal(_ name: String) -> Bool { name.hasPrefix(prefix) && !name.dropFirst(prefix.count).contains(".") }
    // Other packages name a type in full.
    let full = Dictionary(uniqueKeysWithValues: names.map { (prefix + $0.key, prefix + $0.value) })
    for (name, var message) in messages {
      let names = isLocal(name) ? names : full
      for index in message.fields.indices { message.fields[index].type = renamed(message.fields[index].type, names) }
      messages[name] = message
    }
    for (name, var service) in services where isLocal(name) {
      service.methods = service.methods.mapValues { method in
        var method = method
        method.request = renamed(method.request, names)
        method.response = renamed(method.response, names)
        return method
      }
      services[name] = service
    }
  }

  // MARK: - Fields

  private mutating func rename(
    _ field: PillionSchema.Field, _ was: FormerName, of model: Model, _ renames: inout Renames
  ) {
    let name = model.messageFullName
    // A further service may have come after the renaming.
    if !model.hasOwnMessage, messages[name]?.field(was.name) == nil { return }
    guard checkedRename(of: field, was, in: name, &renames) else { return }
    messages[name]?.rename(was.name, to: field.name)
    if let new = field.enumName {
      let prefix = model.package.isEmpty ? "" : "\(model.package)."
      renameEnum(model.name + Identifier.upperCamelCase(was.name), to: new, in: prefix)
    }
    // `author_id` beside an expanded `author`.
    let oldValue = field.valueName.hasPrefix(field.name) ? was.name + field.valueName.dropFirst(field.name.count) : nil
    if let oldValue, field.valueName != field.name { messages[name]?.rename(oldValue, to: field.valueName) }
    renameInRequests(field, oldValue ?? was.name, of: model)
    renames.changes.append(renaming(of: field, was, in: name))
  }

  /// A field that one message of a method has.
  private mutating func rename(
    _ field: PillionSchema.Field, _ was: FormerName, ofMessage suffix: String, of model: Model,
    _ renames: inout Renames
  ) {
    let name = model.messageFullName + suffix
    guard checkedRename(of: field, was, in: name, &renames) else { return }
    messages[name]?.rename(was.name, to: field.name)
    if let new = field.enumName {
      let prefix = model.package.isEmpty ? "" : "\(model.package)."
      renameEnum(model.messageName + suffix + Identifier.upperCamelCase(was.name), to: new, in: prefix)
    }
    renames.changes.append(renaming(of: field, was, in: name))
  }

  private func renaming(of field: PillionSchema.Field, _ was: FormerName, in message: String) -> BreakingChange {
    BreakingChange(
      kind: .fieldRenamed, place: "\(message).\(field.name)", location: field.location, change: "it was \(was.name)",
      effect: "the bytes stay as they were; clients that read JSON or code made from the proto have to follow")
  }

  /// Whether the lock has a field to rename; what speaks against it is reported.
  private func checkedRename(
    of field: PillionSchema.Field, _ was: FormerName, in name: String, _ renames: inout Renames
  ) -> Bool {
    guard let message = messages[name], !message.isReserved else { return false }
    if message.fields.contains(where: { $0.name == field.name && $0.formerNames.contains(was.name) }) { return false }
    if let known = message.field(field.name) {
      let isKnown = message.hasUsed(was.name) || message.field(was.name) != nil
      renames.diagnostics.append(
        isKnown
          ? Diagnostic(
            at: was.location,
            "\(name).\(field.name) has number \(known.number) in the lock, so it cannot take that of '\(was.name)'",
            suggestion: "leave 'was' out, or take the lock from before from version control")
          : neverWas("field", was, "\(name).\(field.name)", among: names(in: message)))
      return false
    }
    guard message.field(was.name) != nil else {
      renames.diagnostics.append(
        message.hasUsed(was.name)
          ? Diagnostic(
            at: was.location, "'\(was.name)' was removed, so \(name).\(field.name) cannot take its number",
            suggestion: "leave 'was' out")
          : neverWas("field", was, "\(name).\(field.name)", among: names(in: message)))
      return false
    }
    return true
  }

  private mutating func renameInRequests(_ field: PillionSchema.Field, _ old: String, of model: Model) {
    // A request field that `lookup_request_field` names keeps that name.
    guard !model.lookupRequestNames.contains(old) else { return }
    let suffixes = Action.allCases.map { "\($0.rawValue)Request" }
    for suffix in suffixes + model.service.methods.filter(\.findsRow).map(\.requestSuffix) {
      let request = "\(model.messageFullName)\(suffix)"
      messages[request]?.rename(old, to: field.valueName)
      if field.type.isRepeated { messages[request]?.rename("is_\(old)_set", to: "is_\(field.valueName)_set") }
    }
  }

  /// An enum is called for its model and field, and its values for it.
  private mutating func renameEnum(_ old: String, to new: String, in prefix: String) {
    guard enums[prefix + new] == nil, var enumeration = enums.removeValue(forKey: prefix + old) else { return }
    let stem = EnumShape(name: old, values: []).zeroName.dropLast("UNSPECIFIED".count)
    let newStem = EnumShape(name: new, values: []).zeroName.dropLast("UNSPECIFIED".count)
    for index in enumeration.fields.indices where enumeration.fields[index].name.hasPrefix(stem) {
      enumeration.fields[index].name = "\(newStem)\(enumeration.fields[index].name.dropFirst(stem.count))"
    }
    enums[prefix + new] = enumeration
    let nullable = ["Nullable\(old)", "Nullable\(new)"]
    if messages[prefix + nullable[1]] == nil, let message = messages.removeValue(forKey: prefix + nullable[0]) {
      messages[prefix + nullable[1]] = message
    }
    renameTypes([old: new, nullable[0]: nullable[1]], in: prefix)
  }

  private func names(in message: Message) -> [String] { message.fields.filter { !$0.isReserved }.map(\.name) }

  private func neverWas(_ kind: String, _ was: FormerName, _ new: String, among names: [String]) -> Diagnostic {
    Diagnostic(
      at: was.location, "\(new) never was '\(was.name)': the lock knows no \(kind) of that name",
      suggestion: Suggestion.of(was.name, among: names))
  }

  /// Former names with one more; a name that is taken up again is no former one.
  fileprivate static func former(_ names: [String], _ name: String, now: String) -> [String] {
    names.filter { $0 != name && $0 != now } + [name]
  }
}

extension Lock.Message {
  /// Whether a field that is gone, or one under a former name, was called so.
  func hasUsed(_ name: String) -> Bool {
    fields.contains { $0.isReserved && $0.name == name || $0.formerNames.contains(name) }
  }

  /// Renames a field in use, unless the new name is in use too.
  fileprivate mutating func rename(_ old: String, to new: String) {
    guard field(new) == nil, let index = fields.firstIndex(where: { $0.name == old && !$0.isReserved }) else { return }
    fields[index].formerNames = Lock.former(fields[index].formerNames, old, now: new)
    fields[index].name = new
  }
}
