package import PillionSchema
package import PillionWire

/// Retrieve and Destroy: find one row by the request's lookup fields.
package struct LookupPlan: UnaryPlan {
  package let request: MessageShape
  let bindings: [Binding]
  let steps: [Step]
  let isWrite: Bool

  package func bind(
    _ message: borrowing DecodedMessage, now: WallTime, violations: inout [FieldViolation]
  ) -> BoundOperation? {
    var parameters = Parameters(capacity: bindings.count)
    for binding in bindings { binding.bind(message, now: now, to: &parameters, violations: &violations) }
    return violations.isEmpty ? BoundOperation(steps: steps, parameters: parameters, isWrite: isWrite) : nil
  }
}

extension LookupPlan {
  static func retrieve(_ sql: ModelSQL, request: MessageShape, response: MessageShape) -> LookupPlan {
    LookupPlan(
      request: request, bindings: Binding.lookups(sql, in: request), steps: [sql.select(response)], isWrite: false)
  }

  static func destroy(_ sql: ModelSQL, request: MessageShape) -> LookupPlan {
    let bindings = Binding.lookups(sql, in: request)
    let steps = sql.dialect == .postgresql ? [sql.deleteWithJoins()] : sql.deleteSteps()
    return LookupPlan(request: request, bindings: bindings, steps: steps, isWrite: true)
  }
}

extension ModelSQL {
  /// Indices of the lookup values, which plans keep first among their parameters.
  var lookupParameters: [Int] { Array(model.lookupFields.indices) }

  /// Selects the row that the lookup parameters name.
  func select(_ message: MessageShape) -> Step {
    var sql = SQLText(dialect)
    let (list, encoder) = selectList(of: message)
    sql.append("SELECT \(list) FROM \(table) AS t WHERE \(lookup(in: &sql))")
    return Step(sql.statement(), parameters: lookupParameters, effect: .respond(encoder))
  }

  /// One statement: the row and what join tables hold of it. Foreign keys are checked when all of it is done.
  fileprivate func deleteWithJoins() -> Step {
    var sql = SQLText(dialect)
    sql.append("WITH pillion_row AS (DELETE FROM \(table) AS t WHERE \(lookup(in: &sql)) RETURNING t.*)")
    for (number, join) in joins.enumerated() {
      sql.append(
        ", pillion_gone\(number) AS (DELETE FROM \(dialect.quote(join.table)) AS j USING pillion_row WHERE j.\(dialect.quote(join.column)) = pillion_row.\(keyColumn))"
      )
    }
    sql.append(" SELECT 1 FROM pillion_row")
    return Step(sql.statement(), parameters: lookupParameters, effect: .requireRow)
  }

  /// The joins' rows first, since SQLite checks immediate foreign keys statement by statement.
  fileprivate func deleteSteps() -> [Step] {
    var steps = joins.map { join in
      var sql = SQLText(dialect)
      sql.append(
        "DELETE FROM \(dialect.quote(join.table)) WHERE \(dialect.quote(join.column)) IN (SELECT t.\(keyColumn) FROM \(table) AS t WHERE \(lookup(in: &sql)))"
      )
      return Step(sql.statement(), parameters: lookupParameters, effect: .none)
    }
    var sql = SQLText(dialect)
    sql.append("DELETE FROM \(table) AS t WHERE \(lookup(in: &sql)) RETURNING 1")
    steps.append(Step(sql.statement(), parameters: lookupParameters, effect: .requireRow))
    return steps
  }
}
