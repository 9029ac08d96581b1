import PillionDatabase
package import PillionSchema

/// Catalogs to definitions: which tables become models, what models and fields are called, what refers to what.
package struct Translation {
  private let catalog: Catalog
  private let package: String
  private let serviceNamePattern: String
  private let existing: ExistingModels
  private let readings: [TableReading]
  private let links: Links
  private let joins: [JoinTable]
  /// Indices of the tables that get a model, or have one.
  private let models: [Int]

  /// `existing` are the models that are defined already and keep their names; `package` is that of new ones. `tables`,
  /// if not nil, are the only ones that get a model, and those of `leftOut` get none.
  package init(
    _ catalog: Catalog, existing: Schema = Schema(), package: String,
    serviceNamePattern: String = SchemaLoader.defaultServiceNamePattern, tables: [TableName]? = nil,
    leftOut: [TableName] = []
  ) {
    self.catalog = catalog
    self.package = package
    self.serviceNamePattern = serviceNamePattern
    let existing = ExistingModels(existing, catalog.dialect)
    self.existing = existing
    let readings = catalog.tables.map { TableReading($0, catalog.dialect) }
    self.readings = readings
    let wanted = readings.indices.filter { index in
      let table = readings[index].table
      if existing.model(of: table) != nil { return true }
      let isWanted = tables.map { $0.contains { existing.isName($0, of: table) } } ?? true
      return isWanted && !leftOut.contains(table.name)
    }
    let links = Links(readings, models: Set(wanted), existing: existing)
    let targets = Set(links.links.values.map(\.table))
    let joins = wanted.compactMap { index -> JoinTable? in
      guard existing.model(of: readings[index].table) == nil, !targets.contains(index) else { return nil }
      return JoinTable(index, in: readings, links: links.links)
    }
    self.links = links
    self.joins = joins
    models = wanted.filter { index in !joins.contains { $0.table == index } }
  }

  /// The names in `tables` that the catalog does not know.
  package static func unknown(_ tables: [TableName], in catalog: Catalog) -> [TableName] {
    let existing = ExistingModels(Schema(), catalog.dialect)
    return tables.filter { name in !catalog.tables.contains { existing.isName(name, of: $0) } }
  }

  /// The definitions of all models, in the order of the catalog.
  package func drafts() -> [ModelDraft] {
    let names = modelNames()
    return models.compactMap { index in names[index].map { draft(index, name: $0, names) } }
  }

  // MARK: Names

  /// A model's package, where it is defined already, and name.
  private struct ModelName {
    var package: String?
    var name: String
  }

  /// By table. Tables whose names make their model's without a change choose first.
  private func modelNames() -> [Int: ModelName] {
    var book = NameBook()
    book.reserve(NameBook.nullables)
    var names: [Int: ModelName] = [:]
    for model in existing.schema.models where model.package == package {
      for view in model.views {
        book.reserve(NameBook.claims(ofModel: view.messageName, service: view.service.name))
      }
    }
    for index in models {
      guard let model = existing.model(of: readings[index].table) else { continue }
      names[index] = ModelName(package: model.package, name: model.name)
    }
    let claims = { (name: String) in
      NameBook.claims(ofModel: name, service: serviceNamePattern.replacing("{model}", with: name))
    }
    let new = models.filter { names[$0] == nil }
    for isPlain in [true, false] {
      for index in new where names[index] == nil {
        let table = readings[index].table.name
        let name = Words.model(table.name)
        let isExact = table.schema == nil && Identifier.snakeCase(name) == Inflection.singular(table.name)
        guard isExact || !isPlain else { continue }
        let whole = table.schema.map { Words.model($0) + name }
        let best = book.isFree(claims(name)) ? name : whole ?? name
        names[index] = ModelName(package: nil, name: book.take(best, separator: "", claims: claims))
      }
    }
    return names
  }

  /// A model's name as a file of `package` refers to it.
  private func reference(_ name: ModelName, from package: String) -> String {
    let own = name.package ?? self.package
    return own == package || own.isEmpty ? name.name : "\(own).\(name.name)"
  }

  // MARK: Models

  private func draft(_ index: Int, name: ModelName, _ names: [Int: ModelName]) -> ModelDraft {
    let reading = readings[index]
    let table = reading.table
    let model = existing.model(of: table)
    let home = name.package ?? package
    var builder = FieldDrafts(
      reading: reading, dialect: catalog.dialect, existing: model, isSame: existing.isSame,
      links: table.columns.map { column in
        guard let link = links.links[Links.Key(table: index, column: column.name)], let target = names[link.table]
        else { return nil }
        return FieldDrafts.Link(model: reference(target, from: home), onDelete: link.onDelete)
      },
      notes: table.columns.map { links.notes[Links.Key(table: index, column: $0.name)] ?? [] })
    builder.makeColumns()
    for join in joins where join.source.table == index && !existing.isJoin(readings[join.table].table) {
      guard let target = names[join.target.table] else { continue }
      builder.makeRelation(
        names: join.names(readings), model: reference(target, from: home), through: readings[join.table].table.name,
        source: join.source.column, target: join.target.column, doc: readings[join.table].table.comment)
    }
    return ModelDraft(
      package: name.package, name: name.name, table: table.name, doc: table.comment, fields: builder.fields,
      primaryKey: reading.key.count > 1 ? reading.key.compactMap(builder.fieldName) : [],
      isListOnly: reading.key.isEmpty, notes: notes(reading))
  }

  private func notes(_ reading: TableReading) -> [String] {
    let table = reading.table
    var notes: [String] = []
    switch table.kind {
    case .view: notes.append("a view: rows can be listed")
    case .virtual where reading.key.isEmpty: notes.append("rows that the database holds elsewhere: they can be listed")
    case .table where reading.key.isEmpty: notes.append("no primary key: rows can be listed, but none can be looked up")
    case .table where table.primaryKey.isEmpty: notes.append("no primary key: a unique that is never NULL finds a row")
    case .table, .virtual: break
    }
    for columns in table.uniques where columns.count > 1 && columns != reading.key {
      notes.append("unique together: \(columns.joined(separator: ", "))")
    }
    return notes + reading.otherChecks.map { "the database checks: \($0)" }
  }
}
