import PillionSchema

/// A field of the row compared with something of the caller: `author = claims.sub`.
struct RowComparison: Sendable {
  /// Elements of a claim that a filter compares with; a longer one counts as missing.
  static let maximumElements = 1_024

  let paths: PathResolver
  let target: PathResolver.Target
  let comparator: Comparator
  let source: CallerValue

  /// A claim that is missing, or not of the field's type, is unknown. So is an element of an array; the others count.
  func folded(for caller: Caller, isWanted: Bool) -> RowCondition.Folded {
    let unknown = RowCondition.Folded.constant(!isWanted)
    guard let value = source.value(of: caller) else { return unknown }
    guard case .array(let elements) = value else {
      return literal(value).flatMap { rows(.literal($0)) } ?? unknown
    }
    guard comparator == .equal || comparator == .has, elements.count <= Self.maximumElements else { return unknown }
    var literals = elements.compactMap { element in literal(element).flatMap { rows(.literal($0)) == nil ? nil : $0 } }
    // One that is unknown, where the others do not decide.
    if literals.count < elements.count, !isWanted { return unknown }
    guard let last = literals.last else { return elements.isEmpty ? .constant(false) : unknown }
    // A power of two, so that one statement serves many callers.
    var count = 1
    while count < literals.count { count *= 2 }
    literals += Array(repeating: last, count: count - literals.count)
    return rows(count == 1 ? .literal(last) : .any(literals.map { .literal($0) })) ?? unknown
  }

  /// Nil if a value is not of the field's type.
  private func rows(_ argument: FilterSyntax.Argument) -> RowCondition.Folded? {
    var resolver = FilterResolver(paths: paths)
    guard let predicate = try? resolver.distribute(target, comparator, argument, at: 0) else { return nil }
    return .rows(predicate, resolver.values)
  }

  /// As a filter would say the value. Text stands for whatever it says in the field's type, as a token's `sub` is always
  /// text; numbers and bools are not text.
  private func literal(_ value: ClaimValue) -> FilterSyntax.Literal? {
    let type = target.field.type.scalar
    func literal(_ text: String, isQuoted: Bool) -> FilterSyntax.Literal {
      FilterSyntax.Literal(parts: [text], isQuoted: isQuoted, offset: 0)
    }
    switch (value, type) {
    case (.string, .bool): return nil
    case (.string(let text), _): return literal(text, isQuoted: true)
    case (.bool(let bool), .bool), (.bool(let bool), .json): return literal(bool ? "true" : "false", isQuoted: false)
    case (.int(let number), .int32), (.int(let number), .int64), (.int(let number), .uint32),
      (.int(let number), .uint64),
      (.int(let number), .float), (.int(let number), .double), (.int(let number), .decimal), (.int(let number), .json):
      return literal(String(number), isQuoted: false)
    case (.double(let number), .float), (.double(let number), .double), (.double(let number), .decimal),
      (.double(let number), .json):
      return number.isFinite ? literal(number.description, isQuoted: false) : nil
    default: return nil
    }
  }

  /// Whether the comparator fits the field, whatever the caller's value is.
  func check(at offset: Int) throws(FilterParser.Problem) {
    var resolver = FilterResolver(paths: paths)
    let sample = FilterSyntax.Literal(parts: [Self.sample(target.field.type.scalar)], isQuoted: true, offset: offset)
    _ = try resolver.compare(target, comparator, sample, at: offset)
  }

  private static func sample(_ type: ScalarType) -> String {
    switch type {
    case .bool: "true"
    case .int32, .int64, .uint32, .uint64, .float, .double, .decimal: "1"
    case .string, .json: "a"
    case .bytes: ""
    case .timestamp: "2000-01-01T00:00:00Z"
    case .date: "2000-01-01"
    case .time: "00:00:00"
    case .duration: "1s"
    case .uuid: "00000000-0000-0000-0000-000000000000"
    }
  }
}
