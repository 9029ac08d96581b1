package import PillionQuery
package import PillionSchema

/// What Lists may ask for, and how their pages go on.
package struct ListPolicy: Sendable {
  package var limits = FilterLimits()
  /// Rows of a List or ListPage at most, unless the model says otherwise; nil: a List has no limit of its own.
  package var maximumPageSize: Int?
  /// Rows of a ListPage that asks for none.
  package var defaultPageSize = 50
  /// Rows of a ListPage at most where nothing else says: its rows are one message.
  package static let largestPage = 1_000
  /// What becomes of Lists that no index serves, unless the model says otherwise.
  package var indexRequirement = IndexRequirement.off
  /// Nil: there is no database that could be asked.
  package var indexJudge: (any IndexJudge)?
  package var tokens: PageTokens
  /// Counts the tokens that are not taken.
  package let tokenErrors = PageTokenCounts()

  /// What a service asks of indexes; nil: nothing.
  func indexGuard(of service: ServiceDefinition) -> IndexGuard? {
    guard let indexJudge else { return nil }
    switch service.indexRequirement ?? indexRequirement {
    case .off: return nil
    case .warn: return IndexGuard(refuses: false, judge: indexJudge)
    case .refuse: return IndexGuard(refuses: true, judge: indexJudge)
    }
  }

  package init(tokens: PageTokens) { self.tokens = tokens }
}
