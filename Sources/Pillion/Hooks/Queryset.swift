import PillionQuery
import PillionService

/// Which rows of a service a call is about, beside what the definition's `filter` and the configuration's row filters say.
///
///     func queryset(_ context: CallContext) throws -> Queryset {
///       context.principal == "editor" ? .all : Queryset("published = true OR author = principal")
///     }
public struct Queryset: Sendable {
  /// Nil: all rows.
  let rows: BaseRows?

  /// All rows of the service.
  public static let all = Queryset(rows: nil)

  /// No row.
  public static let nothing = Queryset(rows: BaseRows(filter: nil))

  private init(rows: BaseRows?) { self.rows = rows }

  /// The rows that a filter lets through.
  ///
  /// The text is read once and belongs into the program; what changes from call to call is a value, which the database
  /// gets as a parameter: `Queryset("team = claims.team", ["team": .integer(7)])`. A value that is missing or of another
  /// type than the field lets no row through. A text that cannot be read makes the call INTERNAL and is in the log.
  ///
  /// - Parameters:
  ///   - filter: as in `row_filters`: the language of a List's `filter`, with `principal`, `claims.NAME` and `peer.address`.
  ///   - values: what `claims.NAME` stands for; of other names, what the caller's token or key says.
  ///   - lists: the same for several values, of which one must be the field's.
  public init(_ filter: String, _ values: [String: SQLValue] = [:], lists: [String: [SQLValue]] = [:]) {
    let all = values.mapValues(\.claim).merging(lists.mapValues { .array($0.map(\.claim)) }) { _, list in list }
    rows = BaseRows(filter: filter, values: all)
  }

  /// Those of the rows that a filter lets through as well. Its `claims.NAME` are its own.
  ///
  ///     func filterQueryset(_ rows: Queryset, _ context: CallContext) throws -> Queryset {
  ///       rows.filter("tenant = claims.tenant")
  ///     }
  public func filter(
    _ filter: String, _ values: [String: SQLValue] = [:], lists: [String: [SQLValue]] = [:]
  ) -> Queryset {
    intersection(Queryset(filter, values, lists: lists))
  }

  /// The rows that are in both.
  public func intersection(_ other: Queryset) -> Queryset {
    guard let rows, let others = other.rows else { return rows == nil ? other : self }
    return Queryset(rows: rows.intersection(others))
  }
}

extension SQLValue {
  /// Bytes are not what a filter compares with.
  var claim: ClaimValue {
    switch self {
    case .null, .bytes: .null
    case .bool(let flag): .bool(flag)
    case .integer(let number): .int(number)
    case .real(let number): .double(number)
    case .text(let text): .string(text)
    }
  }
}
