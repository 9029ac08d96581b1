package import PillionSchema
package import PillionWire

/// Finds one row by the request's lookup fields.
package struct LookupPlan: UnaryPlan {
  package let request: MessageShape
  let bindings: [Binding]
  let scope: Scope?
  /// Of the related models whose rows the answer holds.
  var relatedScopes: [Scope] = []
  let steps: [Step]
  let isWrite: Bool

  package func bind(
    _ message: borrowing DecodedMessage, now: WallTime, violations: inout [FieldViolation]
  ) -> BoundOperation? {
    var parameters = Parameters(capacity: bindings.count)
    for binding in bindings { binding.bind(message, now: now, to: &parameters, violations: &violations) }
    if let scope { parameters.append(contentsOf: scope.parameters) }
    if !relatedScopes.isEmpty { SelectList.append(relatedScopes, to: &parameters) }
    return violations.isEmpty ? BoundOperation(steps: steps, parameters: parameters, isWrite: isWrite) : nil
  }
}

extension LookupPlan {
  static func retrieve(_ sql: ModelSQL, request: MessageShape, response: MessageShape) -> LookupPlan {
    retrieve(sql, request: request, sql.select(response))
  }

  static func retrieve(_ sql: ModelSQL, request: MessageShape, _ selection: RowSelection) -> LookupPlan {
    LookupPlan(
      request: request, bindings: Binding.lookups(sql, in: request), scope: sql.scope,
      relatedScopes: selection.relatedScopes, steps: [selection.step], isWrite: false)
  }

  static func destroy(_ sql: ModelSQL, request: MessageShape) -> LookupPlan {
    let bindings = Binding.lookups(sql, in: request)
    let steps = sql.dialect == .postgresql ? [sql.deleteWithJoins()] : sql.deleteSteps()
    return LookupPlan(request: request, bindings: bindings, scope: sql.scope, steps: steps, isWrite: true)
  }
}

/// The step that answers with a row, and the scopes whose values its parameters behind all others are.
struct RowSelection: Sendable {
  var step: Step
  var relatedScopes: [Scope]
}

extension ModelSQL {
  /// Selects the row that the lookup parameters name, which come before the related scopes' values.
  func select(_ message: MessageShape, only: FieldSelection = .whole) -> RowSelection {
    var sql = SQLText(dialect)
    let list = selectList(of: message, only: only, in: &sql)
    sql.append("SELECT \(list.sql) FROM \(table) AS t WHERE \(lookup(in: &sql))")
    let related = lookupParameters.count..<lookupParameters.count + list.parameterCount
    let step = Step(
      sql.statement(), parameters: Array(related) + lookupParameters, effect: .respond(list.encoder))
    return RowSelection(step: step, relatedScopes: list.scopes)
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

  /// The joins' rows first, since SQLite checks immediate foreign keys statement by statement; before them the row
  /// itself, which the scope may know by what they hold.
  fileprivate func deleteSteps() -> [Step] {
    var sql = SQLText(dialect)
    guard !joins.isEmpty else {
      sql.append("DELETE FROM \(table) AS t WHERE \(lookup(in: &sql)) RETURNING 1")
      return [Step(sql.statement(), parameters: lookupParameters, effect: .requireRow)]
    }
    sql.append("SELECT t.\(keyColumn) FROM \(table) AS t WHERE \(lookup(in: &sql))")
    let found = Step(sql.statement(), parameters: lookupParameters, effect: .captureRow)
    let deletions = joins.map { join in
      Step(
        Statement(
          "DELETE FROM \(dialect.quote(join.table)) WHERE \(dialect.quote(join.column)) = ?1", parameterTypes: [0]),
        parameters: [], takesCapture: true, effect: .none)
    }
    let row = Step(
      Statement("DELETE FROM \(table) WHERE \(keyColumn) = ?1 RETURNING 1", parameterTypes: [0]), parameters: [],
      takesCapture: true, effect: .requireRow)
    return [found] + deletions + [row]
  }
}
