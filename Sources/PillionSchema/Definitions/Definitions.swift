/// One definition file as written: keys known, values not yet checked against each other.
struct FileDefinition {
  var path: String
  /// Empty if neither `package:` nor the file's name gives a legal one.
  var package: Located<String>
  var doc: String?
  var models: [ModelDefinition]
}

struct ModelDefinition {
  var name: Located<String>
  var section: Section<ModelKey>
  var fields: [FieldDefinition]
  /// The first service; an empty section where the model says nothing.
  var service: Section<ServiceKey>
  var otherServices: [Section<ServiceKey>] = []

  var services: [Section<ServiceKey>] { [service] + otherServices }
}

struct FieldDefinition {
  var name: Located<String>
  var section: Section<FieldKey>
  /// Nil if `type:` or `items:` is missing or wrong, which is reported.
  var kind: FieldKind?

  /// Whether a program fills it in, so that no column holds it; a wrong `computed:` is reported elsewhere.
  var isComputed: Bool {
    guard case .scalar(let scalar)? = section.entries[.computed]?.value.value else { return false }
    return scalar.meaning == .bool(true)
  }
}

/// A field's type before its reference is followed.
enum FieldKind: Hashable {
  case scalar(ScalarType)
  case foreignKey
  case manyToMany
  case reverse
  case array(ScalarType)

  /// The name in the definitions.
  var name: String {
    switch self {
    case .scalar(let type): type.rawValue
    case .foreignKey: "foreign_key"
    case .manyToMany: "many_to_many"
    case .reverse: "reverse"
    case .array: "array"
    }
  }

  /// Whether the values are in a column of the model's own table.
  var hasColumn: Bool { self != .manyToMany && self != .reverse }

  var isRelation: Bool { self == .foreignKey || self == .manyToMany || self == .reverse }
}
