import Synchronization

/// Page tokens that were not taken, by the reason.
package final class PageTokenCounts: Sendable {
  private let malformed = Atomic<Int>(0)
  private let forged = Atomic<Int>(0)
  private let expired = Atomic<Int>(0)
  private let otherQuery = Atomic<Int>(0)

  package init() {}

  package func note(_ problem: PageTokens.Problem) {
    switch problem {
    case .malformed: malformed.wrappingAdd(1, ordering: .relaxed)
    case .forged: forged.wrappingAdd(1, ordering: .relaxed)
    case .expired: expired.wrappingAdd(1, ordering: .relaxed)
    case .otherQuery: otherQuery.wrappingAdd(1, ordering: .relaxed)
    }
  }

  package var values: [(reason: String, count: Int)] {
    [
      ("expired", expired.load(ordering: .relaxed)), ("forged", forged.load(ordering: .relaxed)),
      ("malformed", malformed.load(ordering: .relaxed)), ("other_query", otherQuery.load(ordering: .relaxed)),
    ]
  }
}
