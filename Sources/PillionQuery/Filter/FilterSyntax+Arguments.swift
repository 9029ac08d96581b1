package import PillionSchema

extension Filter {
  /// Reads a filter with placeholders, `author = $1 AND created > $2`, whose values are code's. It may use every field.
  ///
  /// A value means what it would as a literal of the language: text in quotes without wildcards, numbers and bools as they
  /// are, null. Of an array one element must be the field's, with `=` and `:`; of an empty one none is.
  ///
  /// - Returns: nil for a filter that says nothing.
  package static func parse(
    _ text: String, arguments: [ClaimValue], model: Model, schema: Schema, limits: FilterLimits = FilterLimits()
  ) throws(QueryError) -> Filter? {
    let bytes = Array(text.utf8)
    do throws(FilterParser.Problem) {
      var binding = ArgumentBinding(arguments: arguments)
      let syntax = try FilterParser.parse(bytes, limits: limits).map { (syntax) throws(FilterParser.Problem) in
        try binding.bound(syntax)
      }
      try binding.checkAllUsed()
      guard let syntax else { return nil }
      var resolver = FilterResolver(paths: PathResolver(model: model, schema: schema, isTrusted: true, limits: limits))
      let predicate = try resolver.predicate(syntax)
      return Filter(predicate: predicate, values: resolver.values)
    } catch {
      throw QueryError(parameter: "filter", text: bytes, offset: error.offset, message: error.message)
    }
  }
}

/// Puts values in the place of `$1`, `$2` and so on.
private struct ArgumentBinding {
  typealias Problem = FilterParser.Problem

  let arguments: [ClaimValue]
  private var used: Set<Int> = []
  /// Elements of a list at most: a statement of either database takes so many parameters.
  private static let maximumElements = 16_384

  init(arguments: [ClaimValue]) { self.arguments = arguments }

  func checkAllUsed() throws(Problem) {
    guard let index = arguments.indices.first(where: { !used.contains($0) }) else { return }
    throw Problem(offset: 0, message: "there is a value for `$\(index + 1)`, which the filter does not have")
  }

  mutating func bound(_ syntax: FilterSyntax) throws(Problem) -> FilterSyntax {
    switch syntax {
    case .all(let parts): return .all(try bound(parts))
    case .any(let parts): return .any(try bound(parts))
    case .not(let part): return .not(try bound(part))
    case .restriction(var restriction):
      if case .call(let name, let literals) = restriction.subject {
        var values: [FilterSyntax.Literal] = []
        for literal in literals { values.append(try single(literal)) }
        restriction.subject = .call(name, values)
      }
      guard let (comparator, argument, offset) = restriction.comparison else { return .restriction(restriction) }
      // Of no value at all none is the field's.
      if comparator == .equal || comparator == .has, case .literal(let literal) = argument,
        case .array(let elements) = try value(of: literal), elements.isEmpty
      {
        return .any([])
      }
      restriction.comparison = (comparator, try bound(argument), offset)
      return .restriction(restriction)
    }
  }

  private mutating func bound(_ parts: [FilterSyntax]) throws(Problem) -> [FilterSyntax] {
    var result: [FilterSyntax] = []
    for part in parts { result.append(try bound(part)) }
    return result
  }

  private mutating func bound(_ argument: FilterSyntax.Argument) throws(Problem) -> FilterSyntax.Argument {
    switch argument {
    case .caller: return argument
    case .not(let inner): return .not(try bound(inner))
    case .all(let parts): return .all(try bound(parts))
    case .any(let parts): return .any(try bound(parts))
    case .literal(let literal):
      guard case .array(let elements) = try value(of: literal) else { return .literal(try single(literal)) }
      guard !elements.isEmpty, elements.count <= Self.maximumElements else {
        throw Problem(
          offset: literal.offset, message: "expected 1 to \(Self.maximumElements) values, found \(elements.count)")
      }
      var literals: [FilterSyntax.Argument] = []
      for element in elements { literals.append(.literal(try Self.literal(element, at: literal.offset))) }
      return literals.count == 1 ? literals[0] : .any(literals)
    }
  }

  private mutating func bound(_ parts: [FilterSyntax.Argument]) throws(Problem) -> [FilterSyntax.Argument] {
    var result: [FilterSyntax.Argument] = []
    for part in parts { result.append(try bound(part)) }
    return result
  }

  /// A literal, or the one value that a placeholder stands for.
  private mutating func single(_ literal: FilterSyntax.Literal) throws(Problem) -> FilterSyntax.Literal {
    guard let value = try value(of: literal) else { return literal }
    return try Self.literal(value, at: literal.offset)
  }

  /// Nil for what is no placeholder.
  private mutating func value(of literal: FilterSyntax.Literal) throws(Problem) -> ClaimValue? {
    guard !literal.isQuoted, !literal.hasWildcard, literal.text.utf8.first == UInt8(ascii: "$") else { return nil }
    guard let number = Int(literal.text.dropFirst()), arguments.indices.contains(number - 1) else {
      throw Problem(
        offset: literal.offset,
        message: "`\(PathResolver.excerpt(literal.text))` has no value; there are \(arguments.count)")
    }
    used.insert(number - 1)
    return arguments[number - 1]
  }

  private static func literal(_ value: ClaimValue, at offset: Int) throws(Problem) -> FilterSyntax.Literal {
    let (text, isQuoted): (String, Bool)
    switch value {
    case .null: (text, isQuoted) = ("null", false)
    case .bool(let bool): (text, isQuoted) = (bool ? "true" : "false", false)
    case .int(let number): (text, isQuoted) = (String(number), false)
    case .double(let number) where number.isFinite: (text, isQuoted) = (number.description, false)
    case .string(let string): (text, isQuoted) = (string, true)
    case .double: throw Problem(offset: offset, message: "expected a finite number")
    case .array, .object: throw Problem(offset: offset, message: "expected one value, found several")
    }
    return FilterSyntax.Literal(parts: [text], isQuoted: isQuoted, offset: offset)
  }
}
