/// What one filter may cost before a database sees it.
package struct FilterLimits: Sendable {
  /// Of the text, in bytes.
  package var maximumBytes = 8192
  /// Of parentheses and NOTs within each other.
  package var maximumDepth = 32
  /// Comparisons, and values within one.
  package var maximumTerms = 100
  /// Relations that one path may follow.
  package var maximumRelations = 3

  package init() {}
}
