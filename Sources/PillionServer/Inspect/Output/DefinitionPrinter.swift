import PillionSchema

/// Drafts to the text of a definition file; the same drafts make the same text.
package enum DefinitionPrinter {
  /// A whole file.
  package static func file(package: String, models: [ModelDraft]) -> String {
    let text = models.map { self.model($0, indent: 2).joined(separator: "\n") }
    return "package: \(YAMLText.scalar(package))\nmodels:\n" + text.joined(separator: "\n\n") + "\n"
  }

  /// The lines of a model, its name indented by `indent`.
  package static func model(_ model: ModelDraft, indent: Int) -> [String] {
    let outer = String(repeating: " ", count: indent)
    let inner = outer + "  "
    var lines = ["\(outer)\(key(model.name)):"]
    lines += model.notes.map { inner + comment($0) }
    if model.table != TableName(name: Identifier.snakeCase(model.name)) {
      lines.append("\(inner)table: \(YAMLText.scalar(model.table.description))")
    }
    if let doc = model.doc { lines.append("\(inner)doc: \(YAMLText.scalar(doc))") }
    if !model.primaryKey.isEmpty { lines.append("\(inner)primary_key: \(YAMLText.list(model.primaryKey))") }
    lines.append("\(inner)fields:")
    lines += model.fields.flatMap { field($0, indent: indent + 4) }
    if model.isListOnly { lines.append("\(inner)service: { actions: [List] }") }
    return lines
  }

  /// The lines of a field: what definitions cannot say as comments, then one line.
  package static func field(_ field: FieldDraft, indent: Int) -> [String] {
    let space = String(repeating: " ", count: indent)
    return field.notes.map { space + comment($0) } + ["\(space)\(self.field(field))"]
  }

  /// `title: { type: string, max_length: 100 }`
  package static func field(_ field: FieldDraft) -> String {
    "\(key(field.name)): { \(options(field).map { "\($0.key): \($0.value)" }.joined(separator: ", ")) }"
  }

  /// The keys of a field with their values as text, in the order in which they are printed.
  static func options(_ field: FieldDraft) -> [(key: String, value: String)] {
    var options: [(key: String, value: String)] = []
    let scalar: ScalarType
    switch field.kind {
    case .scalar(let type):
      scalar = type
      options.append(("type", type.rawValue))
    case .array(let type):
      scalar = type
      options += [("type", "array"), ("items", type.rawValue)]
    case .foreignKey(let model, _):
      scalar = .string
      options += [("type", "foreign_key"), ("model", YAMLText.scalar(model))]
    case .manyToMany(let model, let through, let source, let target):
      let texts = ["through": through.description, "source": source, "target": target].mapValues(YAMLText.scalar)
      options += [("type", "many_to_many"), ("model", YAMLText.scalar(model))]
      options += ["through", "source", "target"].map { ($0, texts[$0] ?? "") }
      return options + (field.doc.map { [("doc", YAMLText.scalar($0))] } ?? [])
    }
    func add(_ key: String, _ value: String?) { if let value { options.append((key, value)) } }
    add("column", field.column == field.name ? nil : field.column.map(YAMLText.scalar))
    add("primary_key", field.isPrimaryKey ? "true" : nil)
    add("null", field.isNullable ? "true" : nil)
    add("unique", field.isUnique ? "true" : nil)
    add("min_length", field.minimumLength.map { "\($0)" })
    add("max_length", field.maximumLength.map { "\($0)" })
    add("min", field.minimum.map(YAMLText.bound))
    add("max", field.maximum.map(YAMLText.bound))
    add("choices", field.choices.isEmpty ? nil : YAMLText.list(field.choices.map(YAMLText.choice)))
    add("default", field.defaultValue.map { YAMLText.value($0, scalar) })
    add("storage", field.storage?.rawValue)
    if case .foreignKey(_, let action) = field.kind { add("on_delete", action == .noAction ? nil : action.rawValue) }
    add("read_only", field.isReadOnly ? "true" : nil)
    add("doc", field.doc.map(YAMLText.scalar))
    return options
  }

  private static func key(_ name: String) -> String { YAMLText.scalar(name) }

  /// One line whatever the text holds.
  private static func comment(_ text: String) -> String {
    let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
      let isPlain = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && scalar.value != 0x2028
      return isPlain && scalar.value != 0x2029 && scalar.value != 0xFEFF && scalar.value < 0xFFFE ? scalar : " "
    }
    let line = String(String.UnicodeScalarView(scalars))
    return "# " + (line.count > 200 ? line.prefix(200) + "…" : line)
  }
}
