import PillionQuery
import PillionSchema

/// Builds one query: its text, and what goes into its placeholders.
///
/// The pieces come back as text; their placeholders are numbered in the order in which the pieces are made, which is
/// the order of the values.
struct QueryBuilder {
  let schema: Schema
  let dialect: Dialect
  private(set) var sql: SQLText
  /// What goes into each placeholder, in their order.
  private(set) var sources: [Source] = []
  private var aliases = 0
  /// Number of the caller's next value, while a row filter is written.
  private var nextCallerValue: Int?
  /// The placeholders of the caller's values: a row filter may be written more than once.
  private var callerPlaceholders: [Int: String] = [:]
  /// Whether what is written comes from definitions, which see all rows of related models.
  private var isTrusted = false
  /// What columns and relations of the rows `t` are to be, while a condition on rows not yet written is.
  private var newRow: NewRow?

  enum Source {
    /// A filter's next value.
    case value(ValueBinder)
    /// A parameter of the operation, by its index.
    case parameter(Int)
    /// A value of the caller, by its number.
    case caller(Int)
    /// A value of the scopes of related models that a select list has, by its number.
    case related(Int)
    /// Whatever its maker says.
    case other
  }

  /// A row as a statement is about to make it: expressions for the columns and for the keys of relations that it writes.
  struct NewRow {
    var columns: [Int: String] = [:]
    var keys: [Int: String] = [:]
    /// Whether it is inserted, so that no row has referred to it yet.
    var isNew = false
  }

  init(schema: Schema, dialect: Dialect, sql: SQLText? = nil) {
    self.schema = schema
    self.dialect = dialect
    self.sql = sql ?? SQLText(dialect)
  }

  mutating func append(_ text: String) { sql.append(text) }

  /// The placeholder of a filter's next value.
  mutating func placeholder(_ binder: ValueBinder, _ type: UInt32 = 0) -> String {
    guard let number = nextCallerValue else {
      sources.append(.value(binder))
      return sql.placeholder(type)
    }
    nextCallerValue = number + 1
    if let known = callerPlaceholders[number] { return known }
    sources.append(.caller(number))
    let placeholder = sql.placeholder(type)
    callerPlaceholders[number] = placeholder
    return placeholder
  }

  /// A placeholder whose value is no filter's.
  mutating func placeholder(_ type: UInt32 = 0, for source: Source = .other) -> String {
    sources.append(source)
    return sql.placeholder(type)
  }

  /// How the filter's values become parameters.
  var binders: [ValueBinder] {
    sources.compactMap { source in
      if case .value(let binder) = source { binder } else { nil }
    }
  }

  /// A filter's values whose placeholders come from `first` on are not the query's: `source` says where each comes from.
  mutating func redirect(from first: Int, to source: (Int) -> Source) {
    var number = 0
    for position in sources.indices[first...] {
      guard case .value = sources[position] else { continue }
      sources[position] = source(number)
      number += 1
    }
  }

  // MARK: Row filters

  /// A condition of a definition: it sees all rows of related models.
  mutating func trustedCondition(_ predicate: Predicate, _ model: ModelSQL, alias: String = "t") -> String {
    let outer = isTrusted
    isTrusted = true
    defer { isTrusted = outer }
    return condition(predicate, model, alias: alias)
  }

  /// The model's row filter, on the rows that go by `alias`; nil if it has none.
  mutating func rowFilter(_ model: ModelSQL, alias: String = "t") -> String? {
    model.rows?[model.model.index].map { callerCondition($0, model, alias: alias) }
  }

  /// A condition whose values are the caller's.
  mutating func callerCondition(_ scope: RowScopes.Scope, _ model: ModelSQL, alias: String = "t") -> String {
    let outer = nextCallerValue
    nextCallerValue = scope.first
    defer { nextCallerValue = outer }
    return trustedCondition(scope.predicate, model, alias: alias)
  }

  /// The model's row filter on a row as it will be. Its placeholders are its own: they stand beside others than those
  /// of what is stored, and PostgreSQL gives a placeholder one type.
  mutating func rowFilter(_ model: ModelSQL, on row: NewRow) -> String? {
    let outer = callerPlaceholders
    callerPlaceholders = [:]
    newRow = row
    defer {
      callerPlaceholders = outer
      newRow = nil
    }
    return rowFilter(model)
  }

  /// ` AND key IN (…)`, where related rows that the caller may not see are left out; empty where all may be seen.
  mutating func visible(_ key: String, of field: Int, _ model: ModelSQL, _ word: String = "AND") -> String {
    guard !isTrusted, model.rows?[model.model.index] != nil else { return "" }
    let row = alias()
    guard let filter = rowFilter(model, alias: row) else { return "" }
    return " \(word) \(key) IN (SELECT \(row).\(model.column(field)) FROM \(model.table) AS \(row) WHERE \(filter))"
  }

  /// ` AND …` for a related row that goes by `alias`.
  mutating func visible(_ model: ModelSQL, alias: String) -> String {
    guard !isTrusted, let filter = rowFilter(model, alias: alias) else { return "" }
    return " AND \(filter)"
  }

  private func column(_ field: Int, _ model: ModelSQL, _ alias: String) -> String {
    if alias == "t", let column = newRow?.columns[field] { return column }
    return "\(alias).\(model.column(field))"
  }

  /// What foreign keys of other rows hold to refer to the row; unknown of one whose key the database will make.
  private func ownKey(_ model: ModelSQL, _ alias: String) -> String {
    guard let field = model.model.primaryKey.first else { return "\(alias).\(model.keyColumn)" }
    if alias == "t", let newRow, newRow.isNew, newRow.columns[field] == nil { return "NULL" }
    return column(field, model, alias)
  }

  private func newKeys(_ field: Int, _ alias: String) -> String? { alias == "t" ? newRow?.keys[field] : nil }

  mutating func alias() -> String {
    aliases += 1
    return "r\(aliases)"
  }

  // MARK: Predicates

  /// The predicate as a condition on the rows of `model` that go by `alias`; never NULL below a NOT.
  mutating func condition(_ predicate: Predicate, _ model: ModelSQL, alias: String = "t") -> String {
    switch predicate {
    case .all(let parts):
      var conditions: [String] = []
      for part in parts { conditions.append(condition(part, model, alias: alias)) }
      return conditions.isEmpty ? "TRUE" : "(\(conditions.joined(separator: " AND ")))"
    case .any(let parts):
      var conditions: [String] = []
      for part in parts { conditions.append(condition(part, model, alias: alias)) }
      return conditions.isEmpty ? "FALSE" : "(\(conditions.joined(separator: " OR ")))"
    case .not(let part): return "(\(condition(part, model, alias: alias)) IS NOT TRUE)"
    case .test(let test): return condition(test, model, alias: alias)
    }
  }

  private mutating func condition(_ test: FieldTest, _ model: ModelSQL, alias: String) -> String {
    guard let relation = test.path.relations.first else {
      return condition(test.condition, test.path.field, model, alias: alias)
    }
    var rest = test
    rest.path.relations.removeFirst()
    let row = self.alias()
    switch model.model.fields[relation].type {
    case .foreignKey(let key):
      let target = model.related(key.model)
      let inner = condition(rest, target, alias: row) + visible(target, alias: row)
      return
        "(\(column(relation, model, alias)) IN (SELECT \(row).\(target.column(key.field)) FROM \(target.table) AS \(row) WHERE \(inner)))"
    case .manyToMany(let relation):
      let target = model.related(relation.model)
      let inner = condition(rest, target, alias: row) + visible(target, alias: row)
      if let keys = newKeys(test.path.relations[0], alias) {
        let key = "\(row).\(target.column(relation.field))"
        let isOne =
          dialect == .postgresql
          ? "\(key) = ANY(\(keys))"
          : "\(key) IN (SELECT \(model.joinKey(relation).stored("value")) FROM json_each(\(keys)))"
        return "EXISTS (SELECT 1 FROM \(target.table) AS \(row) WHERE \(isOne) AND \(inner))"
      }
      let (through, source, other) = model.join(relation)
      return
        "(\(alias).\(model.keyColumn) IN (SELECT j.\(source) FROM \(through) AS j JOIN \(target.table) AS \(row) ON \(row).\(target.column(relation.field)) = j.\(other) WHERE \(inner)))"
    case .reverse(let relation):
      let target = model.related(relation.model)
      let inner = condition(rest, target, alias: row) + visible(target, alias: row)
      return
        "(\(ownKey(model, alias)) IN (SELECT \(row).\(target.column(relation.field)) FROM \(target.table) AS \(row) WHERE \(inner)))"
    case .scalar, .array: return "FALSE"
    }
  }

  private mutating func condition(
    _ condition: Condition, _ field: Int, _ model: ModelSQL, alias: String
  ) -> String {
    let column = column(field, model, alias)
    switch condition {
    case .compare(let comparison):
      let (left, binder, type) = comparable(column, field, model)
      return "(\(left) \(comparison.rawValue) \(placeholder(binder, type)))"
    case .oneOf(let count):
      let (left, binder, type) = comparable(column, field, model)
      var values: [String] = []
      for _ in 0..<count { values.append(placeholder(binder, type)) }
      return "(\(left) IN (\(values.joined(separator: ", "))))"
    case .between:
      let (left, binder, type) = comparable(column, field, model)
      let low = placeholder(binder, type)
      return "(\(left) BETWEEN \(low) AND \(placeholder(binder, type)))"
    case .isNull: return "(\(column) IS NULL)"
    case .isNotNull: return "(\(column) IS NOT NULL)"
    case .like(let ignoringCase): return like(column, ignoringCase: ignoringCase)
    case .notLike: return "(NOT \(like(column, ignoringCase: false)))"
    case .equalsIgnoringCase:
      let value = placeholder(.text(dialect))
      return dialect == .postgresql
        ? "(lower(\(column)::text) = lower(\(value)))"
        : "(\(SQLiteFunction.lower.rawValue)(\(column)) = \(SQLiteFunction.lower.rawValue)(\(value)))"
    case .matches:
      let value = placeholder(.expression(dialect))
      return dialect == .postgresql ? "(\(column)::text ~ \(value))" : "(\(column) REGEXP \(value))"
    case .contains: return contains(column, field, model, alias: alias)
    case .isNotEmpty: return isNotEmpty(column, field, model, alias: alias)
    case .json(let condition): return json(condition, column)
    }
  }

  /// The column as it compares with values, how these are bound, and the type of their placeholders.
  private func comparable(_ column: String, _ field: Int, _ model: ModelSQL) -> (String, ValueBinder, UInt32) {
    let codec = model.codec(field)
    if dialect == .sqlite {
      if let function = SQLiteFunction(comparing: codec.scalar, storage: codec.storage) {
        return ("\(function.rawValue)(\(column))", .comparable(codec), 0)
      }
      if let collation = SQLiteCollation(of: codec.scalar), codec.storage == nil || codec.storage == .text {
        return ("\(column) COLLATE \(collation.rawValue)", .stored(codec), 0)
      }
    }
    return (column, .stored(codec), codec.parameterType)
  }

  private mutating func like(_ column: String, ignoringCase: Bool) -> String {
    let value = placeholder(.pattern(dialect, ignoringCase: ignoringCase))
    switch (dialect, ignoringCase) {
    case (.postgresql, false): return "(\(column)::text LIKE \(value))"
    case (.postgresql, true): return "(\(column)::text ILIKE \(value))"
    case (.sqlite, false): return "(\(column) GLOB \(value))"
    case (.sqlite, true): return "(\(SQLiteFunction.lower.rawValue)(\(column)) GLOB \(value))"
    }
  }

  private mutating func contains(_ column: String, _ field: Int, _ model: ModelSQL, alias: String) -> String {
    let codec = model.codec(field)
    if case .manyToMany(let relation) = model.model.fields[field].type {
      let (through, source, other) = model.join(relation)
      let target = model.related(relation.model)
      let key = target.codec(relation.field)
      let value = placeholder(.stored(key), key.parameterType)
      if let keys = newKeys(field, alias) {
        return dialect == .postgresql
          ? "(\(value) = ANY(\(keys)))"
          : "(\(value) IN (SELECT \(model.joinKey(relation).stored("value")) FROM json_each(\(keys))))"
      }
      let visible = visible("j.\(other)", of: relation.field, target)
      return
        "(\(alias).\(model.keyColumn) IN (SELECT j.\(source) FROM \(through) AS j WHERE j.\(other) = \(value)\(visible)))"
    }
    if case .reverse(let relation) = model.model.fields[field].type {
      guard let key = relation.key else { return "FALSE" }
      let target = model.related(relation.model)
      let row = self.alias()
      let (left, binder, type) = comparable("\(row).\(target.column(key))", key, target)
      let value = placeholder(binder, type)
      let visible = visible(target, alias: row)
      return
        "(\(ownKey(model, alias)) IN (SELECT \(row).\(target.column(relation.field)) FROM \(target.table) AS \(row) WHERE \(left) = \(value)\(visible)))"
    }
    // An index on the array answers `@>`, which wants the column's own type: PostgreSQL finds it for what is sent as
    // text. The rest compares across types (int8 with int4, timestamptz with timestamp).
    if dialect == .postgresql, codec.parameterType != 0 {
      let item = codec.item
      return "(\(placeholder(.stored(item), item.parameterType)) = ANY(\(column)))"
    }
    let items = placeholder(.item(codec), codec.parameterType)
    return dialect == .postgresql
      ? "(\(column) @> \(items))"
      : "EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(\(column)) THEN \(column) END) AS e WHERE e.value = json_extract(\(items), '$[0]'))"
  }

  private mutating func isNotEmpty(_ column: String, _ field: Int, _ model: ModelSQL, alias: String) -> String {
    if case .manyToMany(let relation) = model.model.fields[field].type {
      if let keys = newKeys(field, alias) {
        return dialect == .postgresql ? "(cardinality(\(keys)) > 0)" : "(json_array_length(\(keys)) > 0)"
      }
      let (through, source, other) = model.join(relation)
      let visible = visible("j.\(other)", of: relation.field, model.related(relation.model))
      return
        "EXISTS (SELECT 1 FROM \(through) AS j WHERE j.\(source) = \(alias).\(model.keyColumn)\(visible))"
    }
    if case .reverse(let relation) = model.model.fields[field].type {
      let target = model.related(relation.model)
      let row = self.alias()
      let visible = visible(target, alias: row)
      return
        "EXISTS (SELECT 1 FROM \(target.table) AS \(row) WHERE \(row).\(target.column(relation.field)) = \(ownKey(model, alias))\(visible))"
    }
    return dialect == .postgresql
      ? "(cardinality(\(column)) > 0)"
      : "(CASE WHEN json_valid(\(column)) THEN json_array_length(\(column)) END > 0)"
  }
}
