extension FieldKey {
  /// Whether the option means something for a field of this kind. The storage of a foreign key depends on its target's
  /// type and is checked apart.
  func applies(to kind: FieldKind) -> Bool {
    switch self {
    case .type, .doc, .was, .deprecated: return true
    case .readOnly, .writeOnly: return kind != .reverse
    case .items: if case .array = kind { return true }
    case .model, .expand: return kind.isRelation
    case .computed: return !kind.isRelation
    case .field, .limit, .ordering: return kind == .reverse
    case .onDelete: return kind == .foreignKey
    case .through, .source, .target: return kind == .manyToMany
    case .column, .null, .default: return kind.hasColumn
    case .unique:
      if case .array = kind { return false }
      return kind.hasColumn
    case .primaryKey:
      if case .array = kind { return false }
      return kind.hasColumn && kind != .scalar(.json)
    case .minimum, .maximum: if case .scalar(let type) = kind { return type.isOrderedForBounds }
    case .maximumLength, .minimumLength:
      if case .array = kind { return true }
      return kind == .scalar(.string) || kind == .scalar(.bytes)
    case .regex, .format: return kind == .scalar(.string)
    case .choices, .enum: if case .scalar(let type) = kind { return type == .string || type.isInteger }
    case .autoNow, .autoNowAdd: if case .scalar(let type) = kind { return type.isDateLike }
    case .storage:
      if case .scalar(let type) = kind { return !type.storages.isEmpty }
      return kind == .foreignKey
    case .protoType:
      switch kind {
      case .scalar(let type), .array(let type): return type == .timestamp || type == .duration || type == .json
      case .foreignKey, .manyToMany, .reverse: return false
      }
    }
    return false
  }

  /// What the option is for, in a message.
  var scope: String {
    switch self {
    case .items: "array"
    case .model, .expand: "foreign_key, many_to_many and reverse"
    case .field, .limit, .ordering: "reverse"
    case .onDelete: "foreign_key"
    case .through, .source, .target: "many_to_many"
    case .column, .null, .default: "every type but many_to_many and reverse"
    case .unique: "every type but many_to_many, reverse and array"
    case .primaryKey: "every type but many_to_many, reverse, array and json"
    case .minimum, .maximum: "numbers, decimal, timestamp, date and time"
    case .maximumLength, .minimumLength: "string, bytes and array"
    case .regex, .format: "string"
    case .choices, .enum: "string and whole numbers"
    case .autoNow, .autoNowAdd: "timestamp, date and time"
    case .storage: "bool, timestamp, date, time, duration, decimal, uuid, json and foreign keys to them"
    case .protoType: "timestamp, duration and json"
    case .readOnly, .writeOnly: "every type but reverse, which no request holds"
    case .computed: "every type but foreign_key, many_to_many and reverse"
    case .type, .doc, .was, .deprecated: "every type"
    }
  }

  /// Whether the option means something for a field that no request and no column holds.
  var appliesToComputed: Bool {
    switch self {
    case .type, .items, .null, .choices, .enum, .protoType, .readOnly, .computed, .doc, .was, .deprecated: true
    default: false
    }
  }

  /// Whether the option means something for a field of a method's request.
  var appliesToRequest: Bool {
    switch self {
    case .type, .items, .null, .choices, .enum, .protoType, .doc, .was, .deprecated: true
    case .maximumLength, .minimumLength, .minimum, .maximum, .regex, .format: true
    default: false
    }
  }

  /// The same for a response, which nothing checks.
  var appliesToResponse: Bool {
    switch self {
    case .type, .items, .null, .choices, .enum, .protoType, .doc, .was, .deprecated: true
    default: false
    }
  }
}

extension ScalarType {
  var isInteger: Bool {
    switch self {
    case .int32, .int64, .uint32, .uint64: true
    default: false
    }
  }

  var isDateLike: Bool { self == .timestamp || self == .date || self == .time }

  /// Whether `min` and `max` can bound it.
  var isOrderedForBounds: Bool { isInteger || isDateLike || self == .float || self == .double || self == .decimal }

  /// Legal values of `storage:`; none if the type has one form in SQLite.
  package var storages: [SQLiteStorage] {
    switch self {
    case .bool: [.integer, .text]
    case .timestamp: [.text, .django, .integer, .real]
    case .date: [.text, .integer, .real]
    case .time: [.text]
    case .duration: [.integer, .text]
    case .decimal: [.text, .real, .integer]
    case .uuid: [.text, .hex, .blob]
    case .json: [.text]
    case .int32, .int64, .uint32, .uint64, .float, .double, .string, .bytes: []
    }
  }
}
