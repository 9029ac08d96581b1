import PillionSchema

/// What a statement selects of each row, and how a row becomes a message.
struct SelectList {
  /// Never empty.
  var columns: [String]
  var encoder: RowEncoder
  /// Values of the scopes of related models, which the list's placeholders take: `QueryBuilder.Source.related`.
  var parameters: Parameters

  var sql: String { columns.joined(separator: ", ") }
}

/// Makes a select list: columns of the row itself, keys of related rows, and whole related rows as one value each.
///
/// A row inside a row is selected by a subquery in its place, so that a List stays one statement with one snapshot, a
/// write can answer with it, and the values keep their types: PostgreSQL sends `ROW(…)` in its binary format, and on
/// SQLite `SQLiteRecord` packs them. What related rows a client may see is settled in one place, `condition(on:)`.
struct SelectListBuilder {
  /// What a statement of PostgreSQL that writes a row cannot see yet.
  struct Written {
    /// For a many_to_many field that it writes, the expression of the keys.
    var keys: [Int: String] = [:]
  }

  private var builder: QueryBuilder
  private let root: ModelSQL
  private let written: Written?
  private var parameters = Parameters()

  /// `field`: the field whose value it is; nil for whole rows.
  private typealias Item = (sql: String, column: RowEncoder.Column, field: Int?)

  init(_ root: ModelSQL, written: Written? = nil, _ builder: QueryBuilder) {
    self.root = root
    self.written = written
    self.builder = builder
  }

  /// The list of the root's columns that `message` and `only` have; hands the builder back.
  mutating func list(
    of message: MessageShape, only: FieldSelection, to builder: inout QueryBuilder
  ) -> SelectList {
    let items = items(of: message, root, alias: "t", only: only, way: [root.model.index])
    builder = self.builder
    // A message may have nothing to send (every field write-only); a row still needs a column.
    return SelectList(
      columns: items.isEmpty ? ["1"] : items.map(\.sql),
      encoder: RowEncoder(
        columns: items.map(\.column), dialect: root.dialect, origin: root.origin(of: items.map(\.field))),
      parameters: parameters)
  }

  /// - Parameter way: the models whose rows are inside each other, this one last.
  private mutating func items(
    of message: MessageShape, _ model: ModelSQL, alias: String, only: FieldSelection, way: [Int]
  ) -> [Item] {
    var items: [Item] = []
    for shape in message.fields {
      switch shape.source {
      case .field(let index) where model.model.fields[index].isSelected && only.hasValue(index):
        let column = RowEncoder.Column(shape: shape, field: model.definition(index))
        items.append((value(of: index, shape, model, alias: alias, isRoot: way.count == 1), column, index))
      case .expansion(let index):
        let field = model.model.fields[index]
        guard let only = only.rows(of: index), model.model.expands(field, way: way),
          let next = field.type.related, let rowMessage = root.relations.message(of: next)
        else { continue }
        let row = builder.alias()
        let target = root.shown(next)
        let columns = self.items(of: rowMessage, target, alias: row, only: only, way: way + [next])
          .sorted { $0.column.shape.number < $1.column.shape.number }
        let sql = rows(
          columns.map(\.sql), of: field, at: index, model, alias: alias, target, row, isRoot: way.count == 1)
        items.append((sql, RowEncoder.Column(shape: shape, field: field, rows: columns.map(\.column)), nil))
      default: continue
      }
    }
    return items
  }

  // MARK: Values

  private mutating func value(
    of index: Int, _ shape: FieldShape, _ model: ModelSQL, alias: String, isRoot: Bool
  ) -> String {
    let codec = model.codec(index)
    switch model.model.fields[index].type {
    case .manyToMany(let relation):
      let keys = isRoot ? written?.keys[index] : nil
      return codec.selectExpression(keys ?? model.keys(of: relation, alias: alias, in: &builder))
    case .reverse(let relation):
      guard let key = relation.key else { return "NULL" }
      let row = builder.alias()
      let target = root.shown(relation.model)
      let from = from(relation, target, row, "\(alias).\(model.keyColumn)", isRoot: isRoot)
      return codec.selectExpression(list("\(row).\(target.column(key))", from))
    case .scalar, .foreignKey, .array:
      let column = codec.selectExpression("\(alias).\(model.column(index))")
      return shape.enumeration.map { model.number(of: $0, holding: column) } ?? column
    }
  }

  // MARK: Rows

  /// The row or rows that a relation leads to, as one value.
  private mutating func rows(
    _ columns: [String], of field: Field, at index: Int, _ model: ModelSQL, alias: String, _ target: ModelSQL,
    _ row: String, isRoot: Bool
  ) -> String {
    let record = record(columns)
    switch field.type {
    case .foreignKey(let key):
      let condition = conditions(
        "\(row).\(target.column(key.field)) = \(alias).\(model.column(index))", on: target, row)
      return "(SELECT \(record) FROM \(source(target, row, isRoot: isRoot)) WHERE \(condition) LIMIT 1)"
    case .reverse(let relation):
      return list(record, from(relation, target, row, "\(alias).\(model.keyColumn)", isRoot: isRoot))
    case .manyToMany(let relation):
      let order = PageSQL(target.model.ordering, target, alias: row, &builder)
      let key = "\(row).\(target.column(relation.field))"
      let rows = source(target, row, isRoot: isRoot)
      if isRoot, let keys = written?.keys[index] {
        let condition = conditions("\(key) = ANY(\(keys))", on: target, row)
        return list(record, "FROM \(rows)\(order.joins) WHERE \(condition) ORDER BY \(order.orderBy)")
      }
      let (through, source, other) = model.join(relation)
      let condition = conditions("j_\(row).\(source) = \(alias).\(model.keyColumn)", on: target, row)
      return list(
        record,
        "FROM \(through) AS j_\(row) JOIN \(rows) ON \(key) = j_\(row).\(other)\(order.joins) WHERE \(condition) ORDER BY \(order.orderBy)"
      )
    case .scalar, .array: return "NULL"
    }
  }

  /// `FROM …` to `LIMIT …` of the rows whose foreign key holds `key`.
  private mutating func from(
    _ relation: ReverseRelation, _ target: ModelSQL, _ row: String, _ key: String, isRoot: Bool
  ) -> String {
    let order = PageSQL(relation.ordering ?? target.model.ordering, target, alias: row, &builder)
    let condition = conditions("\(row).\(target.column(relation.field)) = \(key)", on: target, row)
    return
      "FROM \(source(target, row, isRoot: isRoot))\(order.joins) WHERE \(condition) ORDER BY \(order.orderBy) LIMIT \(relation.limit)"
  }

  /// The condition of the relation, and which of its rows a client may see at all.
  private mutating func conditions(_ relation: String, on target: ModelSQL, _ row: String) -> String {
    condition(on: target, row).map { "\(relation) AND \($0)" } ?? relation
  }

  /// Which rows of a related model are shown, those that go by `row`: the ones that its own service knows and its row
  /// filter lets through.
  private mutating func condition(on target: ModelSQL, _ row: String) -> String? {
    let first = parameters.entries.count
    let scope = builder.scope(target, alias: row) { .related(first + $0) }
    if scope != nil, let values = target.scope?.parameters { parameters.append(contentsOf: values) }
    let conditions = [scope, builder.rowFilter(target, alias: row)].compactMap(\.self)
    return conditions.isEmpty ? nil : conditions.joined(separator: " AND ")
  }

  /// The table of related rows, with the row that the statement writes as it will be: only later statements see it there.
  private func source(_ target: ModelSQL, _ row: String, isRoot: Bool) -> String {
    guard written != nil, isRoot, target.model.table == root.model.table else { return "\(target.table) AS \(row)" }
    let same = root.keyColumns.map { "s.\($0) = t.\($0)" }.joined(separator: " AND ")
    return "(SELECT t.* UNION ALL SELECT s.* FROM \(root.table) AS s WHERE NOT (\(same))) AS \(row)"
  }

  private func record(_ columns: [String]) -> String {
    let columns = columns.isEmpty ? ["1"] : columns
    return root.dialect == .postgresql ? "ROW(\(columns.joined(separator: ", ")))" : SQLiteRecord.row(columns)
  }

  private func list(_ item: String, _ from: String) -> String {
    root.dialect == .postgresql
      ? "ARRAY(SELECT \(item) \(from))"
      : "(SELECT \(SQLiteRecord.list)(i) FROM (SELECT \(item) AS i \(from)))"
  }
}

extension Field {
  /// Whether the database has the value, and clients may see it.
  fileprivate var isSelected: Bool { !isWriteOnly && !isComputed }
}
