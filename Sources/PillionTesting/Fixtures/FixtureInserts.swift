import Glibc
import PillionDatabase
import PillionSchema

/// What stores the rows of fixtures: neither hooks nor the services' rules look at them.
struct FixtureInserts {
  let schema: Schema
  let dialect: Dialect

  /// - Throws: `TestServerError` with the row's place, where a value is missing or no value of its column.
  func operations(for row: Fixture.Row) throws -> [Operation] {
    let model = schema.models[row.model]
    var columns: [Column] = []
    for (index, field) in model.fields.enumerated() where field.hasColumn {
      guard let value = try value(of: index, in: row, model) else { continue }
      columns.append(Column(field: field, value: value))
    }
    var operations = [try insert(into: model.table, columns, row)]
    for (index, value) in row.values {
      let field = model.fields[index]
      guard case .manyToMany(let relation) = field.type, case .list(let keys) = value else { continue }
      guard let key = model.primaryKey.first, let own = row.value(of: key) else { continue }
      let target = schema.models[relation.model].fields[relation.field]
      for other in keys {
        let pair = [
          Column(field: join(relation.source, model.fields[key]), value: own),
          Column(field: join(relation.target, target), value: other),
        ]
        operations.append(try insert(into: relation.through, pair, row))
      }
    }
    return operations
  }

  /// PostgreSQL's sequences do not see numbers that rows bring along.
  func sequences(after rows: [Fixture.Row]) -> [String] {
    guard dialect == .postgresql else { return [] }
    return Set(rows.map(\.model)).sorted().compactMap { index in
      let model = schema.models[index]
      guard let key = model.primaryKey.first, model.isGenerated(key), model.fields[key].type.scalar != .uuid else {
        return nil
      }
      let (table, column) = (dialect.quote(model.table), model.fields[key].column)
      let sequence = "pg_get_serial_sequence(\(SQLText.literal(table)), \(SQLText.literal(column)))"
      return "SELECT setval(\(sequence), greatest(max(\(dialect.quote(column))), 1)) FROM \(table)"
    }
  }

  private struct Column {
    var field: Field
    var value: DefaultValue
  }

  private func join(_ column: String, _ key: Field) -> Field {
    Field(name: column, type: .scalar(key.type.scalar), storage: key.storage, location: key.location)
  }

  /// What Create would store where the row says nothing; nil: what the database puts there.
  private func value(of index: Int, in row: Fixture.Row, _ model: Model) throws -> DefaultValue? {
    let field = model.fields[index]
    if let value = row.value(of: index) { return value }
    if field.isAutoNow || field.isAutoNowAdd { return .now }
    if let value = field.defaultValue { return value }
    guard field.isNullable || model.isGenerated(index) else {
      throw failure(row, "the row has no '\(field.name)', which has no default")
    }
    return nil
  }

  private func insert(into table: TableName, _ columns: [Column], _ row: Fixture.Row) throws -> Operation {
    var sql = SQLText(dialect)
    var parameters = Parameters(capacity: columns.count)
    let now = WallTime(seconds: Int64(time(nil)), nanoseconds: 0)
    var placeholders: [String] = []
    for column in columns {
      let codec = FieldCodec(field: column.field, dialect: dialect)
      placeholders.append(sql.placeholder(codec.parameterType))
      do throws(ValueError) {
        try codec.bind(column.value, now: now, to: &parameters)
      } catch {
        throw failure(row, "'\(column.field.name)' \(error.message)")
      }
    }
    let names = columns.map { dialect.quote($0.field.column) }.joined(separator: ", ")
    sql.append("INSERT INTO \(dialect.quote(table)) ")
    sql.append(columns.isEmpty ? "DEFAULT VALUES" : "(\(names)) VALUES (\(placeholders.joined(separator: ", ")))")
    let step = Step(sql.statement(), parameters: Array(columns.indices), effect: .none)
    return Operation(steps: [step], parameters: parameters, isWrite: true, mailbox: NoMailbox())
  }

  private func failure(_ row: Fixture.Row, _ message: String) -> TestServerError {
    TestServerError(messages: [Diagnostic(at: row.location, message).description])
  }
}
