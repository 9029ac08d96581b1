/// A condition on a call, in the List filter language: `claims.role = "editor" AND peer.address = "10.*"`.
///
/// True or false, never unknown: a comparison with what is not there is false, and NOT is its exact opposite.
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

  package func holds(_ facts: CallFacts) -> Bool { test.holds(facts) }
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

  func holds(_ facts: CallFacts) -> Bool {
    switch self {
    case .all(let tests): return tests.allSatisfy { $0.holds(facts) }
    case .any(let tests): return tests.contains { $0.holds(facts) }
    case .not(let test): return !test.holds(facts)
    case .isTrue(let fact): return fact.value(in: facts) == .bool(true)
    case .exists(let fact): return fact.value(in: facts) != nil
    case .compare(let fact, let comparison, let operand):
      return fact.value(in: facts).map { operand.compares($0, comparison) } ?? false
    case .has(let fact, let operand):
      guard let value = fact.value(in: facts) else { return false }
      switch value {
      case .array(let items): return items.contains { operand.compares($0, .equal) }
      case .object(let members): return members.keys.contains { operand.compares(.string($0), .equal) }
      default: return operand.compares(value, .equal)
      }
    case .like(let fact, let parts, let ignoringCase):
      guard case .string(let text)? = fact.value(in: facts) else { return false }
      return ignoringCase
        ? Self.isLike(text.lowercased(), parts.map { $0.lowercased() }) : Self.isLike(text, parts)
    case .equalsIgnoringCase(let fact, let other):
      guard case .string(let text)? = fact.value(in: facts) else { return false }
      return text.lowercased() == other.lowercased()
    case .matches(let fact, let expression):
      // A NUL would end the text for the C library.
      guard case .string(let text)? = fact.value(in: facts), !text.utf8.contains(0) else { return false }
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
