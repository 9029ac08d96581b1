package import PillionQuery
package import PillionSchema
import Synchronization

/// The plans of a service whose model, or a model that its relations lead to, has a row filter, or whose base rows code
/// decides about: where neither is so, the service's own plans do.
///
/// What the filters look like depends on the caller; there are plans for each look that occurs.
package final class FilteredPlans: Sendable {
  /// What one call does, and may see.
  package struct Access: Sendable {
    package let plans: ModelPlans
    /// The caller's values, for the plans to bind.
    package let values: Parameters
    fileprivate let principal: String
    fileprivate let filters: [Filter]

    /// What page tokens are bound to: who calls, and what the row filters make of that.
    package var fingerprint: [String] { [principal] + filters.flatMap { ["\($0.predicate)", "\($0.values)"] } }
  }

  /// What all filters together look like.
  private struct Look: Hashable {
    let filters: [FilterShape]
    let base: FilterShape?
  }

  private let filters: [(model: Int, filter: RowFilter)]
  private let make: @Sendable ([Int: Predicate], Predicate?) -> ModelPlans
  private let cache = Mutex<[Look: ModelPlans]>([:])
  /// Looks whose plans are kept; the cache starts afresh beyond it.
  private static let cacheLimit = 64

  /// - Parameters:
  ///   - filters: in the order of `schema.models`.
  ///   - make: makes the plans for row filters, by their models' indices, and for base rows.
  package init(
    model: Model, schema: Schema, filters: [RowFilter?],
    make: @escaping @Sendable ([Int: Predicate], _ base: Predicate?) -> ModelPlans
  ) {
    let reachable = schema.reachable(from: model.index)
    self.filters = filters.indices.compactMap { index in
      guard reachable.contains(index), let filter = filters[index] else { return nil }
      return (index, filter)
    }
    self.make = make
  }

  /// Whether a row filter concerns the service.
  package var hasRowFilters: Bool { !filters.isEmpty }

  /// What the caller may do. A value that the database cannot hold lets no row through.
  ///
  /// - Parameter base: what code asks of the service's own rows, beyond the row filters.
  package func access(for caller: Caller, base: Filter? = nil) -> Access {
    let resolved = filters.map { $0.filter.filter(for: caller) }
    var all = resolved
    if let base { all.append(base) }
    let plans = plans(Look(filters: resolved.map(\.shape), base: base?.shape))
    let principal = caller.identity?.principal ?? ""
    do throws(ValueError) {
      return Access(plans: plans, values: try plans.bind(all.flatMap(\.values)), principal: principal, filters: all)
    } catch {
      let none = FilterShape(.any([]))
      let nothing = self.plans(Look(filters: filters.map { _ in none }, base: base.map { _ in none }))
      return Access(plans: nothing, values: Parameters(), principal: principal, filters: all)
    }
  }

  private func plans(_ look: Look) -> ModelPlans {
    if let known = cache.withLock({ $0[look] }) { return known }
    let predicates = zip(filters, look.filters).map { ($0.model, $1.predicate) }
    let made = make(Dictionary(uniqueKeysWithValues: predicates), look.base?.predicate)
    return cache.withLock { cache in
      // Two calls may have made the same plans at once: all use the first, so that its statements are prepared once.
      if let known = cache[look] { return known }
      if cache.count >= Self.cacheLimit { cache.removeAll(keepingCapacity: true) }
      cache[look] = made
      return made
    }
  }
}

extension Schema {
  /// The model itself and all that a path along relations may come to, in both directions.
  fileprivate func reachable(from start: Int) -> Set<Int> {
    var found: Set<Int> = []
    var next = [start]
    while let index = next.popLast() {
      guard models.indices.contains(index), found.insert(index).inserted else { continue }
      next += models[index].fields.compactMap { $0.type.related }
      next += models.indices.filter { other in models[other].fields.contains { $0.type.related == index } }
    }
    return found
  }
}
