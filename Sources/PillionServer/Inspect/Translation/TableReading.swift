import PillionDatabase
import PillionSchema

/// A table with what its types and constraints mean in the definitions.
struct TableReading {
  let table: CatalogTable
  /// By column.
  private(set) var types: [String: MappedType] = [:]
  /// Limits that the definitions can say, by column.
  private(set) var facts: [String: [CheckFacts.Fact]] = [:]
  /// CHECK constraints that say more than `facts`.
  private(set) var otherChecks: [String] = []
  /// The columns that find one row: the primary key, or else the shortest unique that is never NULL.
  private(set) var key: [String] = []

  private let dialect: Dialect

  init(_ table: CatalogTable, _ dialect: Dialect) {
    self.table = table
    self.dialect = dialect
    for column in table.columns { types[column.name] = MappedType(column, dialect) }
    readChecks()
    let ranges = Dictionary(
      uniqueKeysWithValues: table.columns.compactMap { column in
        promote(column.name).map { (column.name, $0) }
      })
    if !ranges.isEmpty {
      // What the checks say of a column depends on its type, of which the range is a part.
      (facts, otherChecks) = ([:], [])
      readChecks()
      for (column, range) in ranges { facts[column]?.removeAll(where: range.contains) }
    }
    findKey()
    // What no key can be is text in one.
    for name in key {
      guard let type = types[name], type.isArray || type.scalar == .json else { continue }
      types[name] = MappedType(.string, note: "\(table.column(name)?.type.text ?? type.scalar.rawValue), as text")
    }
  }

  /// A single column that the database counts, or a uuid that it makes.
  func isGenerated(_ name: String) -> Bool {
    guard let column = table.column(name) else { return false }
    if column.generation == .counted { return true }
    guard types[name]?.scalar == .uuid, let sql = column.defaultValue else { return false }
    return DefaultReading(sql, as: MappedType(.uuid), dialect) == .expression
  }

  private mutating func findKey() {
    guard table.kind == .table else { return }
    key = table.primaryKey
    if !key.isEmpty { return }
    let whole = table.uniques.filter { columns in
      columns.allSatisfy { name in table.column(name).map { !$0.isNullable } ?? false }
    }
    key = whole.min { $0.count < $1.count } ?? []
  }

  // MARK: Checks

  private mutating func readChecks() {
    for column in table.columns {
      for check in column.type.checks { read(check, about: column.name) }
    }
    for check in table.checks { read(check, about: nil) }
  }

  /// `column`: of a domain, whose checks are about VALUE.
  private mutating func read(_ check: String, about column: String?) {
    let read = CheckFacts(check, dialect)
    var isSaid = read.isComplete
    for (name, fact) in read.facts {
      guard let column = column ?? self.column(name), let type = types[column] else {
        isSaid = false
        continue
      }
      if fact == .json, type.scalar == .string {
        types[column] = MappedType(.json)
        continue
      }
      let isExact = !read.exclusive.contains(name)
      switch fit(fact, type, isExact: isExact) {
      case .fits: facts[column, default: []].append(fact)
      case .implied: continue
      case .unfit: isSaid = false
      }
    }
    if !isSaid {
      let text = check.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      otherChecks.append(column.map { "\($0): \(text)" } ?? text)
    }
  }

  /// The column that a constraint means: SQL compares bare names without regard to case.
  private func column(_ name: String) -> String? {
    if table.column(name) != nil { return name }
    return table.columns.first { $0.name.asciiLowercased == name.asciiLowercased }?.name
  }

  private enum Fit { case fits, implied, unfit }

  /// Whether a field of the type can have the limit.
  private func fit(_ fact: CheckFacts.Fact, _ type: MappedType, isExact: Bool) -> Fit {
    let scalar = type.scalar
    if type.isArray { return fitOfArray(fact) }
    let isWhole = [.int32, .int64, .uint32, .uint64].contains(scalar)
    switch fact {
    case .notNull: return .fits
    case .itemMinimum, .itemMaximum: return .unfit
    case .json: return scalar == .json ? .implied : .unfit
    case .choices(let values):
      if scalar == .bool { return Set(values) == [.number("0"), .number("1")] ? .implied : .unfit }
      guard isWhole else { return scalar == .string ? .fits : .unfit }
      return values.contains { $0.whole.flatMap { bound($0, type) } == nil } ? .unfit : .fits
    case .minimum(let number), .maximum(let number):
      if isWhole, Int64(number) != nil || UInt64(number) != nil {
        // A bound beyond the type's own says nothing.
        return bound(number, type) == nil ? .implied : .fits
      }
      return isExact && bound(number, type) != nil ? .fits : .unfit
    case .minimumLength(let length), .maximumLength(let length):
      guard scalar == .string || scalar == .bytes, (0...Int(Int32.max)).contains(length) else { return .unfit }
      return fact == .maximumLength(0) ? .unfit : .fits
    }
  }

  private func fitOfArray(_ fact: CheckFacts.Fact) -> Fit {
    switch fact {
    case .notNull, .itemMinimum, .itemMaximum: .fits
    case .minimumLength(let length), .maximumLength(let length):
      (0...Int(Int32.max)).contains(length) && fact != .maximumLength(0) ? .fits : .unfit
    case .choices, .minimum, .maximum, .json: .unfit
    }
  }

  /// A number, date or time as the definitions have it for the type; nil out of its range.
  func bound(_ number: String, _ type: MappedType) -> Bound? {
    switch type.scalar {
    case .int32: Int32(number).map { .int(Int64($0)) }
    case .int64: Int64(number).map(Bound.int)
    case .uint32: UInt32(number).map { .uint(UInt64($0)) }
    case .uint64: UInt64(number).map(Bound.uint)
    case .float, .double: Double(number).flatMap { $0.isFinite ? .double($0) : nil }
    case .decimal: (DecimalText(number)?.description).map(Bound.text)
    case .timestamp, .date, .time: DefaultReading.value(.text(number), as: type, dialect)?.bound
    default: nil
    }
  }

  /// A wider type that is kept to the range of another is that one; the facts that say so.
  private mutating func promote(_ column: String) -> [CheckFacts.Fact]? {
    guard let type = types[column], let limits = facts[column] else { return nil }
    let narrower: [(scalar: ScalarType, low: String, high: String)] =
      switch type.scalar {
      case .int64: [(.uint32, "0", "\(UInt32.max)"), (.int32, "\(Int32.min)", "\(Int32.max)")]
      case .decimal: [(.uint64, "0", "\(UInt64.max)")]
      default: []
      }
    for (scalar, low, high) in narrower {
      let range: [CheckFacts.Fact] =
        type.isArray ? [.itemMinimum(low), .itemMaximum(high)] : [.minimum(low), .maximum(high)]
      guard range.allSatisfy(limits.contains) else { continue }
      types[column]?.scalar = scalar
      return range
    }
    return nil
  }
}

extension SQLExpression {
  /// A whole number; PostgreSQL puts those with a sign in quotes.
  var whole: String? {
    switch self {
    case .number(let text), .text(let text): Int64(text) != nil || UInt64(text) != nil ? text : nil
    default: nil
    }
  }
}
