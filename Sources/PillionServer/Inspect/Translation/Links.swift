import PillionSchema

/// The columns that definitions can call foreign keys, and why others cannot be.
struct Links {
  struct Key: Hashable {
    var table: Int
    var column: String
  }

  struct Link {
    /// Index of the target's table.
    var table: Int
    var onDelete: OnDelete
  }

  private(set) var links: [Key: Link] = [:]
  /// Foreign keys that stay plain columns, by their first column.
  private(set) var notes: [Key: [String]] = [:]

  private let readings: [TableReading]
  private let existing: ExistingModels

  /// `models`: indices of the tables that have, or will have, a model.
  init(_ readings: [TableReading], models: Set<Int>, existing: ExistingModels) {
    self.readings = readings
    self.existing = existing
    let places = Dictionary(
      readings.indices.map { (readings[$0].table.name, $0) }, uniquingKeysWith: { first, _ in first })
    for (index, reading) in readings.enumerated() {
      for foreignKey in reading.table.foreignKeys {
        guard let column = foreignKey.columns.first else { continue }
        let key = Key(table: index, column: column)
        if let problem = problem(foreignKey, of: reading, places, models) {
          notes[key, default: []].append(problem)
        } else if links[key] == nil, let target = places[foreignKey.table] {
          links[key] = Link(table: target, onDelete: foreignKey.onDelete)
        }
      }
    }
    breakCircles()
  }

  /// The column that finds rows of a table by one value: the single key of its model.
  private func keyColumn(_ table: Int) -> String? {
    guard let model = existing.model(of: readings[table].table) else {
      return readings[table].key.count == 1 ? readings[table].key.first : nil
    }
    guard model.primaryKey.count == 1, let key = model.primaryKey.first else { return nil }
    return readings[table].table.columns.first { existing.isSame($0.name, model.fields[key].column) }?.name
  }

  /// Why a foreign key is none in the definitions.
  private func problem(
    _ foreignKey: CatalogForeignKey, of reading: TableReading, _ places: [TableName: Int], _ models: Set<Int>
  ) -> String? {
    let targets = foreignKey.targets.isEmpty ? "" : " (\(foreignKey.targets.joined(separator: ", ")))"
    let target = "\(foreignKey.table)\(targets)"
    guard foreignKey.columns.count == 1, let column = foreignKey.columns.first, foreignKey.targets.count <= 1 else {
      return "(\(foreignKey.columns.joined(separator: ", "))) refers to \(target)"
    }
    guard let place = places[foreignKey.table], models.contains(place) else {
      return "refers to \(target), which has no model"
    }
    guard let key = keyColumn(place), foreignKey.targets.isEmpty || foreignKey.targets == [key] else {
      return "refers to \(target), which is not the key of its model"
    }
    guard let own = reading.types[column], let other = readings[place].types[key] else { return "refers to \(target)" }
    let isOpen = reading.table.column(column)?.type.name.isEmpty == true
    return own.holdsKeys(of: other) || isOpen ? nil : "refers to \(target), a column of another type"
  }

  /// Keys that refer to keys in a circle have no type of their own: none of them is a foreign key.
  private mutating func breakCircles() {
    for start in readings.indices {
      var path: [Key] = []
      var table = start
      while let column = keyColumn(table), let link = links[Key(table: table, column: column)] {
        path.append(Key(table: table, column: column))
        table = link.table
        if table == start || path.count > readings.count { break }
      }
      guard table == start, !path.isEmpty else { continue }
      for key in path {
        links[key] = nil
        notes[key, default: []].append("a key that refers to a key that refers to it")
      }
    }
  }
}
