import PillionQuery
import PillionSchema

extension QueryBuilder {
  /// OIDs of `text[]` and `jsonb`.
  private static var textArray: UInt32 { 1009 }
  private static var jsonb: UInt32 { 3802 }

  mutating func json(_ condition: JSONCondition, _ column: String) -> String {
    dialect == .postgresql ? postgreSQLJSON(condition, column) : sqliteJSON(condition, column)
  }

  /// Strings compare by code points and numbers by value; values of other kinds do not compare.
  private mutating func postgreSQLJSON(_ condition: JSONCondition, _ column: String) -> String {
    let value = "(\(column)::jsonb #> \(placeholder(.keys(dialect), Self.textArray)))"
    switch condition {
    case .exists: return "(\(value) IS NOT NULL)"
    case .isNull: return "(\(value) = 'null'::jsonb)"
    case .isNotNull: return "(\(value) <> 'null'::jsonb)"
    case .contains(let kind):
      let item = placeholder(.json(dialect, kind), Self.jsonb)
      return "(jsonb_typeof(\(value)) = 'array' AND \(value) @> \(item))"
    case .compare(.equal, let kind): return "(\(value) = \(placeholder(.json(dialect, kind), Self.jsonb)))"
    case .compare(.notEqual, let kind):
      return "(\(value) <> 'null'::jsonb AND \(value) <> \(placeholder(.json(dialect, kind), Self.jsonb)))"
    case .compare(let comparison, .string):
      let text = placeholder(.text(dialect), 25)
      return
        "(jsonb_typeof(\(value)) = 'string' AND (\(value) #>> '{}') COLLATE \"C\" \(comparison.rawValue) \(text))"
    case .compare(let comparison, let kind):
      let other = placeholder(.json(dialect, kind), Self.jsonb)
      return "(jsonb_typeof(\(value)) = 'number' AND \(value) \(comparison.rawValue) \(other))"
    }
  }

  private mutating func sqliteJSON(_ condition: JSONCondition, _ column: String) -> String {
    let path = placeholder(.keys(dialect))
    let type = "json_type(\(column), \(path))"
    let value = "json_extract(\(column), \(path))"
    func ofKind(_ kind: JSONKind) -> String {
      switch kind {
      case .string: "\(type) = 'text'"
      case .number: "\(type) IN ('integer', 'real')"
      case .bool: "\(type) IN ('true', 'false')"
      }
    }
    let test: String
    switch condition {
    case .exists: test = "\(type) IS NOT NULL"
    case .isNull: test = "\(type) = 'null'"
    case .isNotNull: test = "\(type) <> 'null'"
    case .contains(let kind):
      let item = placeholder(.json(dialect, kind))
      let kinds =
        switch kind {
        case .string: "e.type = 'text' AND e.value = \(item)"
        case .number: "e.type IN ('integer', 'real') AND e.value = \(item)"
        case .bool: "e.type = \(item)"
        }
      test = "\(type) = 'array' AND EXISTS (SELECT 1 FROM json_each(\(column), \(path)) AS e WHERE \(kinds))"
    case .compare(let comparison, let kind):
      let other = placeholder(.json(dialect, kind))
      let left = kind == .bool ? type : value
      switch comparison {
      case .equal: test = "\(ofKind(kind)) AND \(left) = \(other)"
      case .notEqual: test = "\(type) <> 'null' AND NOT (\(ofKind(kind)) AND \(left) = \(other))"
      default: test = "\(ofKind(kind)) AND \(left) \(comparison.rawValue) \(other)"
      }
    }
    return "(CASE WHEN json_valid(\(column)) THEN \(test) END)"
  }
}
