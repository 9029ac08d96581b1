package import PillionSchema

extension Filter {
  /// Reads a filter in a model's terms; nil for one that says nothing.
  ///
  /// - Parameter isTrusted: whether a definition says it rather than a client: then fields count that no service shows.
  package static func parse(
    _ text: String, model: Model, schema: Schema, limits: FilterLimits, isTrusted: Bool = false
  ) throws(QueryError) -> Filter? {
    let paths = PathResolver(model: model, schema: schema, isTrusted: isTrusted, limits: limits)
    return try parse(text, paths, limits)?.filter
  }

  /// The same, with where the values come from.
  static func parse(
    _ text: String, _ paths: PathResolver, _ limits: FilterLimits
  ) throws(QueryError) -> (filter: Filter, sources: [FilterResolver.Source?])? {
    let bytes = Array(text.utf8)
    do throws(FilterParser.Problem) {
      guard let syntax = try FilterParser.parse(bytes, limits: limits) else { return nil }
      var resolver = FilterResolver(paths: paths)
      let predicate = try resolver.predicate(syntax)
      return (Filter(predicate: predicate, values: resolver.values), resolver.sources)
    } catch {
      throw QueryError(parameter: "filter", text: bytes, offset: error.offset, message: error.message)
    }
  }
}

/// Gives names and values their meaning; the values gather in the order of the tests that take them.
struct FilterResolver {
  typealias Problem = FilterParser.Problem

  /// A literal that has become a value.
  struct Source {
    var form: FilterForm
    /// Bytes of the filter before it.
    var offset: Int
  }

  let paths: PathResolver
  private(set) var values: [FilterValue] = []
  /// Of each value; nil for those that no literal gives.
  private(set) var sources: [Source?] = []

  init(paths: PathResolver) { self.paths = paths }

  mutating func predicate(_ syntax: FilterSyntax) throws(Problem) -> Predicate {
    switch syntax {
    case .all(let parts): return .all(try predicates(parts))
    case .any(let parts): return .any(try predicates(parts))
    case .not(let part): return .not(try predicate(part))
    case .restriction(let restriction): return try predicate(restriction)
    }
  }

  private mutating func predicates(_ parts: [FilterSyntax]) throws(Problem) -> [Predicate] {
    var predicates: [Predicate] = []
    predicates.reserveCapacity(parts.count)
    for part in parts { predicates.append(try predicate(part)) }
    return predicates
  }

  private mutating func predicate(_ restriction: FilterSyntax.Restriction) throws(Problem) -> Predicate {
    switch restriction.subject {
    case .literal(let literal):
      throw Problem(offset: literal.offset, message: "expected a field, found a text that stands alone")
    case .call(let name, let arguments):
      if let comparison = restriction.comparison {
        throw Problem(offset: comparison.offset, message: "`\(name.text)` is true or false by itself")
      }
      return try call(name, arguments)
    case .member(let names):
      let target = try target(names)
      let offset = names.first?.offset ?? 0
      guard let comparison = restriction.comparison else { return try alone(target, offset) }
      return try compare(target, comparison.comparator, comparison.argument, at: comparison.offset)
    }
  }

  func target(_ names: [FilterSyntax.Name]) throws(Problem) -> PathResolver.Target {
    do throws(PathResolver.Problem) {
      return try paths.resolve(names.lazy.map(\.text))
    } catch {
      throw Problem(offset: names[min(error.name, names.count - 1)].offset, message: error.message)
    }
  }

  /// A bool by itself is a condition.
  private mutating func alone(_ target: PathResolver.Target, _ offset: Int) throws(Problem) -> Predicate {
    guard target.field.type == .scalar(.bool) else {
      throw Problem(
        offset: offset,
        message: "`\(target.field.name)` stands alone; expected a comparison such as `\(target.field.name) = …`")
    }
    append(.value(.bool(true)))
    return test(target, .compare(.equal))
  }

  // MARK: Comparisons

  private mutating func compare(
    _ target: PathResolver.Target, _ comparator: Comparator, _ argument: FilterSyntax.Argument, at offset: Int
  ) throws(Problem) -> Predicate {
    if case .literal(let literal) = argument { return try compare(target, comparator, literal, at: offset) }
    guard comparator == .equal || comparator == .has else {
      throw Problem(
        offset: offset,
        message: "`\(comparator.rawValue)` takes one value; several go with `=` or `:`, and NOT before the whole")
    }
    return try distribute(target, comparator, argument, at: offset)
  }

  mutating func distribute(
    _ target: PathResolver.Target, _ comparator: Comparator, _ argument: FilterSyntax.Argument, at offset: Int
  ) throws(Problem) -> Predicate {
    switch argument {
    case .literal(let literal): return try compare(target, comparator, literal, at: offset)
    case .caller: throw Problem(offset: offset, message: "a filter knows nothing of the caller")
    case .not(let inner): return .not(try distribute(target, comparator, inner, at: offset))
    case .all(let parts):
      var predicates: [Predicate] = []
      for part in parts { predicates.append(try distribute(target, comparator, part, at: offset)) }
      return .all(predicates)
    case .any(let parts):
      if comparator == .equal, let predicate = try oneOf(target, parts) { return predicate }
      var predicates: [Predicate] = []
      for part in parts { predicates.append(try distribute(target, comparator, part, at: offset)) }
      return .any(predicates)
    }
  }

  /// Plain alternatives as one test. Their number is brought to a power of two, so that a statement serves many.
  private mutating func oneOf(
    _ target: PathResolver.Target, _ parts: [FilterSyntax.Argument]
  ) throws(Problem) -> Predicate? {
    guard target.keys.isEmpty, !target.field.type.isRepeated, target.field.type.scalar != .json else { return nil }
    var literals: [FilterSyntax.Literal] = []
    for part in parts {
      guard case .literal(let literal) = part, !literal.isNull, !literal.isPresence,
        !(literal.hasWildcard && target.field.type.scalar == .string)
      else { return nil }
      literals.append(literal)
    }
    guard let last = literals.last else { return nil }
    var count = 1
    while count < literals.count { count *= 2 }
    literals += Array(repeating: last, count: count - literals.count)
    for literal in literals { try append(literal, as: .scalar(target.field.type.scalar)) }
    return test(target, .oneOf(count))
  }

  mutating func compare(
    _ target: PathResolver.Target, _ comparator: Comparator, _ literal: FilterSyntax.Literal, at offset: Int
  ) throws(Problem) -> Predicate {
    if target.field.type == .scalar(.json) { return try compareJSON(target, comparator, literal, at: offset) }
    if target.field.type.isRepeated { return try compareItems(target, comparator, literal, at: offset) }
    if literal.isNull || literal.isPresence { return try compareNull(target, comparator, literal, at: offset) }
    let type = target.field.type.scalar
    guard let comparison = comparator.comparison else {
      // `:` means `contains` of text, and equality of the rest.
      guard type == .string else {
        try append(literal, as: .scalar(type))
        return test(target, .compare(.equal))
      }
      if literal.hasWildcard {
        append(.pattern([""] + literal.parts + [""]))
      } else {
        try append(literal, as: .part(isAtStart: false, isAtEnd: false))
      }
      return test(target, .like(ignoringCase: false))
    }
    if literal.hasWildcard, type == .string, comparison == .equal || comparison == .notEqual {
      append(.pattern(literal.parts))
      return test(target, comparison == .equal ? .like(ignoringCase: false) : .notLike)
    }
    if comparison != .equal, comparison != .notEqual, type == .bool || type == .uuid {
      throw Problem(
        offset: offset, message: "`\(target.field.name)` is of type \(type.rawValue), which `=` and `!=` compare")
    }
    try append(literal, as: .scalar(type))
    return test(target, .compare(comparison))
  }

  private func compareNull(
    _ target: PathResolver.Target, _ comparator: Comparator, _ literal: FilterSyntax.Literal, at offset: Int
  ) throws(Problem) -> Predicate {
    switch (comparator, literal.isNull) {
    case (.equal, true): return test(target, .isNull)
    case (.notEqual, true), (.equal, false), (.has, false): return test(target, .isNotNull)
    case (.notEqual, false): return test(target, .isNull)
    default:
      throw Problem(
        offset: offset, message: "`\(comparator.rawValue)` does not compare with `\(literal.text)`; `=` and `!=` do")
    }
  }

  /// Arrays and many_to_many.
  private mutating func compareItems(
    _ target: PathResolver.Target, _ comparator: Comparator, _ literal: FilterSyntax.Literal, at offset: Int
  ) throws(Problem) -> Predicate {
    let isArray = if case .array = target.field.type { true } else { false }
    if literal.isNull, isArray, comparator == .equal || comparator == .notEqual {
      return test(target, comparator == .equal ? .isNull : .isNotNull)
    }
    guard comparator == .has else {
      throw Problem(
        offset: offset,
        message: "`\(target.field.name)` has many values, which `:` asks for, not `\(comparator.rawValue)`")
    }
    if literal.isPresence { return test(target, .isNotEmpty) }
    guard target.field.type.scalar != .json else {
      throw Problem(offset: offset, message: "items of type json cannot be compared")
    }
    if case .reverse(let relation) = target.field.type, relation.key == nil {
      throw Problem(
        offset: offset, message: "rows of `\(target.field.name)` have no single key; ask for their fields or with `:*`")
    }
    try append(literal, as: .scalar(target.field.type.scalar))
    return test(target, .contains)
  }

  func test(_ target: PathResolver.Target, _ condition: Condition) -> Predicate {
    .test(FieldTest(path: target.path, condition: condition))
  }

  // MARK: Values

  func value(_ literal: FilterSyntax.Literal, as form: FilterForm) throws(Problem) -> FilterValue {
    guard let value = form.value(of: literal.text) else {
      throw Problem(offset: literal.offset, message: form.problem(literal.text))
    }
    return value
  }

  /// The next value, which a literal gives.
  mutating func append(_ literal: FilterSyntax.Literal, as form: FilterForm) throws(Problem) {
    values.append(try value(literal, as: form))
    sources.append(Source(form: form, offset: literal.offset))
  }

  /// The next value, which is not all of what one literal says.
  mutating func append(_ value: FilterValue) {
    values.append(value)
    sources.append(nil)
  }
}

extension Comparator {
  /// What SQL knows; nil for `:`.
  var comparison: Comparison? {
    switch self {
    case .equal: .equal
    case .notEqual: .notEqual
    case .less: .less
    case .lessOrEqual: .lessOrEqual
    case .greater: .greater
    case .greaterOrEqual: .greaterOrEqual
    case .has: nil
    }
  }
}
