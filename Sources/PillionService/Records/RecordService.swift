import PillionDatabase
package import PillionQuery

/// One service as code asks for its rows: those that it shows to a caller.
package final class RecordService: Sendable {
  package let view: RecordView
  private let filtered: FilteredPlans
  private let filters: BaseRowFilters

  init(_ view: RecordView, _ filtered: FilteredPlans, filters: BaseRowFilters) {
    self.view = view
    self.filtered = filtered
    self.filters = filters
  }

  /// The rows that the service's `filter` and the row filters let through.
  ///
  /// - Parameter base: what code asks of them beyond that; nil: nothing.
  package func rows(for caller: Caller, _ base: BaseRows?) throws(RecordError) -> RecordRows {
    var filter: Filter?
    do throws(QueryError) {
      filter = if let base { try filters.filter(base) { caller } } else { nil }
    } catch {
      throw view.unreadable(error)
    }
    let access = filtered.access(for: caller, base: filter)
    return RecordRows(view, access.plans, caller: access.values)
  }
}
