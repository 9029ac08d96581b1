/// Makes a `Field` of its definition: every option checked against the type and against the others.
struct FieldBuilder {
  let definition: FieldDefinition
  let kind: FieldKind
  /// The resolved type.
  let type: FieldType
  /// Of references only.
  let target: References.Target?
  /// Whether the field is a part of its model's key.
  let isKey: Bool
  /// Whether the field is the whole key.
  let isWholeKey: Bool
  let sink: DiagnosticSink

  private var section: Section<FieldKey> { definition.section }

  func build() -> Field {
    FieldBuilder.refuseForeignOptions(section, kind, sink)
    let isNullable = flag(.null)
    let limits = FieldLimits(section: section, kind: kind, scalar: type.scalar, sink: sink)
    var field = Field(
      name: definition.name.value, type: type, column: column(), isNullable: isNullable,
      isUnique: flag(.unique) || isWholeKey, maximumLength: limits.maximumLength, minimumLength: limits.minimumLength,
      minimum: limits.minimum?.bound, maximum: limits.maximum?.bound, regex: limits.regex?.pattern,
      format: applies(.format) ? section.name(.format, of: TextFormat.self, sink)?.value : nil,
      choices: limits.choices, isReadOnly: flag(.readOnly), isWriteOnly: flag(.writeOnly), isAutoNow: flag(.autoNow),
      isAutoNowAdd: flag(.autoNowAdd), doc: section.text(.doc, sink)?.value, usesStringInProto: usesStringInProto(),
      storage: storage(), was: section.text(.was, sink).map { FormerName($0.value, at: $0.location) },
      isDeprecated: flag(.deprecated),
      location: definition.name.location)
    field.isEnum = flag(.enum)
    if applies(.expand) { field.expansion = ExpansionBuilder(definition: definition, kind: kind, sink: sink).build() }
    if kind == .reverse { field.isReadOnly = true }
    field.defaultValue = DefaultReader(
      section: section, kind: kind, scalar: type.scalar, isNullable: isNullable, limits: limits, sink: sink
    ).read()
    checkKey(field)
    checkTimes(&field)
    checkComputed(&field)
    checkOnDelete(field)
    if field.isReadOnly, field.isWriteOnly, let entry = section.entries[.writeOnly] {
      sink.error(at: entry.value.location, "a field that is both read_only and write_only is of no use")
    }
    if field.expansion != nil, field.isWriteOnly, let entry = section.entries[.expand] {
      sink.error(at: entry.keyLocation, "a field that is write_only is not sent, so there is nothing to expand")
    }
    return field
  }

  /// What can be said of a field whose type is wrong or whose reference leads nowhere.
  static func checkWithoutType(_ definition: FieldDefinition, sink: DiagnosticSink) {
    let section = definition.section
    let kind = definition.kind
    if let kind { refuseForeignOptions(section, kind, sink) }
    let applies = { (key: FieldKey) in kind.map(key.applies) ?? true }
    let flags: [FieldKey] = [
      .null, .unique, .primaryKey, .readOnly, .writeOnly, .autoNow, .autoNowAdd, .deprecated, .enum,
      .computed,
    ]
    for key in flags where applies(key) {
      _ = section.flag(key, sink)
    }
    for key in [FieldKey.column, .doc, .was] where applies(key) { _ = section.text(key, sink) }
  }

  private func applies(_ key: FieldKey) -> Bool { section.entries[key] != nil && key.applies(to: kind) }

  private func flag(_ key: FieldKey) -> Bool { applies(key) && section.flag(key, sink)?.value ?? false }

  /// Options that mean nothing for the type.
  private static func refuseForeignOptions(_ section: Section<FieldKey>, _ kind: FieldKind, _ sink: DiagnosticSink) {
    for key in FieldKey.allCases {
      guard let entry = section.entries[key], !key.applies(to: kind) else { continue }
      sink.error(
        at: entry.keyLocation, "'\(key.rawValue)' does not apply to \(kind.name)", suggestion: "it is for \(key.scope)")
    }
  }

  private func column() -> String {
    guard applies(.column), let name = section.text(.column, sink) else { return definition.name.value }
    if !TableNames.isLegalPart(name.value) {
      sink.error(at: name.location, "a column's name cannot be empty or hold control characters")
    }
    return name.value
  }

  private func usesStringInProto() -> Bool {
    if let target { return target.usesStringInProto }
    guard applies(.protoType), let name = section.text(.protoType, sink) else { return false }
    if name.value == "string" { return true }
    sink.error(
      at: name.location, "unknown proto_type '\(name.value)'",
      suggestion: "'string' is the only one, leave it out otherwise")
    return false
  }

  /// A foreign key is held as the key that it refers to unless it says something else.
  private func storage() -> SQLiteStorage? {
    guard applies(.storage), let storage = section.name(.storage, of: SQLiteStorage.self, sink) else {
      return kind == .foreignKey ? target?.storage : nil
    }
    let legal = type.scalar.storages
    if legal.contains(storage.value) { return storage.value }
    sink.error(
      at: storage.location, "storage '\(storage.value.rawValue)' does not apply to \(type.scalar.rawValue)",
      suggestion: legal.isEmpty
        ? "leave it out" : "known: \(legal.map(\.rawValue).joined(separator: ", "))")
    return nil
  }

  private func checkKey(_ field: Field) {
    if section.entries[.primaryKey] != nil, FieldKey.primaryKey.applies(to: kind) {
      _ = section.flag(.primaryKey, sink)
    }
    guard isKey, field.isNullable, let entry = section.entries[.null] else { return }
    // Those that the model's `primary_key` lists are reported there.
    if section.entries[.primaryKey] != nil {
      sink.error(at: entry.value.location, "'\(field.name)' is the primary key, which may not be null")
    }
  }

  private func checkTimes(_ field: inout Field) {
    guard field.isAutoNow || field.isAutoNowAdd else { return }
    if field.isAutoNow, field.isAutoNowAdd, let entry = section.entries[.autoNowAdd] {
      sink.error(at: entry.keyLocation, "'auto_now' and 'auto_now_add' exclude each other")
    }
    if let entry = section.entries[.default] {
      sink.error(at: entry.keyLocation, "a field that is set to the current time has no 'default'")
    }
    if let entry = section.entries[.readOnly], !field.isReadOnly {
      sink.error(
        at: entry.value.location, "a field that is set to the current time is read_only",
        suggestion: "leave 'read_only' out")
    }
    field.isReadOnly = true
  }

  /// Nothing checks what a program fills in, and nothing stores it.
  private func checkComputed(_ field: inout Field) {
    guard flag(.computed) else { return }
    for key in FieldKey.allCases where !key.appliesToComputed && key.applies(to: kind) {
      guard let entry = section.entries[key] else { continue }
      sink.error(
        at: entry.keyLocation, "'\(key.rawValue)' does not apply to a computed field",
        suggestion: "nothing stores or checks what a program fills in")
    }
    if let entry = section.entries[.choices], !field.isEnum {
      sink.error(
        at: entry.keyLocation, "'choices' of a computed field are the values of an enum", suggestion: "add 'enum: true'"
      )
    }
    if let entry = section.entries[.readOnly], !field.isReadOnly {
      sink.error(
        at: entry.value.location, "a computed field is read_only", suggestion: "leave 'read_only' out")
    }
    field.isComputed = true
    field.isReadOnly = true
  }

  private func checkOnDelete(_ field: Field) {
    guard kind == .foreignKey, let entry = section.entries[.onDelete], case .scalar(let scalar) = entry.value.value
    else {
      return
    }
    if scalar.text == OnDelete.setNull.rawValue, !field.isNullable {
      sink.error(
        at: entry.value.location, "on_delete 'set_null' needs a field that may be null", suggestion: "add 'null: true'")
    }
    if scalar.text == OnDelete.setDefault.rawValue, field.defaultValue == nil {
      sink.error(at: entry.value.location, "on_delete 'set_default' needs a 'default'")
    }
  }
}
