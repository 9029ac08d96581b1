import PillionDatabase

/// An expression of a CHECK or DEFAULT, as far as it is understood; casts and collations are left out.
indirect enum SQLExpression: Hashable {
  /// A column, or `VALUE` of a domain.
  case name(String)
  case text(String)
  case blob([UInt8])
  /// With its sign.
  case number(String)
  case bool(Bool)
  case null
  /// The function's name in lower case, without a schema; also `current_timestamp` and the like.
  case call(String, [SQLExpression])
  /// `ARRAY[…]`, or `(a, b)`.
  case list([SQLExpression])
  /// `=`, `<>`, `<`, `like` and what else stands between two values.
  case binary(String, SQLExpression, SQLExpression)
  case isIn(SQLExpression, [SQLExpression])
  case isNull(SQLExpression, Bool)
  case and([SQLExpression])
  case or([SQLExpression])
  case not(SQLExpression)
  /// What is not understood.
  case other

  /// Nil for what is no expression.
  init?(_ text: String, _ dialect: Dialect) {
    var parser = SQLExpressionParser(tokens: SQLTokenizer.tokens(text, dialect)[...])
    guard let expression = parser.expression(), parser.isAtEnd else { return nil }
    self = expression
  }
}

/// Recursive descent over the tokens of an expression. Nil: the tokens are none.
struct SQLExpressionParser {
  private var tokens: ArraySlice<SQLToken>
  private var depth = 0
  /// Deeper than what people write; keeps a hostile expression from the stack's end.
  private static let maximumDepth = 64

  init(tokens: ArraySlice<SQLToken>) { self.tokens = tokens }

  var isAtEnd: Bool { tokens.isEmpty }

  mutating func expression() -> SQLExpression? {
    depth += 1
    defer { depth -= 1 }
    guard depth < Self.maximumDepth, let first = conjunction() else { return nil }
    var terms = [first]
    while take(word: "or") {
      guard let next = conjunction() else { return nil }
      terms.append(next)
    }
    return terms.count == 1 ? first : .or(terms)
  }

  private mutating func conjunction() -> SQLExpression? {
    guard let first = negation() else { return nil }
    var terms = [first]
    while take(word: "and") {
      guard let next = negation() else { return nil }
      terms.append(next)
    }
    return terms.count == 1 ? first : .and(terms)
  }

  private mutating func negation() -> SQLExpression? {
    var isNegated = false
    while take(word: "not") { isNegated.toggle() }
    guard let expression = comparison() else { return nil }
    return isNegated ? .not(expression) : expression
  }

  private mutating func comparison() -> SQLExpression? {
    guard var left = operand() else { return nil }
    while let token = tokens.first {
      let isNot = token.isWord("not")
      let next = isNot ? tokens.dropFirst().first : token
      guard let next else { return nil }
      if next.isWord("is") || next.isWord("isnull") || next.isWord("notnull") {
        guard let made = nullTest(of: left) else { return nil }
        left = made
      } else if next.isWord("in") {
        tokens.removeFirst(isNot ? 2 : 1)
        guard let items = brackets() else { return nil }
        left = isNot ? .not(.isIn(left, items)) : .isIn(left, items)
      } else if next.isWord("between") {
        tokens.removeFirst(isNot ? 2 : 1)
        _ = take(word: "symmetric")
        guard let low = operand(), take(word: "and"), let high = operand() else { return nil }
        let range = SQLExpression.and([.binary(">=", left, low), .binary("<=", left, high)])
        left = isNot ? .not(range) : range
      } else if let name = Self.matching.first(where: { next.isWord($0) }) {
        tokens.removeFirst(isNot ? 2 : 1)
        guard let right = operand() else { return nil }
        if take(word: "escape"), operand() == nil { return nil }
        left = .binary(isNot ? "not \(name)" : name, left, right)
      } else if let name = Self.comparing.first(where: { token.isSymbol($0) }) {
        tokens.removeFirst()
        guard let made = compared(left, name == "==" ? "=" : name == "!=" ? "<>" : name) else { return nil }
        left = made
      } else {
        break
      }
    }
    return left
  }

  private static let matching = ["like", "glob", "ilike", "regexp", "match", "similar"]
  private static let comparing = ["=", "==", "<>", "!=", "<=", ">=", "<", ">"]

  /// `IS [NOT] NULL`, `ISNULL`, `NOTNULL`, `NOT NULL`; any other `IS` is not understood.
  private mutating func nullTest(of left: SQLExpression) -> SQLExpression? {
    if take(word: "isnull") { return .isNull(left, true) }
    if take(word: "notnull") { return .isNull(left, false) }
    guard take(word: "is") else { return nil }
    let isNot = take(word: "not")
    if take(word: "null") { return .isNull(left, !isNot) }
    return operand() == nil ? nil : .other
  }

  /// Behind a comparing symbol: `ANY (list)`, or a value.
  private mutating func compared(_ left: SQLExpression, _ symbol: String) -> SQLExpression? {
    guard take(word: "any") || take(word: "some") else {
      if take(word: "all") { return brackets().map { .binary(symbol, left, .call("all", $0)) } }
      return operand().map { .binary(symbol, left, $0) }
    }
    guard let items = brackets() else { return nil }
    if symbol == "=", items.count == 1, case .list(let values) = items[0] { return .isIn(left, values) }
    return .other
  }

  /// Values with operators between them, of which only the sign of a number is understood.
  private mutating func operand() -> SQLExpression? {
    guard var left = primary() else { return nil }
    while let token = tokens.first, case .symbol(let symbol) = token.kind, !Self.comparing.contains(symbol),
      !["(", ")", ",", "[", "]", ";"].contains(symbol)
    {
      tokens.removeFirst()
      guard let right = primary() else { return nil }
      left = .binary(symbol, left, right)
    }
    return left
  }

  private mutating func primary() -> SQLExpression? {
    depth += 1
    defer { depth -= 1 }
    guard depth < Self.maximumDepth, let token = tokens.popFirst(), var made = value(token) else { return nil }
    while let next = tokens.first {
      if next.isSymbol("::") {
        tokens.removeFirst()
        skipType()
      } else if next.isWord("collate") {
        tokens.removeFirst(min(2, tokens.count))
        while tokens.first?.isSymbol(".") == true { tokens.removeFirst(min(2, tokens.count)) }
      } else if next.isWord("at") {
        // AT TIME ZONE 'utc'
        tokens.removeFirst(min(3, tokens.count))
        guard let zone = primary() else { return nil }
        made = .call("timezone", [zone, made])
      } else if next.isSymbol("[") {
        tokens.removeFirst()
        guard skip(to: "]", from: "[") else { return nil }
        made = .other
      } else {
        break
      }
    }
    return made
  }

  private mutating func value(_ token: SQLToken) -> SQLExpression? {
    switch token.kind {
    case .text(let text): return .text(text)
    case .blob(let bytes): return .blob(bytes)
    case .number(let number): return .number(number)
    case .quoted(let name): return qualified(name)
    case .symbol("("):
      guard let items = items(until: ")") else { return nil }
      return items.count == 1 ? items[0] : .list(items)
    case .symbol("-"), .symbol("+"):
      guard case .number(let number)? = primary() else { return .other }
      return .number(token.isSymbol("-") ? number.hasPrefix("-") ? String(number.dropFirst()) : "-" + number : number)
    case .symbol: return nil
    case .word(let word): return named(word)
    }
  }

  /// What begins with a bare word.
  private mutating func named(_ word: String) -> SQLExpression? {
    switch word.asciiLowercased {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "case": return skip(to: "end", from: "case") ? .other : nil
    case "cast":
      guard take(symbol: "("), let inner = expression(), take(word: "as"), skip(to: ")", from: "(") else { return nil }
      return inner
    case "array":
      guard take(symbol: "[") else { return .other }
      return items(until: "]").map(SQLExpression.list)
    case "exists", "select":
      tokens.removeAll()
      return .other
    case "current_timestamp", "current_date", "current_time", "localtimestamp", "localtime", "current_user",
      "session_user", "user":
      if tokens.first?.isSymbol("(") == true, brackets() == nil { return nil }
      return .call(word.asciiLowercased, [])
    default: break
    }
    // A literal of a type: date '2024-05-06'.
    if case .text(let text)? = tokens.first?.kind {
      tokens.removeFirst()
      return .text(text)
    }
    return qualified(word)
  }

  /// `a`, `t.a` or `schema.function(…)`.
  private mutating func qualified(_ name: String) -> SQLExpression? {
    var name = name
    while take(symbol: ".") {
      switch tokens.popFirst()?.kind {
      case .word(let next), .quoted(let next): name = next
      default: return nil
      }
    }
    guard tokens.first?.isSymbol("(") == true else { return .name(name) }
    let before = tokens
    if let arguments = brackets() { return .call(name.asciiLowercased, arguments) }
    // `extract(year FROM a)`, `count(*)`: a call whose arguments are not understood.
    tokens = before.dropFirst()
    return skip(to: ")", from: "(") ? .call(name.asciiLowercased, [.other]) : nil
  }

  /// `(a, b)`
  private mutating func brackets() -> [SQLExpression]? { take(symbol: "(") ? items(until: ")") : nil }

  private mutating func items(until end: String) -> [SQLExpression]? {
    if take(symbol: end) { return [] }
    var items: [SQLExpression] = []
    repeat {
      guard let item = expression() else { return nil }
      items.append(item)
    } while take(symbol: ",")
    return take(symbol: end) ? items : nil
  }

  /// Behind `::`: names, brackets, and the words that some types have.
  private mutating func skipType() {
    guard !tokens.isEmpty else { return }
    tokens.removeFirst()
    while let next = tokens.first {
      if next.isSymbol(".") {
        tokens.removeFirst(min(2, tokens.count))
      } else if ["varying", "precision", "with", "without", "time", "zone"].contains(where: { next.isWord($0) }) {
        tokens.removeFirst()
      } else if next.isSymbol("("), case .number? = tokens.dropFirst().first?.kind {
        tokens.removeFirst()
        _ = skip(to: ")", from: "(")
      } else if next.isSymbol("["), tokens.dropFirst().first?.isSymbol("]") == true {
        tokens.removeFirst(2)
      } else {
        return
      }
    }
  }

  /// Behind an opening token: everything to the one that closes it.
  private mutating func skip(to end: String, from start: String) -> Bool {
    var open = 1
    while let token = tokens.popFirst() {
      if token.isSymbol(start) || token.isWord(start) { open += 1 }
      if token.isSymbol(end) || token.isWord(end) { open -= 1 }
      if open == 0 { return true }
    }
    return false
  }

  private mutating func take(word: String) -> Bool {
    guard tokens.first?.isWord(word) == true else { return false }
    tokens.removeFirst()
    return true
  }

  private mutating func take(symbol: String) -> Bool {
    guard tokens.first?.isSymbol(symbol) == true else { return false }
    tokens.removeFirst()
    return true
  }
}
