import PillionSchema

extension Dialect {
  /// The column type for values of `type`, as a new table declares it.
  ///
  /// SQLite takes any name: these are such that `inspect` reads type and storage back, and that the affinity (a name
  /// with INT, then with CHAR, CLOB or TEXT, with BLOB, with REAL, FLOA or DOUB; else numeric:
  /// https://sqlite.org/datatype3.html#determination_of_column_affinity) leaves what is written as it is. Numeric
  /// affinity makes numbers of digits, so it is only for texts that are none: dates, times, UUIDs with dashes.
  func columnType(_ type: ScalarType, storage: SQLiteStorage? = nil) -> String {
    self == .postgresql ? Self.postgreSQLType(type) : Self.sqliteType(type, storage)
  }

  private static func postgreSQLType(_ type: ScalarType) -> String {
    switch type {
    case .bool: "boolean"
    case .int32: "integer"
    case .int64, .uint32: "bigint"
    case .uint64: "numeric(20)"
    case .float: "real"
    case .double: "double precision"
    case .string: "text"
    case .bytes: "bytea"
    case .timestamp: "timestamptz"
    case .date: "date"
    case .time: "time"
    case .duration: "interval"
    case .decimal: "numeric"
    case .uuid: "uuid"
    case .json: "jsonb"
    }
  }

  private static func sqliteType(_ type: ScalarType, _ storage: SQLiteStorage?) -> String {
    let suffix = storage.map { "_" + $0.rawValue.uppercased() } ?? ""
    switch (type, storage) {
    case (.bool, _): return "BOOLEAN\(suffix)"
    case (.int32, _): return "INT32"
    case (.int64, _): return "INTEGER"
    case (.uint32, _): return "UINT32"
    case (.uint64, _): return "UINT64"
    case (.float, _): return "FLOAT32"
    case (.double, _): return "REAL"
    case (.string, _): return "TEXT"
    case (.bytes, _): return "BLOB"
    // As the programs have it that write this form.
    case (.timestamp, .django): return "DATETIME"
    case (.timestamp, nil): return "TIMESTAMPTZ"
    case (.timestamp, _): return "TIMESTAMP\(suffix)"
    case (.date, _): return "DATE\(suffix)"
    case (.time, _): return "TIME\(suffix)"
    case (.duration, _): return "DURATION\(suffix)"
    case (.decimal, nil): return "DECIMAL_TEXT"
    case (.decimal, _): return "DECIMAL\(suffix)"
    case (.uuid, .hex): return "CHAR(32)"
    case (.uuid, _): return "UUID\(suffix)"
    case (.json, _): return "JSON_TEXT"
    }
  }

  /// The type of a field's column.
  func columnType(of field: Field) -> String {
    let scalar = field.type.scalar
    switch (self, field.type) {
    case (.sqlite, .array): return "\(scalar.rawValue.uppercased())_ARRAY\(Self.counts(of: field))"
    case (.postgresql, .array): return columnType(scalar) + "[]"
    case (.sqlite, _): return columnType(scalar, storage: field.storage)
    case (.postgresql, _):
      guard scalar == .string, let length = field.maximumLength, length <= Self.longestVarchar else {
        return columnType(scalar)
      }
      return "varchar(\(length))"
    }
  }

  /// PostgreSQL has no longer one (src/include/access/htup_details.h, MaxAttrSize).
  static let longestVarchar = 10_485_760

  /// How many items a list may have, `(most)` or `(least, most)`, 0 for no limit. SQLite would need a JSON function to
  /// check it, which some versions refuse in a schema that is not trusted.
  private static func counts(of field: Field) -> String {
    let least = field.minimumLength ?? 0
    switch (least, field.maximumLength) {
    case (0, nil): return ""
    case (0, let most?): return "(\(most))"
    case (_, let most): return "(\(least), \(most ?? 0))"
    }
  }
}
