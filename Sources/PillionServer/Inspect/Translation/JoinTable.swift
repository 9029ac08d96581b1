import PillionSchema

/// A table that holds nothing but pairs of keys: a many_to_many of the model that its first column refers to.
struct JoinTable {
  /// Index of the table among the readings.
  var table: Int
  var source: (column: String, table: Int)
  var target: (column: String, table: Int)

  /// Nil unless the table has two columns that refer to rows, and at most a key of its own that the database makes.
  init?(_ index: Int, in readings: [TableReading], links: [Links.Key: Links.Link]) {
    let reading = readings[index]
    let table = reading.table
    guard table.kind == .table, table.foreignKeys.count == 2 else { return nil }
    let columns = table.columns.filter { links[Links.Key(table: index, column: $0.name)] != nil }
    guard columns.count == 2 else { return nil }
    let others = table.columns.filter { column in !columns.contains { $0.name == column.name } }
    guard others.count <= 1, others.allSatisfy({ table.primaryKey == [$0.name] && reading.isGenerated($0.name) }),
      let source = links[Links.Key(table: index, column: columns[0].name)],
      let target = links[Links.Key(table: index, column: columns[1].name)]
    else { return nil }
    // SQLite gathers the keys as JSON, which holds no blobs.
    for column in columns {
      guard let type = reading.types[column.name], type.scalar != .bytes, type.storage != .blob else { return nil }
    }
    self.table = index
    self.source = (columns[0].name, source.table)
    self.target = (columns[1].name, target.table)
  }

  /// What the field is called, the best first: the rest of the join table's name behind that of the source's table, the
  /// target's plural, the join table's own name.
  func names(_ readings: [TableReading]) -> [String] {
    let join = Words.of(readings[table].table.name.name)
    let target = Words.of(readings[target.table].table.name.name)
    var names: [[String]] = []
    let own = Words.of(readings[source.table].table.name.name)
    for prefix in [own, own.dropLast() + own.suffix(1).map(Inflection.singular)] {
      if join.starts(with: prefix), join.count > prefix.count { names.append(Array(join.dropFirst(prefix.count))) }
    }
    if source.table != self.target.table { names.append(target) }
    names.append(join)
    return names.map { words in
      Words.field((words.dropLast() + words.suffix(1).map(Inflection.plural)).joined(separator: "_"))
    }
  }
}
