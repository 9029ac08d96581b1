package import PillionQuery

/// Who may call what.
///
/// A call is allowed if a rule allows it and none denies it, whatever their order: a rule that is added to allow never
/// undoes one that denies. Without a rule that fits nothing is allowed.
package struct AccessRules: Sendable {
  package struct Rule: Sendable {
    package var isDenial: Bool
    package var methods: MethodPattern
    /// Nil: for everybody.
    package var condition: CallCondition?

    package init(isDenial: Bool = false, methods: MethodPattern, condition: CallCondition? = nil) {
      self.isDenial = isDenial
      self.methods = methods
      self.condition = condition
    }
  }

  /// What the rules say of one method.
  package enum Decision: Sendable {
    case always
    case never
    /// If one of the first holds, or none is needed, and none of the second.
    case when(allowed: [CallCondition], denied: [CallCondition], isAllowedOtherwise: Bool)

    package func allows(_ facts: @autoclosure () -> CallFacts) -> Bool {
      switch self {
      case .always: return true
      case .never: return false
      case .when(let allowed, let denied, let isAllowedOtherwise):
        let facts = facts()
        if denied.contains(where: { $0.holds(facts, grants: false) }) { return false }
        return isAllowedOtherwise || allowed.contains { $0.holds(facts, grants: true) }
      }
    }
  }

  package let rules: [Rule]

  package init(_ rules: [Rule]) { self.rules = rules }

  /// Whether a rule denies a call, whatever others allow.
  package func denies(_ path: String, _ facts: CallFacts) -> Bool {
    rules.contains { $0.isDenial && $0.methods.matches(path) && ($0.condition?.holds(facts, grants: false) ?? true) }
  }

  package func decision(on path: String) -> Decision {
    let fitting = rules.filter { $0.methods.matches(path) }
    let denials = fitting.filter(\.isDenial)
    let allowances = fitting.filter { !$0.isDenial }
    if allowances.isEmpty || denials.contains(where: { $0.condition == nil }) { return .never }
    let isAllowedOtherwise = allowances.contains { $0.condition == nil }
    if isAllowedOtherwise && denials.isEmpty { return .always }
    return .when(
      allowed: isAllowedOtherwise ? [] : allowances.compactMap(\.condition), denied: denials.compactMap(\.condition),
      isAllowedOtherwise: isAllowedOtherwise)
  }
}
