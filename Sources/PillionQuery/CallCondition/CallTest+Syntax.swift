/// Gives a condition's names and values their meaning.
extension CallTest {
  typealias Problem = FilterParser.Problem

  init(_ syntax: FilterSyntax) throws(Problem) {
    switch syntax {
    case .all(let parts): self = .all(try Self.tests(parts))
    case .any(let parts): self = .any(try Self.tests(parts))
    case .not(let part): self = .not(try CallTest(part))
    case .restriction(let restriction): self = try Self.test(restriction)
    }
  }

  private static func tests(_ parts: [FilterSyntax]) throws(Problem) -> [CallTest] {
    var tests: [CallTest] = []
    for part in parts { tests.append(try CallTest(part)) }
    return tests
  }

  private static func test(_ restriction: FilterSyntax.Restriction) throws(Problem) -> CallTest {
    switch restriction.subject {
    case .literal(let literal):
      throw Problem(offset: literal.offset, message: "expected `claims.…`, `principal` or `peer.…`, found a text")
    case .call(let name, let arguments):
      if let comparison = restriction.comparison {
        throw Problem(offset: comparison.offset, message: "`\(name.text)` is true or false by itself")
      }
      return try call(name, arguments)
    case .member(let names):
      let fact = try CallFact(names)
      guard let (comparator, argument, offset) = restriction.comparison else {
        guard case .claim = fact else {
          throw Problem(
            offset: names.first?.offset ?? 0, message: "expected a comparison; only a claim may stand alone")
        }
        return .isTrue(fact)
      }
      return try compare(fact, comparator, argument, at: offset)
    }
  }

  private static func compare(
    _ fact: CallFact, _ comparator: Comparator, _ argument: FilterSyntax.Argument, at offset: Int
  ) throws(Problem) -> CallTest {
    if case .literal(let literal) = argument { return try compare(fact, comparator, literal, at: offset) }
    guard comparator == .equal || comparator == .has else {
      throw Problem(
        offset: offset,
        message: "`\(comparator.rawValue)` takes one value; several go with `=` or `:`, and NOT before the whole")
    }
    switch argument {
    case .not(let inner): return .not(try compare(fact, comparator, inner, at: offset))
    case .all(let parts), .any(let parts):
      var tests: [CallTest] = []
      for part in parts { tests.append(try compare(fact, comparator, part, at: offset)) }
      if case .all = argument { return .all(tests) }
      return .any(tests)
    default: throw Problem(offset: offset, message: "expected a value")
    }
  }

  private static func compare(
    _ fact: CallFact, _ comparator: Comparator, _ literal: FilterSyntax.Literal, at offset: Int
  ) throws(Problem) -> CallTest {
    let mismatch = Problem(
      offset: offset, message: "`\(comparator.rawValue)` does not compare with `\(PathResolver.excerpt(literal.text))`")
    if literal.isPresence || literal.isNull {
      switch (comparator, literal.isNull) {
      case (.equal, true), (.notEqual, false): return .not(.exists(fact))
      case (.notEqual, true), (.equal, false), (.has, false): return .exists(fact)
      default: throw mismatch
      }
    }
    let operand = try operand(literal, isText: fact.isText || fact.isList)
    guard let comparison = comparator.comparison else { return .has(fact, operand) }
    if fact.isList {
      throw Problem(offset: offset, message: "this has many values, which `:` asks for, not `\(comparator.rawValue)`")
    }
    switch operand {
    case .pattern, .value(.bool): guard comparison == .equal || comparison == .notEqual else { throw mismatch }
    default: break
    }
    return .compare(fact, comparison, operand)
  }

  /// A bare number, `true` or `false` is one; anything else, and all that is compared with text, is text.
  private static func operand(
    _ literal: FilterSyntax.Literal, isText: Bool, hasPatterns: Bool = true
  ) throws(Problem) -> Operand {
    if !literal.isQuoted {
      let root = literal.text.split(separator: ".", omittingEmptySubsequences: false).first ?? ""
      if literal.text == "principal" || ["claims", "peer"].contains(root) && literal.text.contains(".") {
        throw Problem(
          offset: literal.offset, message: "expected a value; a text that looks like a name goes between quotes")
      }
    }
    if literal.hasWildcard, hasPatterns { return .pattern(literal.parts) }
    guard !literal.isQuoted, !isText else { return .value(.string(literal.text)) }
    if literal.text == "true" || literal.text == "false" { return .value(.bool(literal.text == "true")) }
    if let number = Int64(literal.text), literal.text.utf8.first != UInt8(ascii: "+") { return .value(.int(number)) }
    if let number = FilterLiteral.number(literal.text) { return .value(.double(number)) }
    return .value(.string(literal.text))
  }

  private static func call(
    _ name: FilterSyntax.Name, _ arguments: [FilterSyntax.Literal]
  ) throws(Problem) -> CallTest {
    guard let function = FilterFunction(rawValue: name.text) else {
      throw Problem(offset: name.offset, message: "unknown function `\(PathResolver.excerpt(name.text))`")
    }
    guard function.argumentCounts.contains(arguments.count), let first = arguments.first, !first.isQuoted else {
      throw Problem(offset: name.offset, message: "expected \(function.form)")
    }
    var offset = first.offset
    let names = first.text.split(separator: ".", omittingEmptySubsequences: false).map { part in
      defer { offset += part.utf8.count + 1 }
      return FilterSyntax.Name(text: String(part), offset: offset)
    }
    let fact = try CallFact(names)
    if fact.isList, function != .isnull {
      throw Problem(offset: first.offset, message: "`\(first.text)` has many values; ask with `:`")
    }
    let text = arguments.count > 1 ? arguments[1].text : ""
    switch function {
    case .contains, .icontains: return .like(fact, ["", text, ""], ignoringCase: function == .icontains)
    case .startswith, .istartswith: return .like(fact, [text, ""], ignoringCase: function == .istartswith)
    case .endswith, .iendswith: return .like(fact, ["", text], ignoringCase: function == .iendswith)
    case .ieq: return .equalsIgnoringCase(fact, text)
    case .regex:
      if let problem = FilterPattern.problem(text) { throw Problem(offset: arguments[1].offset, message: problem) }
      guard let expression = RegularExpression(Array(text.utf8)) else {
        throw Problem(offset: arguments[1].offset, message: "the regular expression is malformed")
      }
      return .matches(fact, expression)
    case .range:
      return .all([
        .compare(fact, .greaterOrEqual, try operand(arguments[1], isText: fact.isText, hasPatterns: false)),
        .compare(fact, .lessOrEqual, try operand(arguments[2], isText: fact.isText, hasPatterns: false)),
      ])
    case .isnull:
      guard arguments.count == 2 else { return .not(.exists(fact)) }
      guard text == "true" || text == "false" else {
        throw Problem(offset: arguments[1].offset, message: "expected true or false")
      }
      return text == "true" ? .not(.exists(fact)) : .exists(fact)
    }
  }
}
