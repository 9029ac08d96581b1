import PillionSchema

/// What one statement, or one group of steps, writes: columns and relations with the index of their parameter.
struct RowWrite {
  var columns: [(field: Int, parameter: Int)] = []
  var relations: [(field: Int, relation: ManyToMany, parameter: Int)] = []
  /// Parameters of the operation before those of related scopes, which are its last.
  var parameterCount = 0
}

extension ModelSQL {
  /// Steps that insert a row and answer with it. The caller's values are the first parameters.
  func insert(_ write: RowWrite, _ response: MessageShape) -> [Step] {
    var builder = StepBuilder(self, callerParameters: 0, relatedParameters: write.parameterCount)
    let columns = write.columns.map { column($0.field) }.joined(separator: ", ")
    let values = write.columns.map { builder.placeholder($0.parameter, codec($0.field).parameterType) }
    let isChecked = hasRowFilter && !values.isEmpty && isDecided(by: write)
    var row = "INSERT INTO \(table) AS t "
    switch dialect {
    case .postgresql:
      if isChecked {
        let check = Self.orRefuse(newRowFilter(write, isNew: true, &builder))
        row += "(\(columns)) SELECT \(values.joined(separator: ", ")) WHERE \(check)"
      } else {
        row += values.isEmpty ? "DEFAULT VALUES" : "(\(columns)) VALUES (\(values.joined(separator: ", ")))"
      }
      let step = writeRow(row, write, response, &builder)
      return [step.gathered(by: gathering(of: step, "INSERT INTO \(table) AS t (\(columns))", write, response))]
    case .sqlite:
      row += values.isEmpty ? "DEFAULT VALUES" : "(\(columns)) VALUES (\(values.joined(separator: ", ")))"
      let steps = writeSteps(row, write, response, &builder, callerParameters: 0)
      guard isChecked else { return steps }
      var check = StepBuilder(self, callerParameters: 0)
      let condition = newRowFilter(write, isNew: true, &check)
      check.append("SELECT 1 WHERE \(condition)")
      return [check.step(.permitRow)] + steps
    }
  }

  /// Steps that update the row which the lookup parameters name and answer with it; with nothing to write, just that.
  func update(_ write: RowWrite, _ response: MessageShape) -> [Step] {
    guard !write.columns.isEmpty || !write.relations.isEmpty else { return [select(response).step] }
    var builder = StepBuilder(self, relatedParameters: write.parameterCount)
    let assignments = write.columns.map {
      "\(column($0.field)) = \(builder.placeholder($0.parameter, codec($0.field).parameterType))"
    }
    var lookup = lookup(in: &builder.query)
    if hasRowFilter, dialect == .postgresql {
      // In this order: a row that the caller may not see is not found, whatever it would become.
      let check = Self.orRefuse(newRowFilter(write, isNew: false, &builder))
      lookup += " AND CASE WHEN \(lookup) THEN \(check) ELSE FALSE END"
    }
    switch (dialect, assignments.isEmpty) {
    case (.postgresql, false):
      let row = "UPDATE \(table) AS t SET \(assignments.joined(separator: ", ")) WHERE \(lookup)"
      return [writeRow(row, write, response, &builder)]
    case (.postgresql, true):
      // Only relations: the row is locked so that two writers of them go one after the other.
      return [writeRow("SELECT t.* FROM \(table) AS t WHERE \(lookup) FOR UPDATE", write, response, &builder)]
    case (.sqlite, false):
      let row = "UPDATE \(table) AS t SET \(assignments.joined(separator: ", ")) WHERE \(lookup)"
      return permitSteps(write) + writeSteps(row, write, response, &builder, callerParameters: callerParameters)
    case (.sqlite, true):
      builder.append(
        "SELECT \(keyColumns.map { "t.\($0)" }.joined(separator: ", ")) FROM \(table) AS t WHERE \(lookup)")
      return permitSteps(write) + [builder.step(.captureRow)]
        + answerSteps(write, response, callerParameters: callerParameters)
    }
  }

  // MARK: PostgreSQL, one statement

  /// The row, its relations and the answer in one statement, which is a transaction by itself.
  private func writeRow(
    _ row: String, _ write: RowWrite, _ response: MessageShape, _ builder: inout StepBuilder
  ) -> Step {
    var written = SelectListBuilder.Written()
    guard !write.relations.isEmpty || hasRowFilter else {
      let list = selectList(of: response, written: written, in: &builder.query)
      builder.append("\(row) RETURNING \(list.sql)")
      return builder.step(.respond(list.encoder))
    }
    var stored = QueryBuilder.NewRow()
    // A SELECT … FOR UPDATE has its rows already.
    let returning = row.hasPrefix("SELECT") ? "" : " RETURNING t.*"
    builder.append("WITH pillion_row AS (\(row)\(returning))")
    for (number, (field, relation, parameter)) in write.relations.enumerated() {
      let keys = keys(builder.placeholder(parameter, codec(field).parameterType), relation)
      let through = dialect.quote(relation.through)
      let source = dialect.quote(relation.source)
      let target = dialect.quote(relation.target)
      // Keys that the caller does not see stay.
      let visible = builder.query.visible("j.\(target)", of: relation.field, related(relation.model))
      builder.append(
        ", pillion_gone\(number) AS (DELETE FROM \(through) AS j USING pillion_row WHERE j.\(source) = pillion_row.\(keyColumn) AND NOT j.\(target) = ANY(\(keys))\(visible))"
      )
      builder.append(
        ", pillion_come\(number) AS (INSERT INTO \(through) (\(source), \(target)) SELECT DISTINCT pillion_row.\(keyColumn), k FROM pillion_row, unnest(\(keys)) AS k WHERE NOT EXISTS (SELECT 1 FROM \(through) AS j WHERE j.\(source) = pillion_row.\(keyColumn) AND j.\(target) = k) ON CONFLICT DO NOTHING)"
      )
      let shown = builder.query.visible("k", of: relation.field, related(relation.model), "WHERE")
      written.keys[field] = "ARRAY(SELECT DISTINCT k FROM unnest(\(keys)) AS k\(shown) ORDER BY 1)"
      stored.keys[field] = keys
    }
    let list = selectList(of: response, written: written, in: &builder.query)
    builder.append(" SELECT \(list.sql) FROM pillion_row AS t")
    if let check = builder.query.rowFilter(self, on: stored) { builder.append(" WHERE \(Self.orRefuse(check))") }
    return builder.step(.respond(list.encoder))
  }

  /// How inserts of a step become one statement; nil where a row is more than values of its columns, or another to every
  /// caller.
  private func gathering(of step: Step, _ insert: String, _ write: RowWrite, _ response: MessageShape) -> Gathering? {
    guard rows == nil, write.relations.isEmpty, !write.columns.isEmpty, step.parameters.count == write.columns.count
    else { return nil }
    var builder = QueryBuilder(schema: schema, dialect: dialect)
    let list = selectList(of: response, written: SelectListBuilder.Written(), in: &builder)
    return .inserts(InsertGathering(insert: insert, types: step.statement.parameterTypes, list: list.sql))
  }

  // MARK: SQLite, several steps in one savepoint

  private func writeSteps(
    _ row: String, _ write: RowWrite, _ response: MessageShape, _ builder: inout StepBuilder, callerParameters: Int
  ) -> [Step] {
    builder.append("\(row) RETURNING \(keyColumns.joined(separator: ", "))")
    return [builder.step(.captureRow)] + answerSteps(write, response, callerParameters: callerParameters)
  }

  /// What follows once the row is written: its relations, the row filter on what is stored, the answer.
  private func answerSteps(_ write: RowWrite, _ response: MessageShape, callerParameters: Int) -> [Step] {
    var steps = relationSteps(write, callerParameters: callerParameters)
    if hasRowFilter {
      var builder = StepBuilder(self, callerParameters: callerParameters)
      let filter = builder.query.rowFilter(self) ?? "TRUE"
      builder.append("SELECT 1 FROM \(table) AS t WHERE \(filter) AND \(capturedKey(&builder))")
      steps.append(builder.step(.permitRow, takesCapture: true))
    }
    return steps + [selectCaptured(write, response, callerParameters: callerParameters)]
  }

  /// With a row filter, before an update: the caller must see the row as it is, and be allowed to see what it becomes.
  private func permitSteps(_ write: RowWrite) -> [Step] {
    guard hasRowFilter else { return [] }
    var found = StepBuilder(self)
    found.append("SELECT 1 FROM \(table) AS t WHERE \(lookup(in: &found.query))")
    var permitted = StepBuilder(self)
    let row = lookup(in: &permitted.query)
    permitted.append(
      "SELECT 1 FROM \(table) AS t WHERE \(row) AND \(newRowFilter(write, isNew: false, &permitted))")
    return [found.step(.requireRow), permitted.step(.permitRow)]
  }

  /// Makes the join tables hold the keys that the parameters list, touching only what differs, and leaving alone the
  /// keys that the caller does not see.
  private func relationSteps(_ write: RowWrite, callerParameters: Int) -> [Step] {
    write.relations.flatMap { _, relation, parameter in
      let through = dialect.quote(relation.through)
      let source = dialect.quote(relation.source)
      let target = dialect.quote(relation.target)
      let key = joinKey(relation)
      let (one, each) = (key.stored("value"), key.stored("k.value"))
      var gone = StepBuilder(self, callerParameters: callerParameters)
      let kept = gone.placeholder(parameter, 0)
      let visible = gone.query.visible(target, of: relation.field, related(relation.model))
      gone.append(
        "DELETE FROM \(through) WHERE \(source) = \(gone.capture()) AND \(target) NOT IN (SELECT \(one) FROM json_each(\(kept)))\(visible)"
      )
      var come = StepBuilder(self, callerParameters: callerParameters)
      let keys = come.placeholder(parameter, 0)
      let row = come.capture()
      come.append(
        "INSERT INTO \(through) (\(source), \(target)) SELECT DISTINCT \(row), \(each) FROM json_each(\(keys)) AS k WHERE NOT EXISTS (SELECT 1 FROM \(through) AS j WHERE j.\(source) = \(row) AND j.\(target) = \(each))"
      )
      return [gone.step(.none, takesCapture: true), come.step(.none, takesCapture: true)]
    }
  }

  /// The row with the captured key, as it is after triggers.
  private func selectCaptured(_ write: RowWrite, _ response: MessageShape, callerParameters: Int) -> Step {
    var builder = StepBuilder(self, callerParameters: callerParameters, relatedParameters: write.parameterCount)
    let list = selectList(of: response, in: &builder.query)
    builder.append("SELECT \(list.sql) FROM \(table) AS t WHERE \(capturedKey(&builder))")
    return builder.step(.respond(list.encoder), takesCapture: true)
  }

  private func capturedKey(_ builder: inout StepBuilder) -> String {
    var conditions: [String] = []
    for column in keyColumns { conditions.append("t.\(column) = \(builder.capture())") }
    return conditions.joined(separator: " AND ")
  }
}
