/// One field of a model.
package struct Field: Sendable {
  /// lower_snake_case; the name in the proto.
  package var name: String
  package var type: FieldType
  /// The column; meaningless where `hasColumn` is false.
  package var column: String
  package var isNullable: Bool
  package var defaultValue: DefaultValue?
  package var isUnique: Bool
  /// In characters (Unicode scalars) for text, bytes for `bytes`, items for arrays.
  package var maximumLength: Int?
  package var minimumLength: Int?
  package var minimum: Bound?
  package var maximum: Bound?
  /// Must match somewhere in the value, as Django's RegexValidator; anchor it to match the whole.
  package var regex: String?
  package var format: TextFormat?
  package var choices: [Choice]
  /// `enum: true`: the choices are the values of a proto enum.
  package var isEnum = false
  /// The proto enum's name, without the package: `PostLanguage`.
  package var enumName: String?
  /// Never taken from a request.
  package var isReadOnly: Bool
  /// No column holds it: hooks of a program fill it in on a row's way out. Read-only.
  package var isComputed = false
  /// Never sent to a client.
  package var isWriteOnly: Bool
  /// Set to the current time by every write.
  package var isAutoNow: Bool
  /// Set to the current time by Create.
  package var isAutoNowAdd: Bool
  package var doc: String?
  /// `proto_type: string` on a timestamp, duration or json field.
  package var usesStringInProto: Bool
  /// How SQLite holds the value; nil: read every form, write the default one.
  package var storage: SQLiteStorage?
  /// `was:`, the field's name before it was renamed.
  package var was: FormerName?
  /// Clients are told not to use it any more; it works as before.
  package var isDeprecated: Bool
  /// How the rows that a relation leads to are sent; nil: only their keys are.
  package var expansion: Expansion?
  package var location: SourceLocation

  package init(
    name: String, type: FieldType, column: String? = nil, isNullable: Bool = false, defaultValue: DefaultValue? = nil,
    isUnique: Bool = false, maximumLength: Int? = nil, minimumLength: Int? = nil, minimum: Bound? = nil,
    maximum: Bound? = nil, regex: String? = nil, format: TextFormat? = nil, choices: [Choice] = [],
    isReadOnly: Bool = false, isWriteOnly: Bool = false, isAutoNow: Bool = false, isAutoNowAdd: Bool = false,
    doc: String? = nil, usesStringInProto: Bool = false, storage: SQLiteStorage? = nil, was: FormerName? = nil,
    isDeprecated: Bool = false, location: SourceLocation
  ) {
    self.name = name
    self.type = type
    self.column = column ?? name
    self.isNullable = isNullable
    self.defaultValue = defaultValue
    self.isUnique = isUnique
    self.maximumLength = maximumLength
    self.minimumLength = minimumLength
    self.minimum = minimum
    self.maximum = maximum
    self.regex = regex
    self.format = format
    self.choices = choices
    self.isReadOnly = isReadOnly
    self.isWriteOnly = isWriteOnly
    self.isAutoNow = isAutoNow
    self.isAutoNowAdd = isAutoNowAdd
    self.doc = doc
    self.usesStringInProto = usesStringInProto
    self.storage = storage
    self.was = was
    self.isDeprecated = isDeprecated
    self.location = location
  }

  /// Whether the value is in a column of the model's own table.
  package var hasColumn: Bool { type.hasColumn && !isComputed }

  /// The proto field of the field's own value: of a relation that is expanded, that of its keys.
  package var valueName: String { expansion?.keyName ?? name }

  /// Whether a message has a proto field of the field's own value: reverse relations that are expanded have none.
  package var hasValue: Bool { expansion.map { $0.keyName != nil } ?? true }

  /// Names that the field goes by in messages.
  package var protoNames: [String] { expansion.map { [$0.keyName, $0.name].compactMap(\.self) } ?? [name] }

  /// Whether the field goes by this name in messages.
  package func isCalled(_ other: String) -> Bool {
    guard let expansion else { return name == other }
    return expansion.name == other || expansion.keyName == other
  }
}

/// The proto field in which a relation's rows are sent as messages, and what its keys are called beside it.
package struct Expansion: Sendable, Hashable {
  /// The field of the message or messages: `author`.
  package var name: String
  /// The field of the key or keys, `author_id`; nil: they are not sent.
  package var keyName: String?
  /// The message of the rows, without its package: the other model's own.
  package var message = ""
  /// The package of that message.
  package var package = ""

  package init(name: String, keyName: String?) {
    self.name = name
    self.keyName = keyName
  }
}

/// The name that a field or a model had before; its numbers stay.
package struct FormerName: Sendable, Hashable {
  package var name: String
  package var location: SourceLocation

  package init(_ name: String, at location: SourceLocation) {
    self.name = name
    self.location = location
  }
}

package enum FieldType: Sendable, Hashable {
  case scalar(ScalarType)
  /// A column that holds the key of another model's row.
  case foreignKey(ForeignKey)
  /// Rows of a join table.
  case manyToMany(ManyToMany)
  /// Rows of another model whose foreign key holds this row's key.
  case reverse(ReverseRelation)
  /// A PostgreSQL array; JSON text in SQLite.
  case array(ScalarType)

  /// The type of one value: the scalar itself, the target key's type, or the items' type.
  package var scalar: ScalarType {
    switch self {
    case .scalar(let type), .array(let type): type
    case .foreignKey(let key): key.type
    case .manyToMany(let relation): relation.type
    case .reverse(let relation): relation.type
    }
  }

  /// Index of the model that a relation leads to; nil for what is none.
  package var related: Int? {
    switch self {
    case .scalar, .array: nil
    case .foreignKey(let key): key.model
    case .manyToMany(let relation): relation.model
    case .reverse(let relation): relation.model
    }
  }

  /// Whether values of the type are in a column of the model's own table, computed ones aside.
  package var hasColumn: Bool {
    switch self {
    case .scalar, .foreignKey, .array: true
    case .manyToMany, .reverse: false
    }
  }

  /// Whether the proto field is `repeated`.
  package var isRepeated: Bool {
    switch self {
    case .scalar, .foreignKey: false
    case .manyToMany, .reverse, .array: true
    }
  }
}

/// The raw value is the name in the definitions.
package enum ScalarType: String, Sendable, Hashable, CaseIterable {
  case bool, int32, int64, uint32, uint64, float, double, string, bytes
  case timestamp, date, time, duration, decimal, uuid, json
}

package struct ForeignKey: Sendable, Hashable {
  /// Index of the target in `Schema.models`.
  package var model: Int
  /// The target key's field (a foreign key refers to a single-column primary key).
  package var field: Int
  /// The type of the target key, followed through foreign keys to a scalar.
  package var type: ScalarType
  package var onDelete: OnDelete

  package init(model: Int, field: Int, type: ScalarType, onDelete: OnDelete) {
    self.model = model
    self.field = field
    self.type = type
    self.onDelete = onDelete
  }
}

/// What the database does to a row when the row it refers to goes; the raw value is the name in the definitions.
package enum OnDelete: String, Sendable, Hashable, CaseIterable {
  case cascade, restrict
  case setNull = "set_null"
  case setDefault = "set_default"
  case noAction = "no_action"
}

package struct ManyToMany: Sendable, Hashable {
  /// Index of the target in `Schema.models`.
  package var model: Int
  /// The target's single-column key.
  package var field: Int
  /// The type of the target key.
  package var type: ScalarType
  /// The join table; default `<table>_<field>`, as Django.
  package var through: TableName
  /// Join column that holds this model's key; default `<model>_id`.
  package var source: String
  /// Join column that holds the target's key; default `<target model>_id`.
  package var target: String

  package init(model: Int, field: Int, type: ScalarType, through: TableName, source: String, target: String) {
    self.model = model
    self.field = field
    self.type = type
    self.through = through
    self.source = source
    self.target = target
  }
}

package struct ReverseRelation: Sendable, Hashable {
  /// Rows that are sent of a relation which does not say how many.
  package static let standardLimit = 100

  /// Index of the model whose rows refer to this one.
  package var model: Int
  /// The foreign key of that model that does.
  package var field: Int
  /// That model's single-column key; nil: it has another kind of key, and its rows are only sent as messages.
  package var key: Int?
  /// The type of that key.
  package var type: ScalarType
  /// Rows that are sent at most.
  package var limit: Int
  /// The order in which they are sent; nil: that model's own. The key is appended by whoever orders.
  package var ordering: [OrderTerm]?

  package init(
    model: Int, field: Int, key: Int?, type: ScalarType, limit: Int = standardLimit, ordering: [OrderTerm]? = nil
  ) {
    self.model = model
    self.field = field
    self.key = key
    self.type = type
    self.limit = limit
    self.ordering = ordering
  }
}

/// A field's `default:`, already of the field's type.
package enum DefaultValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int64)
  case uint(UInt64)
  case double(Double)
  /// Text of string, timestamp, date, time, duration, decimal and uuid fields, in the form the proto's string has
  /// (a timestamp: RFC 3339; a duration: ISO 8601); JSON text of json fields.
  case text(String)
  case bytes([UInt8])
  /// `[]` or a list of scalars, for arrays.
  case list([DefaultValue])
  /// `now`, for timestamp, date and time.
  case now
}

/// A `min:` or `max:`: exact for integers, IEEE for float and double, canonical text for the rest.
package enum Bound: Sendable, Hashable {
  case int(Int64)
  case uint(UInt64)
  case double(Double)
  /// decimal: plain decimal; date, time: ISO 8601; timestamp: RFC 3339 in UTC.
  case text(String)
}

/// A value of `choices:`.
package enum Choice: Sendable, Hashable {
  case int(Int64)
  case text(String)
}

/// The raw value is the name in the definitions.
package enum TextFormat: String, Sendable, Hashable, CaseIterable {
  case email, url, slug, ipv4, ipv6
}

/// How SQLite holds a value; the raw value is the name in the definitions (`storage:`).
package enum SQLiteStorage: String, Sendable, Hashable, CaseIterable {
  /// ISO 8601 (timestamp, date, time), canonical text (uuid, decimal, json, duration).
  case text
  /// Unix seconds (timestamp), days since 1970 (date), 0 and 1 (bool), microseconds (duration, as Django).
  case integer
  /// Julian day (timestamp, date), IEEE double (decimal).
  case real
  /// 16 bytes (uuid).
  case blob
  /// 32 hexadecimal digits without dashes (uuid, as Django writes it).
  case hex
  /// ISO 8601 with a space and no zone, in UTC, as Django writes it (timestamp).
  case django
}
