import PillionDatabase
import PillionSchema

/// The models that are defined already, found by their tables.
struct ExistingModels {
  let schema: Schema
  private let dialect: Dialect
  private var byTable: [String: Int] = [:]
  private var joins: Set<String> = []

  init(_ schema: Schema, _ dialect: Dialect) {
    self.schema = schema
    self.dialect = dialect
    for model in schema.models where byTable[key(model.table)] == nil { byTable[key(model.table)] = model.index }
    for model in schema.models {
      for field in model.fields {
        if case .manyToMany(let relation) = field.type { joins.insert(key(relation.through)) }
      }
    }
  }

  func model(of table: CatalogTable) -> Model? {
    keys(table).lazy.compactMap { byTable[$0] }.first.map { schema.models[$0] }
  }

  /// Whether a many_to_many goes through the table.
  func isJoin(_ table: CatalogTable) -> Bool { keys(table).contains { joins.contains($0) } }

  /// Whether a name in the definitions means the table.
  func isName(_ name: TableName, of table: CatalogTable) -> Bool { keys(table).contains(key(name)) }

  /// The column as a field names it; SQLite compares names without regard to case.
  func isSame(_ column: String, _ other: String) -> Bool {
    dialect == .sqlite ? column.asciiLowercased == other.asciiLowercased : column == other
  }

  private func keys(_ table: CatalogTable) -> [String] {
    let whole = key(TableName(schema: table.schema, name: table.name.name))
    return table.name.schema == nil ? [whole, key(table.name)] : [whole]
  }

  private func key(_ name: TableName) -> String {
    let text = (name.schema ?? "") + "\0" + name.name
    return dialect == .sqlite ? text.asciiLowercased : text
  }
}
