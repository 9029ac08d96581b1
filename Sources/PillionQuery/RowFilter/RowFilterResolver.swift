import PillionSchema

/// Tells what of a row filter is about the row, what about the caller, and what about both.
struct RowFilterResolver {
  typealias Problem = FilterParser.Problem

  let paths: PathResolver

  func condition(_ syntax: FilterSyntax) throws(Problem) -> RowCondition {
    switch syntax {
    case .all(let parts): return .all(try conditions(parts))
    case .any(let parts): return .any(try conditions(parts))
    case .not(let part): return .not(try condition(part))
    case .restriction(let restriction): return try condition(restriction)
    }
  }

  private func conditions(_ parts: [FilterSyntax]) throws(Problem) -> [RowCondition] {
    var conditions: [RowCondition] = []
    for part in parts { conditions.append(try condition(part)) }
    return conditions
  }

  private func condition(_ restriction: FilterSyntax.Restriction) throws(Problem) -> RowCondition {
    switch restriction.subject {
    case .member(let names) where names.first.map({ CallerValue.isRoot($0.text) }) ?? false:
      return try caller(names, restriction)
    case .member(let names):
      guard let comparison = restriction.comparison, Self.namesCaller(comparison.argument) else { break }
      let target = try FilterResolver(paths: paths).target(names)
      return try both(target, comparison.comparator, comparison.argument, at: comparison.offset)
    case .call(_, let arguments):
      for argument in arguments where !argument.isQuoted {
        guard let root = argument.text.split(separator: ".").first, CallerValue.isRoot(String(root)) else { continue }
        throw Problem(
          offset: argument.offset, message: "functions take no values of the caller; put text between quotes")
      }
    case .literal: break
    }
    var resolver = FilterResolver(paths: paths)
    let predicate = try resolver.predicate(.restriction(restriction))
    return .row(predicate, resolver.values)
  }

  // MARK: The row and the caller

  private static func namesCaller(_ argument: FilterSyntax.Argument) -> Bool {
    switch argument {
    case .caller: true
    case .literal: false
    case .not(let inner): namesCaller(inner)
    case .all(let parts), .any(let parts): parts.contains { namesCaller($0) }
    }
  }

  private func both(
    _ target: PathResolver.Target, _ comparator: Comparator, _ argument: FilterSyntax.Argument, at offset: Int
  ) throws(Problem) -> RowCondition {
    switch argument {
    case .caller(let names):
      let comparison = RowComparison(
        paths: paths, target: target, comparator: comparator, source: try CallerValue(names))
      try comparison.check(at: offset)
      return .both(comparison)
    case .literal:
      var resolver = FilterResolver(paths: paths)
      let predicate = try resolver.distribute(target, comparator, argument, at: offset)
      return .row(predicate, resolver.values)
    case .not(let inner): return .not(try both(target, try several(comparator, offset), inner, at: offset))
    case .all(let parts): return .all(try each(target, try several(comparator, offset), parts, at: offset))
    case .any(let parts): return .any(try each(target, try several(comparator, offset), parts, at: offset))
    }
  }

  private func each(
    _ target: PathResolver.Target, _ comparator: Comparator, _ parts: [FilterSyntax.Argument], at offset: Int
  ) throws(Problem) -> [RowCondition] {
    var conditions: [RowCondition] = []
    for part in parts { conditions.append(try both(target, comparator, part, at: offset)) }
    return conditions
  }

  private func several(_ comparator: Comparator, _ offset: Int) throws(Problem) -> Comparator {
    guard comparator == .equal || comparator == .has else {
      throw Problem(
        offset: offset,
        message: "`\(comparator.rawValue)` takes one value; several go with `=` or `:`, and NOT before the whole")
    }
    return comparator
  }

  // MARK: The caller alone

  private func caller(
    _ names: [FilterSyntax.Name], _ restriction: FilterSyntax.Restriction
  ) throws(Problem) -> RowCondition {
    if let name = names.first, paths.model.fieldIndex(name.text) != nil {
      throw Problem(
        offset: name.offset,
        message: "`\(name.text)` means the caller here, and \(paths.model.name) has a field of that name")
    }
    let source = try CallerValue(names)
    guard let (comparator, argument, offset) = restriction.comparison else {
      return .caller(CallerTest(source: source, comparison: nil))
    }
    return try test(source, comparator, argument, at: offset)
  }

  private func test(
    _ source: CallerValue, _ comparator: Comparator, _ argument: FilterSyntax.Argument, at offset: Int
  ) throws(Problem) -> RowCondition {
    switch argument {
    case .literal(let literal):
      if literal.isNull || literal.isPresence, comparator.comparison.map({ $0 != .equal && $0 != .notEqual }) ?? false {
        throw Problem(offset: offset, message: "`\(comparator.rawValue)` does not compare with `\(literal.text)`")
      }
      return .caller(CallerTest(source: source, comparison: (comparator, literal)))
    case .caller:
      throw Problem(offset: offset, message: "compare what the caller says with a value or with a field")
    case .not(let inner): return .not(try test(source, try several(comparator, offset), inner, at: offset))
    case .all(let parts), .any(let parts):
      _ = try several(comparator, offset)
      var conditions: [RowCondition] = []
      for part in parts { conditions.append(try test(source, comparator, part, at: offset)) }
      if case .all = argument { return .all(conditions) }
      return .any(conditions)
    }
  }
}
