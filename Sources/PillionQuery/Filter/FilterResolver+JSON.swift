import PillionSchema

extension FilterResolver {
  /// A json field, or what its keys lead to: the literal says what kind of value is meant.
  mutating func compareJSON(
    _ target: PathResolver.Target, _ comparator: Comparator, _ literal: FilterSyntax.Literal, at offset: Int
  ) throws(Problem) -> Predicate {
    if target.keys.isEmpty, literal.isNull || literal.isPresence {
      switch (comparator, literal.isNull) {
      case (.equal, true): return test(target, .isNull)
      case (.notEqual, true), (.has, false): return test(target, .isNotNull)
      default: throw unknownComparison(comparator, literal, at: offset)
      }
    }
    append(.keys(target.keys))
    if literal.isNull {
      switch comparator {
      case .equal: return test(target, .json(.isNull))
      case .notEqual: return test(target, .json(.isNotNull))
      default: throw unknownComparison(comparator, literal, at: offset)
      }
    }
    if literal.isPresence {
      guard comparator == .has else { throw unknownComparison(comparator, literal, at: offset) }
      return test(target, .json(.exists))
    }
    let kind = literal.isQuoted ? .string : JSONKind(ofBare: literal.text)
    try append(literal, as: literal.isQuoted ? .text : .json(kind))
    guard let comparison = comparator.comparison else { return test(target, .json(.contains(kind))) }
    if kind == .bool, comparison != .equal, comparison != .notEqual {
      throw unknownComparison(comparator, literal, at: offset)
    }
    return test(target, .json(.compare(comparison, kind)))
  }

  private func unknownComparison(
    _ comparator: Comparator, _ literal: FilterSyntax.Literal, at offset: Int
  ) -> Problem {
    Problem(offset: offset, message: "`\(comparator.rawValue)` does not compare with `\(literal.text)`")
  }
}
