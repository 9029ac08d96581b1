/// A condition on the caller alone: `claims.role = "admin"`.
struct CallerTest: Sendable {
  let source: CallerValue
  /// Nil for a bool that stands alone.
  let comparison: (comparator: Comparator, literal: FilterSyntax.Literal)?

  /// Nil: not known, as the caller says nothing of the kind.
  func holds(for caller: Caller) -> Bool? {
    let value = source.value(of: caller)
    guard let (comparator, literal) = comparison else {
      if case .bool(let bool)? = value { return bool }
      return nil
    }
    if literal.isNull || literal.isPresence {
      let wantsValue = literal.isPresence != (comparator == .notEqual)
      return (value != nil) == wantsValue
    }
    guard let value else { return nil }
    guard case .array(let elements) = value else { return Self.compare(value, comparator, literal) }
    guard comparator == .equal || comparator == .has || comparator == .notEqual else { return nil }
    let answers = elements.map { Self.compare($0, .equal, literal) }
    if answers.contains(true) { return comparator != .notEqual }
    return answers.contains(where: { $0 == nil }) ? nil : comparator == .notEqual
  }

  private static func compare(
    _ value: ClaimValue, _ comparator: Comparator, _ literal: FilterSyntax.Literal
  ) -> Bool? {
    // `:` asks an array; of one value it is equality.
    let comparison = comparator.comparison ?? .equal
    switch value {
    case .string(let text):
      if literal.hasWildcard {
        guard comparison == .equal || comparison == .notEqual else { return nil }
        return matches(text, literal.parts) == (comparison == .equal)
      }
      // Numbers and bools are of another kind than text, whatever it says.
      let isOfText = literal.isQuoted || FilterLiteral.number(literal.text) == nil && Bool(literal.text) == nil
      guard isOfText else { return nil }
      return comparison.holds(Array(text.unicodeScalars), Array(literal.text.unicodeScalars)) { left, right in
        left.lexicographicallyPrecedes(right)
      }
    case .bool(let bool):
      guard !literal.isQuoted, literal.text == "true" || literal.text == "false" else { return nil }
      switch comparison {
      case .equal: return bool == (literal.text == "true")
      case .notEqual: return bool != (literal.text == "true")
      default: return nil
      }
    case .int(let number):
      guard !literal.isQuoted else { return nil }
      if let other = Int64(literal.text) { return comparison.holds(number, other, by: <) }
      return FilterLiteral.number(literal.text).flatMap { comparison.holds(Double(number), $0, by: <) }
    case .double(let number):
      guard !literal.isQuoted, number.isFinite else { return nil }
      return FilterLiteral.number(literal.text).flatMap { comparison.holds(number, $0, by: <) }
    case .null, .array, .object: return nil
    }
  }

  /// Whether the text is made of the parts with anything between them.
  private static func matches(_ text: String, _ parts: [String]) -> Bool {
    let bytes = Array(text.utf8)
    let parts = parts.map { Array($0.utf8) }
    guard let first = parts.first, let last = parts.last, bytes.count >= first.count + last.count,
      bytes.starts(with: first), bytes.suffix(last.count).elementsEqual(last)
    else { return false }
    var rest = bytes[first.count..<(bytes.count - last.count)]
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      var start = rest.startIndex
      while start + part.count <= rest.endIndex, !rest[start...].starts(with: part) { start += 1 }
      guard start + part.count <= rest.endIndex else { return false }
      rest = rest[(start + part.count)...]
    }
    return true
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
