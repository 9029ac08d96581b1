import PillionQuery
import PillionSchema

extension IndexAdvice {
  /// For a filter that no index serves: equalities first, then one range, of what all rows must fulfil.
  init(for predicate: Predicate, _ sql: ModelSQL) {
    self.init()
    var (equal, ranges, opaque) = ([Int](), [Int](), [String]())
    for case .test(let test) in predicate.conjuncts {
      if let relation = test.path.relations.first {
        indexes += Self.following(relation, test, sql)
      } else if Self.isOpaque(test, sql) {
        opaque.append(sql.model.fields[test.path.field].name)
      } else {
        switch test.condition {
        case .compare(.equal), .oneOf, .isNull: equal.append(test.path.field)
        case .compare(.notEqual): break
        case .compare, .between: ranges.append(test.path.field)
        case .isNotNull, .like, .notLike, .equalsIgnoringCase, .matches, .contains, .isNotEmpty, .json: break
        }
      }
    }
    var fields: [Int] = []
    for field in equal + ranges.prefix(1) where !fields.contains(field) { fields.append(field) }
    if !fields.isEmpty { indexes.insert(Self.index(fields, sql), at: 0) }
    remark =
      opaque.isEmpty
      ? "add a condition on a field that has an index"
      : "'storage:' of \(opaque.joined(separator: ", ")) and an index on it would serve it"
  }

  /// For an order that no index has.
  init(for order: [OrderTerm], _ sql: ModelSQL) {
    self.init()
    guard order.allSatisfy({ $0.path.relations.isEmpty }) else {
      remark = "no index has an order by another model's fields; add a filter that an index serves"
      return
    }
    // As `PageSQL` orders: the key makes the order whole.
    let own = order.map(\.path.field)
    let key = sql.model.primaryKey.filter { !own.contains($0) }
    indexes = [Self.index(own + key, descending: order.map(\.descending), sql)]
  }

  /// SQLite columns that hold several forms of a value are compared by what they mean, which no index knows.
  private static func isOpaque(_ test: FieldTest, _ sql: ModelSQL) -> Bool {
    guard sql.dialect == .sqlite else { return false }
    let codec = sql.codec(test.path.field)
    return SQLiteFunction(comparing: codec.scalar, storage: codec.storage) != nil
  }

  /// Of the foreign key here, and of what is asked of the row that it leads to; none if no index helps there.
  private static func following(_ relation: Int, _ test: FieldTest, _ sql: ModelSQL) -> [Index] {
    guard case .foreignKey(let key) = sql.model.fields[relation].type else { return [] }
    var rest = test
    rest.path.relations.removeFirst()
    let inner = IndexAdvice(for: .test(rest), sql.related(key.model)).indexes
    return inner.isEmpty ? [] : [index([relation], sql)] + inner
  }

  private static func index(_ fields: [Int], descending: [Bool] = [], _ sql: ModelSQL) -> Index {
    let columns = fields.map { sql.model.fields[$0].column }
    let names = zip(fields.indices, fields).map { position, field in
      sql.model.fields[field].name + (descending.indices.contains(position) && descending[position] ? " desc" : "")
    }
    return Index(
      statement: SchemaDDL.createIndex(on: sql.model.table, columns, descending: descending, dialect: sql.dialect),
      name: "(\(names.joined(separator: ", "))) of \(sql.model.name)")
  }
}
