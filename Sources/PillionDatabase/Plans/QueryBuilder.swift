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
  private(set) var binders: [ValueBinder] = []
  private var aliases = 0

  init(schema: Schema, dialect: Dialect, sql: SQLText? = nil) {
    self.schema = schema
    self.dialect = dialect
    self.sql = sql ?? SQLText(dialect)
  }

  mutating func append(_ text: String) { sql.append(text) }

  /// The placeholder of a filter's next value.
  mutating func placeholder(_ binder: ValueBinder, _ type: UInt32 = 0) -> String {
    binders.append(binder)
    return sql.placeholder(type)
  }

  /// A placeholder whose value is no filter's.
  mutating func placeholder(_ type: UInt32 = 0) -> String { sql.placeholder(type) }

  /// What has been bound so far is the caller's to bind.
  mutating func forgetBinders() { binders.removeAll() }

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
      let inner = condition(rest, target, alias: row)
      return
        "(\(alias).\(model.column(relation)) IN (SELECT \(row).\(target.column(key.field)) FROM \(target.table) AS \(row) WHERE \(inner)))"
    case .manyToMany(let relation):
      let target = model.related(relation.model)
      let inner = condition(rest, target, alias: row)
      let (through, source, other) = model.join(relation)
      return
        "(\(alias).\(model.keyColumn) IN (SELECT j.\(source) FROM \(through) AS j JOIN \(target.table) AS \(row) ON \(row).\(target.column(relation.field)) = j.\(other) WHERE \(inner)))"
    case .reverse(let relation):
      let target = model.related(relation.model)
      let inner = condition(rest, target, alias: row)
      return
        "(\(alias).\(model.keyColumn) IN (SELECT \(row).\(target.column(relation.field)) FROM \(target.table) AS \(row) WHERE \(inner)))"
    case .scalar, .array: return "FALSE"
    }
  }

  private mutating func condition(
    _ condition: Condition, _ field: Int, _ model: ModelSQL, alias: String
  ) -> String {
    let column = "\(alias).\(model.column(field))"
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
      let key = model.related(relation.model).codec(relation.field)
      let value = placeholder(.stored(key), key.parameterType)
      return "(\(alias).\(model.keyColumn) IN (SELECT j.\(source) FROM \(through) AS j WHERE j.\(other) = \(value)))"
    }
    if case .reverse(let relation) = model.model.fields[field].type {
      guard let key = relation.key else { return "FALSE" }
      let target = model.related(relation.model)
      let row = self.alias()
      let (left, binder, type) = comparable("\(row).\(target.column(key))", key, target)
      return
        "(\(alias).\(model.keyColumn) IN (SELECT \(row).\(target.column(relation.field)) FROM \(target.table) AS \(row) WHERE \(left) = \(placeholder(binder, type))))"
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

  private func isNotEmpty(_ column: String, _ field: Int, _ model: ModelSQL, alias: String) -> String {
    if case .manyToMany(let relation) = model.model.fields[field].type {
      let (through, source, _) = model.join(relation)
      return "EXISTS (SELECT 1 FROM \(through) AS j WHERE j.\(source) = \(alias).\(model.keyColumn))"
    }
    if case .reverse(let relation) = model.model.fields[field].type {
      let target = model.related(relation.model)
      return
        "EXISTS (SELECT 1 FROM \(target.table) AS j WHERE j.\(target.column(relation.field)) = \(alias).\(model.keyColumn))"
    }
    return dialect == .postgresql
      ? "(cardinality(\(column)) > 0)"
      : "(CASE WHEN json_valid(\(column)) THEN json_array_length(\(column)) END > 0)"
  }
}
