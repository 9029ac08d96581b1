import PillionDatabase
package import PillionSchema

/// What definitions say otherwise than the database; hand edits that the database knows nothing of are no difference.
package struct DefinitionDrift {
  /// In the order of the definitions: a place and a sentence, or a place and the keys that differ, `-` as the
  /// definitions have them and `+` as the database has them.
  package private(set) var lines: [String] = []

  private let schema: Schema
  private let dialect: Dialect

  package init(_ drafts: [ModelDraft], schema: Schema, catalog: Catalog) {
    self.schema = schema
    dialect = catalog.dialect
    let existing = ExistingModels(schema, dialect)
    for model in schema.models {
      guard let table = catalog.tables.first(where: { existing.model(of: $0)?.index == model.index }) else {
        // A second model of a table is none of the catalog's.
        let isKnown = catalog.tables.contains { existing.isName(model.table, of: $0) }
        if !isKnown { lines.append("\(model.location): \(model.name): the database has no table '\(model.table)'") }
        continue
      }
      let draft = drafts.first { $0.package == model.package && $0.name == model.name }
      if let draft { compare(model, draft, table, existing) }
    }
  }

  private mutating func compare(
    _ model: Model, _ draft: ModelDraft, _ table: CatalogTable, _ existing: ExistingModels
  ) {
    let key = model.primaryKey.map { model.fields[$0].name }
    let wanted = draft.primaryKey.isEmpty ? draft.fields.filter(\.isPrimaryKey).map(\.name) : draft.primaryKey
    if !draft.isListOnly, key != wanted {
      lines.append("\(model.location): \(model.name)")
      lines += ["- primary_key: \(YAMLText.list(key))", "+ primary_key: \(YAMLText.list(wanted))"]
    }
    for field in model.fields {
      guard field.hasColumn else { continue }
      let found = draft.fields.first { other in other.column.map { existing.isSame($0, field.column) } ?? false }
      guard let found else {
        guard !isSystemColumn(field.column) else { continue }
        lines.append(
          "\(field.location): \(model.name).\(field.name): table '\(model.table)' has no column '\(field.column)'")
        continue
      }
      let changes = changes(from: FieldDraft(field, of: model, in: schema), to: found, isView: draft.isListOnly)
      guard !changes.isEmpty else { continue }
      lines.append("\(field.location): \(model.name).\(field.name)")
      lines += changes
    }
  }

  /// Columns that every table has and no catalog lists.
  private func isSystemColumn(_ name: String) -> Bool {
    switch dialect {
    case .sqlite: ["rowid", "oid", "_rowid_"].contains(name.asciiLowercased)
    case .postgresql: ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"].contains(name)
    }
  }

  /// Keys that only people write, or may leave out on purpose.
  private static let onlyInDefinitions: Set<String> = [
    "doc", "choices", "min", "max", "min_length", "max_length", "default", "read_only", "storage",
  ]
  private static let onlyInDatabase: Set<String> = ["doc", "read_only"]

  private func changes(from old: FieldDraft, to new: FieldDraft, isView: Bool) -> [String] {
    let olds = DefinitionPrinter.options(old)
    let news = DefinitionPrinter.options(new)
    // The key is compared as a whole; a view's columns may all be NULL, as far as the catalogs know.
    let skipped: Set<String> = isView ? ["column", "primary_key", "null"] : ["column", "primary_key"]
    var changes: [String] = []
    for (name, value) in olds where !skipped.contains(name) {
      let other = news.first { $0.key == name }?.value
      guard other != value, other != nil || !Self.onlyInDefinitions.contains(name) else { continue }
      changes.append("- \(name): \(value)")
      if let other { changes.append("+ \(name): \(other)") }
    }
    for (name, value) in news where !skipped.contains(name) && !olds.contains(where: { $0.key == name }) {
      if !Self.onlyInDatabase.contains(name) { changes.append("+ \(name): \(value)") }
    }
    return changes
  }
}

extension FieldDraft {
  /// A field as it is defined.
  fileprivate init(_ field: Field, of model: Model, in schema: Schema) {
    func name(_ target: Int) -> String {
      let target = schema.models[target]
      return target.package == model.package ? target.name : target.fullName
    }
    let kind: Kind =
      switch field.type {
      case .scalar(let type): .scalar(type)
      case .array(let type): .array(type)
      case .foreignKey(let key): .foreignKey(model: name(key.model), onDelete: key.onDelete)
      case .manyToMany(let relation):
        .manyToMany(
          model: name(relation.model), through: relation.through, source: relation.source, target: relation.target)
      // No draft has one, and none is compared.
      case .reverse(let relation): .foreignKey(model: name(relation.model), onDelete: .noAction)
      }
    self.init(name: field.name, kind: kind, column: field.column)
    let isKey = model.primaryKey == model.fieldIndex(field.name).map { [$0] }
    isPrimaryKey = isKey
    isNullable = field.isNullable
    isUnique = field.isUnique && !isKey
    isReadOnly = field.isReadOnly
    minimumLength = field.minimumLength
    maximumLength = field.maximumLength
    minimum = field.minimum
    maximum = field.maximum
    choices = field.choices
    defaultValue = field.defaultValue
    if case .scalar = kind { storage = field.storage }
    doc = field.doc
  }
}
