package import PillionQuery
import PillionSchema
import PillionTransport
import Synchronization

/// The rows that a call's action is about, as the model's hooks say: a filter beside the service's own.
package struct BaseRows: Sendable {
  /// In the language of row filters; nil: no row.
  package var filter: String?
  /// What `claims` means in it first, before what the caller's token or key says.
  package var values: [String: ClaimValue]

  package init(filter: String?, values: [String: ClaimValue] = [:]) {
    self.filter = filter
    self.values = values
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
    guard let text = rows.filter else { return Filter(predicate: .any([]), values: []) }
    var caller = makeCaller()
    caller.values = rows.values
    return try read(text).filter(for: caller)
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
