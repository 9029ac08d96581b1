/// Reads a file of fixtures in the terms of a schema; goes on after an error, so that one run reports everything.
struct FixtureReader {
  let path: String
  let schema: Schema
  let sink: DiagnosticSink

  func read(_ text: String) -> Fixture? {
    guard let root = YAMLReader.read(path: path, text: text, sink: sink) else { return nil }
    switch root.value {
    case .list(let records): return Fixture(rows: records.compactMap(record))
    case .mapping(let entries):
      return Fixture(
        rows: entries.flatMap { entry -> [Fixture.Row] in
          guard let model = model(entry.key, at: entry.keyLocation) else { return [] }
          guard case .list(let rows) = entry.value.value else {
            sink.error(at: entry.value.location, "'\(entry.key)' expected a list of rows, found \(entry.value.kind)")
            return []
          }
          return rows.compactMap { row($0, of: model, key: nil) }
        })
    case .scalar:
      sink.error(
        at: root.location, "expected rows, found \(root.kind)",
        suggestion: "a list of {model, pk, fields}, or a mapping from models to lists of rows")
      return nil
    }
  }

  /// `{model: blog.Post, pk: 1, fields: {title: …}}`
  private func record(_ node: YAMLNode) -> Fixture.Row? {
    guard case .mapping(let entries) = node.value else {
      sink.error(at: node.location, "expected a row of 'model', 'pk' and 'fields', found \(node.kind)")
      return nil
    }
    var (name, key, fields): (YAMLNode?, YAMLNode?, YAMLNode?)
    for entry in entries {
      switch entry.key {
      case "model": name = entry.value
      case "pk": key = entry.value
      case "fields": fields = entry.value
      default:
        sink.error(
          at: entry.keyLocation, "unknown key '\(entry.key)'", suggestion: "a row has 'model', 'pk' and 'fields'")
      }
    }
    guard let name, case .scalar(let text) = name.value else {
      sink.error(at: name?.location ?? node.location, "the row has no 'model'")
      return nil
    }
    guard let model = model(text.text, at: name.location) else { return nil }
    // What has no key of its own is null in Django's output.
    let given = key.flatMap { $0.isNull ? nil : $0 }
    return row(fields ?? YAMLNode(value: .mapping([]), location: node.location), of: model, key: given)
  }

  /// By the proto's name or, as Django writes them, in small letters.
  private func model(_ name: String, at location: SourceLocation) -> Model? {
    if let exact = schema.models.first(where: { $0.fullName == name }) { return exact }
    let found = schema.models.filter { $0.name == name || $0.fullName.lowercased() == name.lowercased() }
    if found.count == 1 { return found.first }
    sink.error(
      at: location, found.isEmpty ? "there is no model '\(name)'" : "several packages have a model '\(name)'",
      suggestion: found.isEmpty
        ? Suggestion.of(name, among: schema.models.map(\.fullName))
        : "write it with its package")
    return nil
  }

  private func row(_ node: YAMLNode, of model: Model, key: YAMLNode?) -> Fixture.Row? {
    guard case .mapping(let entries) = node.value else {
      sink.error(at: node.location, "expected a row's fields, found \(node.kind)")
      return nil
    }
    var row = Fixture.Row(model: model.index, values: [], location: node.location)
    if let key {
      guard model.primaryKey.count == 1, let field = model.primaryKey.first else {
        sink.error(
          at: key.location, "'pk' is for keys of one field",
          suggestion: "write the fields of \(model.fullName)'s key under 'fields'")
        return nil
      }
      if let value = value(key, of: model.fields[field]) { row.values.append((field, value)) }
    }
    for entry in entries {
      guard let index = model.fieldIndex(forClient: entry.key) else {
        sink.error(
          at: entry.keyLocation, "\(model.fullName) has no field '\(entry.key)'",
          suggestion: Suggestion.of(entry.key, among: model.fields.map(\.name)))
        continue
      }
      guard row.value(of: index) == nil else {
        sink.error(at: entry.keyLocation, "the row says '\(entry.key)' twice")
        continue
      }
      if let value = value(entry.value, of: model.fields[index]) { row.values.append((index, value)) }
    }
    if let relation = row.values.first(where: { !model.fields[$0.field].type.hasColumn }) {
      guard let key = model.primaryKey.first, row.value(of: key) != nil else {
        sink.error(
          at: node.location, "'\(model.fields[relation.field].name)' refers to the row's key, which is not written")
        return nil
      }
    }
    return row
  }

  private func value(_ node: YAMLNode, of field: Field) -> DefaultValue? {
    if case .reverse = field.type {
      sink.error(at: node.location, "'\(field.name)' is not stored with this row", suggestion: "write it at the others")
      return nil
    }
    if node.isNull, field.type.scalar != .json || field.isNullable || field.type.isRepeated {
      if field.isNullable { return .null }
      sink.error(at: node.location, "'\(field.name)' is null, but the field may not be null")
      return nil
    }
    guard field.type.isRepeated else { return single(node, of: field) }
    guard case .list(let items) = node.value else {
      sink.error(at: node.location, "'\(field.name)' expected a list, found \(node.kind)")
      return nil
    }
    let values = items.compactMap { single($0, of: field) }
    return values.count == items.count ? .list(values) : nil
  }

  private func single(_ node: YAMLNode, of field: Field) -> DefaultValue? {
    switch ScalarValue(field.type.scalar).read(node) {
    case .value(let value): return value
    case .wrong(let expected, let suggestion):
      sink.error(
        at: node.location, "'\(field.name)' expected \(expected), found \(node.kind)", suggestion: suggestion)
      return nil
    }
  }
}
