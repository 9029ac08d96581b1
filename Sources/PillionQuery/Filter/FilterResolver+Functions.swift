import PillionSchema

/// The functions of the filter language; the raw value is the name.
enum FilterFunction: String, CaseIterable {
  case contains, icontains, startswith, istartswith, endswith, iendswith, ieq, regex, range, isnull

  /// How a call looks.
  var form: String {
    switch self {
    case .range: "range(field, from, to)"
    case .isnull: "isnull(field) or isnull(field, false)"
    default: "\(rawValue)(field, \"text\")"
    }
  }

  var argumentCounts: ClosedRange<Int> {
    switch self {
    case .range: 3...3
    case .isnull: 1...2
    default: 2...2
    }
  }
}

extension FilterResolver {
  mutating func call(
    _ name: FilterSyntax.Name, _ arguments: [FilterSyntax.Literal]
  ) throws(Problem) -> Predicate {
    guard let function = FilterFunction(rawValue: name.text) else {
      let known = Suggestion.of(name.text, among: FilterFunction.allCases.map(\.rawValue))
      throw Problem(
        offset: name.offset,
        message: "unknown function `\(PathResolver.excerpt(name.text))`" + (known.map { "; \($0)" } ?? ""))
    }
    guard function.argumentCounts.contains(arguments.count), let first = arguments.first, !first.isQuoted else {
      throw Problem(offset: name.offset, message: "expected \(function.form)")
    }
    let target = try target(names(first))
    switch function {
    case .isnull: return try isNull(target, arguments)
    case .range: return try range(target, arguments)
    default: break
    }
    guard target.field.type.scalar == .string, !target.field.type.isRepeated else {
      throw Problem(
        offset: first.offset,
        message: "`\(function.rawValue)` needs text, `\(first.text)` is of type \(target.field.type.scalar.rawValue)")
    }
    let form: FilterForm =
      switch function {
      case .contains, .icontains: .part(isAtStart: false, isAtEnd: false)
      case .startswith, .istartswith: .part(isAtStart: true, isAtEnd: false)
      case .endswith, .iendswith: .part(isAtStart: false, isAtEnd: true)
      case .regex: .expression
      case .ieq, .range, .isnull: .text
      }
    try append(arguments[1], as: form)
    switch function {
    case .ieq: return test(target, .equalsIgnoringCase)
    case .regex: return test(target, .matches)
    case .icontains, .istartswith, .iendswith: return test(target, .like(ignoringCase: true))
    case .contains, .startswith, .endswith, .range, .isnull: return test(target, .like(ignoringCase: false))
    }
  }

  /// `author.name` as the names that it is made of.
  private func names(_ literal: FilterSyntax.Literal) -> [FilterSyntax.Name] {
    var offset = literal.offset
    return literal.text.split(separator: ".", omittingEmptySubsequences: false).map { part in
      defer { offset += part.utf8.count + 1 }
      return FilterSyntax.Name(text: String(part), offset: offset)
    }
  }

  private func isNull(
    _ target: PathResolver.Target, _ arguments: [FilterSyntax.Literal]
  ) throws(Problem) -> Predicate {
    guard target.keys.isEmpty else {
      throw Problem(offset: arguments[0].offset, message: "`isnull` does not look into json; compare with null")
    }
    if !target.field.type.hasColumn {
      throw Problem(offset: arguments[0].offset, message: "`\(arguments[0].text)` has many values; ask with `:*`")
    }
    guard arguments.count == 2 else { return test(target, .isNull) }
    let isNull = try value(arguments[1], as: .scalar(.bool)) == .value(.bool(true))
    return test(target, isNull ? .isNull : .isNotNull)
  }

  private mutating func range(
    _ target: PathResolver.Target, _ arguments: [FilterSyntax.Literal]
  ) throws(Problem) -> Predicate {
    let type = target.field.type.scalar
    guard !target.field.type.isRepeated, ![.json, .bool, .uuid].contains(type) else {
      throw Problem(
        offset: arguments[0].offset, message: "`\(arguments[0].text)` has no order that a range could be of")
    }
    try append(arguments[1], as: .scalar(type))
    try append(arguments[2], as: .scalar(type))
    return test(target, .between)
  }
}
