/// A condition on a call, in the List filter language: `claims.role = "editor" AND peer.address = "10.*"`.
///
/// A comparison with what is not there is false. Neither is NOT of it true where the condition lets a call in: what is not
/// known of a caller never speaks for it.
package struct CallCondition: Sendable {
  private let test: CallTest

  /// - Parameter limits: of the text.
  package static func parse(_ text: String, limits: FilterLimits = FilterLimits()) throws(QueryError) -> CallCondition {
    let bytes = Array(text.utf8)
    do throws(FilterParser.Problem) {
      guard let syntax = try FilterParser.parse(bytes, limits: limits) else {
        throw FilterParser.Problem(offset: 0, message: "expected a condition, found nothing")
      }
      return CallCondition(test: try CallTest(syntax))
    } catch {
      throw QueryError(parameter: "when", text: bytes, offset: error.offset, message: error.message)
    }
  }

  /// Whether it holds of a call.
  ///
  /// - Parameter grants: whether the call goes on if it does; otherwise it ends.
  package func holds(_ facts: CallFacts, grants: Bool) -> Bool { test.holds(facts, grants: grants, missing: false) }
}

/// A condition whose names and values are settled.
indirect enum CallTest: Sendable {
  case all([CallTest])
  case any([CallTest])
  case not(CallTest)
  /// The claim is the bool true.
  case isTrue(CallFact)
  /// There is a value other than null.
  case exists(CallFact)
  case compare(CallFact, Comparison, Operand)
  /// An array has the item, an object the member; of anything else it is equality.
  case has(CallFact, Operand)
  /// A text is made of the parts with anything between them.
  case like(CallFact, [String], ignoringCase: Bool)
  case equalsIgnoringCase(CallFact, String)
  case matches(CallFact, RegularExpression)

  enum Operand: Sendable {
    case value(ClaimValue)
    /// Parts of a text with anything between them.
    case pattern([String])
  }

  /// - Parameter missing: what a comparison with something that is not there comes to.
  func holds(_ facts: CallFacts, grants: Bool, missing: Bool) -> Bool {
    switch self {
    case .all(let tests): return tests.allSatisfy { $0.holds(facts, grants: grants, missing: missing) }
    case .any(let tests): return tests.contains { $0.holds(facts, grants: grants, missing: missing) }
    case .not(let test): return !test.holds(facts, grants: grants, missing: grants ? !missing : missing)
    case .exists(let fact): return fact.value(in: facts) != nil
    case .isTrue(let fact), .compare(let fact, _, _), .has(let fact, _), .like(let fact, _, _),
      .equalsIgnoringCase(let fact, _), .matches(let fact, _):
      return fact.value(in: facts).map(holds(of:)) ?? missing
    }
  }

  /// Whether a condition on one thing that is known of a call holds of its value.
  private func holds(of value: ClaimValue) -> Bool {
    switch self {
    case .all, .any, .not, .exists: return false
    case .isTrue: return value == .bool(true)
    case .compare(_, let comparison, let operand): return operand.compares(value, comparison)
    case .has(_, let operand):
      switch value {
      case .array(let items): return items.contains { operand.compares($0, .equal) }
      case .object(let members): return members.keys.contains { operand.compares(.string($0), .equal) }
      default: return operand.compares(value, .equal)
      }
    case .like(_, let parts, let ignoringCase):
      guard case .string(let text) = value else { return false }
      return ignoringCase
        ? Self.isLike(text.lowercased(), parts.map { $0.lowercased() }) : Self.isLike(text, parts)
    case .equalsIgnoringCase(_, let other):
      guard case .string(let text) = value else { return false }
      return text.lowercased() == other.lowercased()
    case .matches(_, let expression):
      // A NUL would end the text for the C library.
      guard case .string(let text) = value, !text.utf8.contains(0) else { return false }
      return text.withCString { expression.matches($0) }
    }
  }

  /// Whether the text is the parts with anything between them; compared by bytes, as SQL does.
  static func isLike(_ text: String, _ parts: [String]) -> Bool {
    let bytes = Array(text.utf8)
    let parts = parts.map { Array($0.utf8) }
    guard let first = parts.first, let last = parts.last else { return false }
    if parts.count == 1 { return bytes == first }
    guard bytes.count >= first.count + last.count, bytes.starts(with: first), bytes.suffix(last.count) == last[...]
    else { return false }
    var rest = bytes[first.count..<(bytes.count - last.count)]
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      while rest.count >= part.count, !rest.starts(with: part) { rest = rest.dropFirst() }
      guard rest.count >= part.count else { return false }
      rest = rest.dropFirst(part.count)
    }
    return true
  }
}

extension CallTest.Operand {
  /// Values of different kinds are not equal and have no order.
  fileprivate func compares(_ value: ClaimValue, _ comparison: Comparison) -> Bool {
    switch (self, value) {
    case (.pattern(let parts), .string(let text)):
      return CallTest.isLike(text, parts) == (comparison == .equal)
    case (.value(.string(let other)), .string(let text)):
      return comparison.holds(Array(text.utf8), Array(other.utf8)) { $0.lexicographicallyPrecedes($1) }
    case (.value(.bool(let other)), .bool(let bool)):
      return comparison == .equal ? bool == other : comparison == .notEqual && bool != other
    case (.value(.int(let other)), .int(let number)): return comparison.holds(number, other, by: <)
    case (.value(.int(let other)), .double(let number)): return comparison.holds(number, Double(other), by: <)
    case (.value(.double(let other)), .int(let number)): return comparison.holds(Double(number), other, by: <)
    case (.value(.double(let other)), .double(let number)): return comparison.holds(number, other, by: <)
    default: return comparison == .notEqual
    }
  }
}

extension Comparison {
  fileprivate func holds<Value: Equatable>(_ left: Value, _ right: Value, by less: (Value, Value) -> Bool) -> Bool {
    switch self {
    case .equal: left == right
    case .notEqual: left != right
    case .less: less(left, right)
    case .lessOrEqual: !less(right, left)
    case .greater: less(right, left)
    case .greaterOrEqual: !less(left, right)
    }
  }
}
