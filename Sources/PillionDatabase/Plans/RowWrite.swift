import PillionSchema

/// What one statement, or one group of steps, writes: columns and relations with the index of their parameter.
struct RowWrite {
  var columns: [(field: Int, parameter: Int)] = []
  var relations: [(field: Int, relation: ManyToMany, parameter: Int)] = []
  /// Parameters of the operation before those of related scopes, which are its last.
  var parameterCount = 0
}

/// A step's SQL together with the parameters that its placeholders stand for.
private struct StepBuilder {
  var sql: SQLText
  private(set) var parameters: [Int] = []
  private var placeholders: [Int: String] = [:]

  init(_ dialect: Dialect) { sql = SQLText(dialect) }

  /// The placeholder of a parameter; asked for again, the same one.
  mutating func placeholder(_ parameter: Int, _ type: UInt32) -> String {
    if let known = placeholders[parameter] { return known }
    let placeholder = sql.placeholder(type)
    placeholders[parameter] = placeholder
    parameters.append(parameter)
    return placeholder
  }

  /// The lookup fields' condition and the scope's.
  mutating func lookup(_ model: ModelSQL) -> String {
    parameters += model.lookupParameters
    return model.lookup(in: &sql)
  }

  /// The answer's select list, whose placeholders take the operation's parameters from `first` on.
  mutating func selectList(
    _ model: ModelSQL, _ message: MessageShape, written: SelectListBuilder.Written? = nil, from first: Int
  ) -> SelectList {
    let list = model.selectList(of: message, written: written, in: &sql)
    parameters += Array(first..<first + list.parameterCount)
    return list
  }

  func step(_ effect: Step.Effect, takesCapture: Bool = false) -> Step {
    Step(sql.statement(), parameters: parameters, takesCapture: takesCapture, effect: effect)
  }
}

extension ModelSQL {
  /// Steps that insert a row and answer with it.
  func insert(_ write: RowWrite, _ response: MessageShape) -> [Step] {
    var builder = StepBuilder(dialect)
    let columns = write.columns.map { column($0.field) }.joined(separator: ", ")
    let values = write.columns.map { builder.placeholder($0.parameter, codec($0.field).parameterType) }
    let row =
      "INSERT INTO \(table) AS t "
      + (values.isEmpty ? "DEFAULT VALUES" : "(\(columns)) VALUES (\(values.joined(separator: ", ")))")
    switch dialect {
    case .postgresql: return [writeRow(row, write, response, &builder)]
    case .sqlite: return writeSteps(row, write, response, &builder)
    }
  }

  /// Steps that update the row which the lookup parameters name and answer with it; with nothing to write, just that.
  func update(_ write: RowWrite, _ response: MessageShape) -> [Step] {
    guard !write.columns.isEmpty || !write.relations.isEmpty else { return [select(response).step] }
    var builder = StepBuilder(dialect)
    let assignments = write.columns.map {
      "\(column($0.field)) = \(builder.placeholder($0.parameter, codec($0.field).parameterType))"
    }
    let lookup = builder.lookup(self)
    switch (dialect, assignments.isEmpty) {
    case (_, false):
      let row = "UPDATE \(table) AS t SET \(assignments.joined(separator: ", ")) WHERE \(lookup)"
      return dialect == .postgresql
        ? [writeRow(row, write, response, &builder)] : writeSteps(row, write, response, &builder)
    case (.postgresql, true):
      // Only relations: the row is locked so that two writers of them go one after the other.
      return [writeRow("SELECT t.* FROM \(table) AS t WHERE \(lookup) FOR UPDATE", write, response, &builder)]
    case (.sqlite, true):
      builder.sql.append(
        "SELECT \(keyColumns.map { "t.\($0)" }.joined(separator: ", ")) FROM \(table) AS t WHERE \(lookup)")
      return [builder.step(.captureRow)] + relationSteps(write) + [selectCaptured(write, response)]
    }
  }

  // MARK: PostgreSQL, one statement

  /// The row, its relations and the answer in one statement, which is a transaction by itself.
  private func writeRow(
    _ row: String, _ write: RowWrite, _ response: MessageShape, _ builder: inout StepBuilder
  ) -> Step {
    guard !write.relations.isEmpty else {
      builder.sql.append("\(row) RETURNING ")
      let list = builder.selectList(
        self, response, written: SelectListBuilder.Written(), from: write.parameterCount)
      builder.sql.append(list.sql)
      return builder.step(.respond(list.encoder))
    }
    var written = SelectListBuilder.Written()
    // A SELECT … FOR UPDATE has its rows already.
    let returning = row.hasPrefix("SELECT") ? "" : " RETURNING t.*"
    builder.sql.append("WITH pillion_row AS (\(row)\(returning))")
    for (number, (field, relation, parameter)) in write.relations.enumerated() {
      let keys =
        "\(builder.placeholder(parameter, codec(field).parameterType))::\(dialect.columnType(relation.type))[]"
      let through = dialect.quote(relation.through)
      let source = dialect.quote(relation.source)
      let target = dialect.quote(relation.target)
      builder.sql.append(
        ", pillion_gone\(number) AS (DELETE FROM \(through) AS j USING pillion_row WHERE j.\(source) = pillion_row.\(keyColumn) AND NOT j.\(target) = ANY(\(keys)))"
      )
      builder.sql.append(
        ", pillion_come\(number) AS (INSERT INTO \(through) (\(source), \(target)) SELECT DISTINCT pillion_row.\(keyColumn), k FROM pillion_row, unnest(\(keys)) AS k WHERE NOT EXISTS (SELECT 1 FROM \(through) AS j WHERE j.\(source) = pillion_row.\(keyColumn) AND j.\(target) = k) ON CONFLICT DO NOTHING)"
      )
      written.keys[field] = "ARRAY(SELECT DISTINCT k FROM unnest(\(keys)) AS k ORDER BY 1)"
    }
    let list = builder.selectList(self, response, written: written, from: write.parameterCount)
    builder.sql.append(" SELECT \(list.sql) FROM pillion_row AS t")
    return builder.step(.respond(list.encoder))
  }

  // MARK: SQLite, several steps in one savepoint

  private func writeSteps(
    _ row: String, _ write: RowWrite, _ response: MessageShape, _ builder: inout StepBuilder
  ) -> [Step] {
    builder.sql.append("\(row) RETURNING \(keyColumns.joined(separator: ", "))")
    return [builder.step(.captureRow)] + relationSteps(write) + [selectCaptured(write, response)]
  }

  /// Makes the join tables hold the keys that the parameters list, touching only what differs.
  private func relationSteps(_ write: RowWrite) -> [Step] {
    write.relations.flatMap { _, relation, parameter in
      let through = dialect.quote(relation.through)
      let source = dialect.quote(relation.source)
      let target = dialect.quote(relation.target)
      let key = joinKey(relation)
      let (one, each) = (key.stored("value"), key.stored("k.value"))
      let parts = [
        "DELETE FROM \(through) WHERE \(source) = ?2 AND \(target) NOT IN (SELECT \(one) FROM json_each(?1))",
        "INSERT INTO \(through) (\(source), \(target)) SELECT DISTINCT ?2, \(each) FROM json_each(?1) AS k WHERE NOT EXISTS (SELECT 1 FROM \(through) AS j WHERE j.\(source) = ?2 AND j.\(target) = \(each))",
      ]
      return parts.map { sql in
        Step(Statement(sql, parameterTypes: [0, 0]), parameters: [parameter], takesCapture: true, effect: .none)
      }
    }
  }

  /// The row with the captured key, as it is after triggers.
  private func selectCaptured(_ write: RowWrite, _ response: MessageShape) -> Step {
    var builder = StepBuilder(dialect)
    let list = builder.selectList(self, response, from: write.parameterCount)
    let key = keyColumns.map { "t.\($0) = \(builder.sql.placeholder())" }.joined(separator: " AND ")
    builder.sql.append("SELECT \(list.sql) FROM \(table) AS t WHERE \(key)")
    return builder.step(.respond(list.encoder), takesCapture: true)
  }
}
