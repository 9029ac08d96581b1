package import PillionQuery
import PillionSchema
import PillionTransport
import Synchronization

/// The rows that a call's action is about, as the model's hooks say: filters beside the service's own, all of which hold.
package struct BaseRows: Sendable {
  package struct Condition: Sendable {
    /// In the language of row filters; nil: no row.
    package var filter: String?
    /// What `claims` means in it first, before what the caller's token or key says.
    package var values: [String: ClaimValue]
  }

  package private(set) var conditions: [Condition]

  package init(filter: String?, values: [String: ClaimValue] = [:]) {
    conditions = [Condition(filter: filter, values: values)]
  }

  /// Those of the rows that are among the others as well.
  package func intersection(_ other: BaseRows) -> BaseRows {
    var rows = self
    rows.conditions += other.conditions
    return rows
  }
}

/// Where the base rows of a service's calls come from.
final class HookedRows: Sendable {
  let errors: ErrorPolicy
  private let hook: any ModelHook
  private let filters: BaseRowFilters

  init(hook: any ModelHook, filters: BaseRowFilters, errors: ErrorPolicy) {
    self.hook = hook
    self.filters = filters
    self.errors = errors
  }

  var hasAllRows: Bool { hook.hasAllRows }

  /// On the event loop; nil: all rows of the service.
  func filter(_ call: ServerCall, for makeCaller: () -> Caller) throws -> Filter? {
    guard let rows = try hook.baseRows(call) else { return nil }
    return try filters.filter(rows, for: makeCaller)
  }
}

/// The filters that code has asked for as base rows of one service so far, read once each.
final class BaseRowFilters: Sendable {
  private let model: Model
  private let schema: Schema
  private let known = Mutex<[String: RowFilter]>([:])
  /// Texts that are kept; the cache starts afresh beyond it.
  private static let cacheLimit = 64

  init(model: Model, schema: Schema) {
    self.model = model
    self.schema = schema
  }

  func filter(_ rows: BaseRows, for makeCaller: () -> Caller) throws(QueryError) -> Filter {
    var caller = makeCaller()
    var filters: [Filter] = []
    for condition in rows.conditions {
      guard let text = condition.filter else { return Filter(predicate: .any([]), values: []) }
      caller.values = condition.values
      filters.append(try read(text).filter(for: caller))
    }
    if filters.count == 1 { return filters[0] }
    return Filter(predicate: .all(filters.map(\.predicate)), values: filters.flatMap(\.values))
  }

  private func read(_ text: String) throws(QueryError) -> RowFilter {
    if let filter = known.withLock({ $0[text] }) { return filter }
    let filter = try RowFilter.parse(text, model: model, schema: schema)
    known.withLock { known in
      if known.count >= Self.cacheLimit { known.removeAll(keepingCapacity: true) }
      known[text] = filter
    }
    return filter
  }
}
