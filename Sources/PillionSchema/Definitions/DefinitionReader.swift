/// Reads a file's tree into its definitions: which models and fields there are and what they are called.
struct DefinitionReader {
  let path: String
  let sink: DiagnosticSink

  func file(_ root: YAMLNode) -> FileDefinition? {
    guard let section = Section<FileKey>(root, sink: sink) else { return nil }
    let doc = section.text(.doc, sink)?.value
    return FileDefinition(path: path, package: package(section), doc: doc, models: models(section))
  }

  /// `package:`, or the file's name without its ending.
  private func package(_ section: Section<FileKey>) -> Located<String> {
    let start = SourceLocation(file: path, line: 1, column: 1)
    if section.entries[.package] != nil {
      guard let name = section.text(.package, sink) else { return Located("", at: start) }
      guard Identifier.isPackageName(name.value) else {
        let near = name.value.split(separator: ".").map { Identifier.lowerSnakeCase(near: String($0)) }
        let suggestion = near.filter { !$0.isEmpty }.joined(separator: ".")
        sink.error(
          at: name.location, "'\(name.value)' is no proto package: lower_snake_case names with dots between them",
          suggestion: suggestion.isEmpty ? nil : "write '\(suggestion)'")
        return Located("", at: name.location)
      }
      return checkedForGoogle(name)
    }
    let file = path.split(separator: "/").last.map(String.init) ?? path
    let stem = String(
      file.hasSuffix(".yaml") ? file.dropLast(5) : file.hasSuffix(".yml") ? file.dropLast(4) : file[...])
    guard Identifier.isPackageName(stem) else {
      let near = Identifier.lowerSnakeCase(near: stem)
      sink.error(
        at: start, "the file's name makes no proto package",
        suggestion: "add 'package: \(near.isEmpty ? "name" : near)'")
      return Located("", at: start)
    }
    return checkedForGoogle(Located(stem, at: start))
  }

  /// Inside a package `a.google`, protoc takes `google.protobuf.Empty` for `a.google.protobuf.Empty`.
  private func checkedForGoogle(_ name: Located<String>) -> Located<String> {
    guard name.value.split(separator: ".").contains("google") else { return name }
    sink.error(at: name.location, "a proto package with a part 'google' would hide google.protobuf")
    return Located("", at: name.location)
  }

  private func models(_ section: Section<FileKey>) -> [ModelDefinition] {
    guard let entry = section.entries[.models] else {
      sink.error(at: section.location, "the file has no 'models'")
      return []
    }
    guard case .mapping(let entries) = entry.value.value else {
      sink.error(at: entry.value.location, "'models' must be a mapping of names to models, found \(entry.value.kind)")
      return []
    }
    if entries.isEmpty { sink.error(at: entry.value.location, "'models' is empty") }
    return entries.map(model)
  }

  private func model(_ entry: YAMLEntry) -> ModelDefinition {
    if !Identifier.isUpperCamelCase(entry.key) {
      let near = Identifier.upperCamelCase(entry.key)
      sink.error(
        at: entry.keyLocation, "'\(entry.key)' is no name for a model: UpperCamelCase letters and digits",
        suggestion: near.isEmpty ? nil : "write '\(near)'")
    }
    let name = Located(entry.key, at: entry.keyLocation)
    guard let section = Section<ModelKey>(entry.value, sink: sink, example: "write '\(entry.key): { fields: … }'")
    else {
      // Kept without fields, so that references to it are no errors of their own.
      return ModelDefinition(
        name: name, section: Section(emptyAt: entry.value.location), fields: [],
        service: Section(emptyAt: entry.value.location))
    }
    let services = services(section, model: entry)
    return ModelDefinition(
      name: name, section: section, fields: fields(section, model: entry),
      service: services.first ?? Section(emptyAt: entry.keyLocation), otherServices: Array(services.dropFirst()))
  }

  /// `service:`, or each of `services:`; none where the model says nothing.
  private func services(_ section: Section<ModelKey>, model: YAMLEntry) -> [Section<ServiceKey>] {
    guard let several = section.entries[.services] else {
      guard let entry = section.entries[.service] else { return [] }
      if entry.value.isNull { return [Section(emptyAt: entry.keyLocation)] }
      return [Section(entry.value, sink: sink) ?? Section(emptyAt: entry.keyLocation)]
    }
    if let one = section.entries[.service] {
      sink.error(
        at: one.keyLocation, "the model has 'services' already, at line \(several.keyLocation.line)",
        suggestion: "put what 'service' says into the first of them")
    }
    guard case .list(let items) = several.value.value else {
      sink.error(
        at: several.value.location, "'services' must be a list of services, found \(several.value.kind)",
        suggestion: "write '- name: …' for each")
      return []
    }
    if items.isEmpty { sink.error(at: several.value.location, "'services' is empty") }
    return items.compactMap { Section<ServiceKey>($0, sink: sink, example: "write '- name: …'") }
  }

  private func fields(_ section: Section<ModelKey>, model: YAMLEntry) -> [FieldDefinition] {
    guard let entry = section.entries[.fields] else {
      sink.error(at: model.keyLocation, "model '\(model.key)' has no 'fields'")
      return []
    }
    guard case .mapping(let entries) = entry.value.value else {
      sink.error(at: entry.value.location, "'fields' must be a mapping of names to fields, found \(entry.value.kind)")
      return []
    }
    if entries.isEmpty { sink.error(at: entry.value.location, "'fields' is empty") }
    return entries.compactMap { field($0) }
  }

  /// - Parameter isStored: whether the field may have a column.
  func field(_ entry: YAMLEntry, isStored: Bool = true) -> FieldDefinition? {
    if !Identifier.isLowerSnakeCase(entry.key) {
      let near = Identifier.lowerSnakeCase(near: entry.key)
      sink.error(
        at: entry.keyLocation,
        "'\(entry.key)' is no name for a field: lower_snake_case letters, digits and underscores",
        suggestion: near.isEmpty ? nil : isStored ? "write '\(near): { column: \(entry.key), … }'" : "write '\(near)'")
    }
    var example: String?
    if case .scalar(let scalar) = entry.value.value, !entry.value.isNull {
      example = "write '\(entry.key): { type: \(scalar.excerpt) }'"
    }
    let section = Section<FieldKey>(entry.value, sink: sink, example: example)
    let name = Located(entry.key, at: entry.keyLocation)
    guard let section else {
      return FieldDefinition(name: name, section: Section(emptyAt: entry.value.location), kind: nil)
    }
    return FieldDefinition(name: name, section: section, kind: kind(section, field: name))
  }

  private func kind(_ section: Section<FieldKey>, field: Located<String>) -> FieldKind? {
    guard section.entries[.type] != nil else {
      sink.error(at: field.location, "field '\(field.value)' has no 'type'")
      return nil
    }
    guard let name = section.text(.type, sink) else { return nil }
    switch name.value {
    case "foreign_key": return .foreignKey
    case "many_to_many": return .manyToMany
    case "reverse": return .reverse
    case "array":
      guard section.entries[.items] != nil else {
        sink.error(at: name.location, "an array needs 'items', the type of one item")
        return nil
      }
      guard let items = section.text(.items, sink) else { return nil }
      return scalar(items, known: ScalarType.allCases.map(\.rawValue)).map(FieldKind.array)
    default:
      let known = ScalarType.allCases.map(\.rawValue) + DefinitionReader.composedTypes
      return scalar(name, known: known).map(FieldKind.scalar)
    }
  }

  private func scalar(_ name: Located<String>, known: [String]) -> ScalarType? {
    if let type = ScalarType(rawValue: name.value) { return type }
    if known.count == ScalarType.allCases.count, DefinitionReader.composedTypes.contains(name.value) {
      sink.error(at: name.location, "the items of an array cannot be '\(name.value)'")
      return nil
    }
    let synonym = DefinitionReader.synonyms[name.value.lowercased()].map { "did you mean '\($0.rawValue)'?" }
    sink.error(
      at: name.location, "unknown type '\(name.value)'", suggestion: synonym ?? Suggestion.of(name.value, among: known))
    return nil
  }

  /// Types that are more than a value in a column.
  private static let composedTypes = ["foreign_key", "many_to_many", "reverse", "array"]

  /// Names of types elsewhere, for suggestions.
  private static let synonyms: [String: ScalarType] = [
    "boolean": .bool, "integer": .int64, "int": .int64, "bigint": .int64, "smallint": .int32, "serial": .int32,
    "long": .int64, "uint": .uint64, "real": .float, "float32": .float, "float64": .double, "number": .double,
    "text": .string, "str": .string, "varchar": .string, "char": .string, "email": .string, "url": .string,
    "slug": .string, "enum": .string, "blob": .bytes, "binary": .bytes, "bytea": .bytes, "datetime": .timestamp,
    "timestamptz": .timestamp, "interval": .duration, "timedelta": .duration, "numeric": .decimal, "money": .decimal,
    "guid": .uuid, "jsonb": .json, "object": .json, "map": .json,
  ]
}
