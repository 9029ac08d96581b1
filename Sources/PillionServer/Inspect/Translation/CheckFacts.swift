import PillionDatabase
import PillionSchema

/// What a CHECK constraint says, as far as definitions can say it too.
struct CheckFacts {
  enum Fact: Hashable {
    case choices([SQLExpression])
    case minimum(String)
    case maximum(String)
    case minimumLength(Int)
    case maximumLength(Int)
    /// Of every item of an array.
    case itemMinimum(String)
    case itemMaximum(String)
    case notNull
    /// SQLite: the text is JSON.
    case json
  }

  /// Facts, with the names that the constraint gives its columns.
  private(set) var facts: [(column: String, fact: Fact)] = []
  /// Whether the facts say all that the constraint says.
  private(set) var isComplete = true

  init(_ check: String, _ dialect: Dialect) {
    guard let expression = SQLExpression(check, dialect) else {
      isComplete = false
      return
    }
    read(expression)
  }

  private mutating func read(_ expression: SQLExpression) {
    switch expression {
    case .and(let terms): for term in terms { read(term) }
    case .or(let terms): readAlternatives(terms)
    case .isIn(.name(let column), let values): readChoices(column, values)
    case .isNull(.name(let column), false): facts.append((column, .notNull))
    case .binary(let symbol, let left, let right): readComparison(symbol, left, right)
    case .call("json_valid", let arguments):
      if case .name(let column)? = arguments.first { facts.append((column, .json)) } else { isComplete = false }
    default: isComplete = false
    }
  }

  /// `a IS NULL OR …` holds for NULLs anyway; `a = 1 OR a = 2` is `a IN (1, 2)`.
  private mutating func readAlternatives(_ terms: [SQLExpression]) {
    var nullable: Set<String> = []
    var rest: [SQLExpression] = []
    for term in terms {
      if case .isNull(.name(let column), true) = term { nullable.insert(column) } else { rest.append(term) }
    }
    if rest.count == 1, let only = rest.first {
      var inner = CheckFacts(only)
      // `a IS NULL OR b > 1` is about more than one column.
      if !inner.facts.allSatisfy({ nullable.contains($0.column) }) { inner = CheckFacts(.other) }
      facts += inner.facts
      isComplete = isComplete && inner.isComplete
      return
    }
    var column: String?
    var values: [SQLExpression] = []
    for term in rest {
      let inner = CheckFacts(term)
      guard inner.isComplete, inner.facts.count == 1, let (name, fact) = inner.facts.first, column ?? name == name,
        case .choices(let choices) = fact
      else {
        isComplete = false
        return
      }
      column = name
      values += choices
    }
    guard let column, nullable.isSubset(of: [column]) else {
      isComplete = false
      return
    }
    facts.append((column, .choices(values)))
  }

  private init(_ expression: SQLExpression) { read(expression) }

  private mutating func readChoices(_ column: String, _ values: [SQLExpression]) {
    let isPlain = values.allSatisfy { value in
      switch value {
      case .text, .number: true
      default: false
      }
    }
    if isPlain, !values.isEmpty { facts.append((column, .choices(values))) } else { isComplete = false }
  }

  private static let mirrored = ["<": ">", "<=": ">=", ">": "<", ">=": "<="]
  private static let lengths = ["length", "char_length", "character_length", "cardinality"]

  private mutating func readComparison(_ symbol: String, _ left: SQLExpression, _ right: SQLExpression) {
    switch (left, right) {
    case (.number(let number), .call("all", let items)), (.text(let number), .call("all", let items)):
      readItems(symbol, number, items)
    case (.number, .name), (.number, .call): readComparison(Self.mirrored[symbol] ?? symbol, right, left)
    case (.name(let column), .number(let number)):
      switch symbol {
      case "=": facts.append((column, .choices([right])))
      case ">=": facts.append((column, .minimum(number)))
      case "<=": facts.append((column, .maximum(number)))
      // Whole numbers only: the next decimal is not known.
      case ">": append(column, number, 1) { .minimum($0) }
      case "<": append(column, number, -1) { .maximum($0) }
      default: isComplete = false
      }
    // PostgreSQL puts numbers that no integer holds in quotes.
    case (.name, .text(let text)) where Self.mirrored[symbol] != nil && DecimalText(text) != nil:
      readComparison(symbol, left, .number(text))
    case (.name(let column), .text(let text)):
      switch (symbol, text) {
      case ("=", _): facts.append((column, .choices([right])))
      case ("<>", ""), (">", ""): facts.append((column, .minimumLength(1)))
      // Dates, times, and numbers that are no plain decimals.
      case (">=", _): facts.append((column, .minimum(text)))
      case ("<=", _): facts.append((column, .maximum(text)))
      default: isComplete = false
      }
    case (.call(let function, let arguments), .number(let number)):
      guard Self.lengths.contains(function), arguments.count == 1, case .name(let column) = arguments[0],
        let length = Int(number)
      else {
        isComplete = false
        return
      }
      readLength(symbol, column, length)
    default: isComplete = false
    }
  }

  /// `0 <= ALL (a)`
  private mutating func readItems(_ symbol: String, _ number: String, _ items: [SQLExpression]) {
    guard items.count == 1, case .name(let column) = items[0] else {
      isComplete = false
      return
    }
    switch symbol {
    case "<=": facts.append((column, .itemMinimum(number)))
    case ">=": facts.append((column, .itemMaximum(number)))
    default: isComplete = false
    }
  }

  private mutating func append(_ column: String, _ number: String, _ step: Int64, _ fact: (String) -> Fact) {
    guard let whole = Int64(number), case let (next, overflow) = whole.addingReportingOverflow(step), !overflow else {
      isComplete = false
      return
    }
    // Exclusive bounds of decimals say less than the constraint.
    facts.append((column, fact(String(next))))
    exclusive.insert(column)
  }

  /// Columns with a bound that is exact for whole numbers only.
  private(set) var exclusive: Set<String> = []

  private mutating func readLength(_ symbol: String, _ column: String, _ length: Int) {
    switch symbol {
    case "=": facts += [(column, .minimumLength(length)), (column, .maximumLength(length))]
    case ">=": facts.append((column, .minimumLength(length)))
    case "<=": facts.append((column, .maximumLength(length)))
    case ">" where length < Int.max: facts.append((column, .minimumLength(length + 1)))
    case "<" where length > Int.min: facts.append((column, .maximumLength(length - 1)))
    case "<>" where length == 0: facts.append((column, .minimumLength(1)))
    default: isComplete = false
    }
  }
}
