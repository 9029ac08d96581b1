import PillionQuery
import PillionSchema

/// The row filter on rows that a call writes: what it would make of them is looked at before any constraint is, and what
/// is stored once more behind it, as defaults and triggers have their say in between.
///
/// PostgreSQL runs a write as one statement. There a row outside the filter raises an error, which takes back everything
/// and which the driver knows by its words.
extension ModelSQL {
  /// Whether the model itself has a row filter.
  var hasRowFilter: Bool { rows?[model.index] != nil }

  /// The row filter on the row as the statement is about to make it.
  ///
  /// - Parameter isNew: whether it is inserted: then what is not written is not there yet.
  func newRowFilter(_ write: RowWrite, isNew: Bool, _ builder: inout StepBuilder) -> String {
    let row = newRow(write, isNew: isNew, &builder)
    return builder.query.rowFilter(self, on: row) ?? "TRUE"
  }

  private func newRow(_ write: RowWrite, isNew: Bool, _ builder: inout StepBuilder) -> QueryBuilder.NewRow {
    var row = QueryBuilder.NewRow(isNew: isNew)
    // Only for what the filter looks at: PostgreSQL finds no type for a placeholder that stands nowhere.
    var looked = rows?[model.index]?.predicate.fields ?? []
    // What refers to the row does so by its key.
    if looked.contains(where: { !model.fields[$0].hasColumn }) { looked.formUnion(model.primaryKey) }
    for (field, parameter) in write.columns where looked.contains(field) {
      let codec = codec(field)
      // A placeholder of its own: the one that is stored takes the column's type.
      let value = builder.query.placeholder(codec.parameterType, for: .parameter(parameter))
      row.columns[field] = cast(value, codec)
    }
    for (field, relation, parameter) in write.relations where looked.contains(field) {
      let value = builder.query.placeholder(codec(field).parameterType, for: .parameter(parameter))
      row.keys[field] = keys(value, relation)
    }
    guard isNew else { return row }
    for (field, definition) in model.fields.enumerated() where row.keys[field] == nil {
      guard case .manyToMany(let relation) = definition.type else { continue }
      row.keys[field] = keys(dialect == .postgresql ? "'{}'" : "'[]'", relation)
    }
    return row
  }

  /// Keys of a relation as one value.
  func keys(_ value: String, _ relation: ManyToMany) -> String {
    dialect == .postgresql ? "\(value)::\(dialect.columnType(relation.type))[]" : value
  }

  /// What PostgreSQL would take a column's type from is given the declared one here.
  private func cast(_ value: String, _ codec: FieldCodec) -> String {
    guard dialect == .postgresql, codec.parameterType == 0 else { return value }
    let isArray = codec.field.type.isRepeated
    return "CAST(\(value) AS \(dialect.columnType(codec.scalar))\(isArray ? "[]" : ""))"
  }

  /// Whether the filter can be judged by what is written; what only the database fills in is not known before.
  func isDecided(by write: RowWrite) -> Bool {
    guard let scope = rows?[model.index] else { return true }
    let written = Set(write.columns.map(\.field))
    return scope.predicate.fields.allSatisfy { field in
      // A new row is related to what is written, and to nothing else.
      !model.fields[field].hasColumn || written.contains(field)
    }
  }

  /// PostgreSQL: true, or an error that takes back the statement.
  static func orRefuse(_ condition: String) -> String {
    // Planned with the values of its parameters, all of the condition may be constant, and the cast of a constant is made
    // when the statement is planned, whether a row asks for it or not. Nothing is known of `random` before.
    "CAST(CASE WHEN \(condition) THEN '1' ELSE '\(RowRefusal.word)' || left(pg_catalog.random()::text, 0) END AS integer) = 1"
  }
}

/// How the driver of PostgreSQL knows that a row filter has refused a write.
package enum RowRefusal {
  static let word = "pillion_row_filter"

  /// `invalid input syntax for type integer: "pillion_row_filter"`, in whatever language.
  package static func isMeant(state: String, message: String) -> Bool {
    state == "22P02" && message.contains("\"\(word)\"")
  }
}

extension Predicate {
  /// The model's own fields that the predicate looks at.
  fileprivate var fields: Set<Int> {
    switch self {
    case .all(let parts), .any(let parts): parts.reduce(into: []) { $0.formUnion($1.fields) }
    case .not(let part): part.fields
    case .test(let test): [test.path.relations.first ?? test.path.field]
    }
  }
}
