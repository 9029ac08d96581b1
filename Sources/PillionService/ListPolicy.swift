package import PillionQuery

/// What Lists may ask for, and how their pages go on.
package struct ListPolicy: Sendable {
  package var limits = FilterLimits()
  /// Rows of a List or ListPage at most, unless the model says otherwise; nil: a List has no limit of its own.
  package var maximumPageSize: Int?
  /// Rows of a ListPage that asks for none.
  package var defaultPageSize = 50
  /// Rows of a ListPage at most where nothing else says: its rows are one message.
  package static let largestPage = 1_000
  package var tokens: PageTokens
  /// Counts the tokens that are not taken.
  package let tokenErrors = PageTokenCounts()

  package init(tokens: PageTokens) { self.tokens = tokens }
}
