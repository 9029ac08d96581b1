package import PillionSchema
package import PillionWire

/// Finds one row by the request's lookup fields.
package final class LookupPlan: UnaryPlan {
  package let request: MessageShape
  private let bindings: [Binding]
  private let scope: Scope?
  private let relatedScopes: Parameters
  private let steps: [Step]
  private let isWrite: Bool
  private let mask: MessageMask?

  /// - Parameters:
  ///   - relatedScopes: values of the scopes of related models, whose rows the answer holds.
  ///   - mask: what of the answer goes out; nil: all of it.
  init(
    request: MessageShape, bindings: [Binding], scope: Scope?, relatedScopes: Parameters = Parameters(), steps: [Step],
    isWrite: Bool, mask: MessageMask? = nil
  ) {
    self.request = request
    self.bindings = bindings
    self.scope = scope
    self.relatedScopes = relatedScopes
    self.steps = steps
    self.isWrite = isWrite
    self.mask = mask
  }

  package func bind(
    _ message: borrowing DecodedMessage, caller: Parameters?, now: () -> WallTime, violations: inout [FieldViolation]
  ) -> BoundOperation? {
    var parameters = Parameters(capacity: bindings.count)
    // By index: a loop over them would take hold of all that each has.
    for index in bindings.indices { bindings[index].bind(message, now: now, to: &parameters, violations: &violations) }
    if let scope { parameters.append(contentsOf: scope.parameters) }
    if let caller { parameters.append(contentsOf: caller) }
    parameters.append(contentsOf: relatedScopes)
    guard violations.isEmpty else { return nil }
    return BoundOperation(steps: steps, parameters: parameters, isWrite: isWrite, mask: mask)
  }
}

extension LookupPlan {
  static func retrieve(_ sql: ModelSQL, request: MessageShape, response: MessageShape) -> LookupPlan {
    retrieve(sql, request: request, sql.select(response))
  }

  static func retrieve(
    _ sql: ModelSQL, request: MessageShape, _ selection: RowSelection, mask: MessageMask? = nil
  ) -> LookupPlan {
    LookupPlan(
      request: request, bindings: Binding.lookups(sql, in: request), scope: sql.scope,
      relatedScopes: selection.relatedScopes, steps: [selection.step], isWrite: false, mask: mask)
  }

  static func destroy(_ sql: ModelSQL, request: MessageShape) -> LookupPlan {
    let bindings = Binding.lookups(sql, in: request)
    let steps = sql.dialect == .postgresql ? [sql.deleteWithJoins()] : sql.deleteSteps()
    return LookupPlan(request: request, bindings: bindings, scope: sql.scope, steps: steps, isWrite: true)
  }
}

/// The step that answers with a row, and the values of related models' scopes that its parameters behind all others are.
struct RowSelection: Sendable {
  var step: Step
  var relatedScopes: Parameters
}

extension ModelSQL {
  /// Selects the row that the lookup parameters name, which come before the values of related scopes.
  ///
  /// - Parameter relatedParameters: the first of these; nil: right behind the lookup's.
  func select(_ message: MessageShape, only: FieldSelection = .whole, relatedParameters: Int? = nil) -> RowSelection {
    var builder = StepBuilder(self, relatedParameters: relatedParameters)
    let lookup = lookup(in: &builder.query)
    let list = selectList(of: message, only: only, in: &builder.query)
    builder.append("SELECT \(list.sql) FROM \(table) AS t WHERE \(lookup)")
    let gathering = gathering(message, only: only).map { Gathering.reads($0) }
    return RowSelection(
      step: builder.step(.respond(list.encoder)).gathered(by: gathering), relatedScopes: list.parameters)
  }

  /// One statement: the row and what join tables hold of it. Foreign keys are checked when all of it is done.
  fileprivate func deleteWithJoins() -> Step {
    var builder = StepBuilder(self)
    builder.append("WITH pillion_row AS (DELETE FROM \(table) AS t WHERE \(lookup(in: &builder.query)) RETURNING t.*)")
    for (number, join) in joins.enumerated() {
      builder.append(
        ", pillion_gone\(number) AS (DELETE FROM \(dialect.quote(join.table)) AS j USING pillion_row WHERE j.\(dialect.quote(join.column)) = pillion_row.\(keyColumn))"
      )
    }
    builder.append(" SELECT 1 FROM pillion_row")
    return builder.step(.requireRow)
  }

  /// The joins' rows first, since SQLite checks immediate foreign keys statement by statement; before them the row
  /// itself, which the scope may know by what they hold.
  fileprivate func deleteSteps() -> [Step] {
    var builder = StepBuilder(self)
    let lookup = lookup(in: &builder.query)
    guard !joins.isEmpty else {
      builder.append("DELETE FROM \(table) AS t WHERE \(lookup) RETURNING 1")
      return [builder.step(.requireRow)]
    }
    builder.append("SELECT t.\(keyColumn) FROM \(table) AS t WHERE \(lookup)")
    let found = builder.step(.captureRow)
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
