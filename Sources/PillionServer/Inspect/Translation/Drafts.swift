package import PillionSchema

/// A model as its definition is about to be written.
package struct ModelDraft: Sendable {
  /// The proto package of a model that is defined already; nil: that of the new definitions.
  package var package: String?
  package var name: String
  package var table: TableName
  package var doc: String?
  package var fields: [FieldDraft]
  /// A composite key, as names of fields; a single key is the field's own.
  package var primaryKey: [String]
  /// Whether only List is offered: nothing finds one row.
  package var isListOnly: Bool
  /// What definitions cannot say, as comments.
  package var notes: [String]
}

/// A field as its definition is about to be written.
package struct FieldDraft: Sendable {
  package enum Kind: Sendable, Hashable {
    case scalar(ScalarType)
    case array(ScalarType)
    /// The model's name as this file refers to it.
    case foreignKey(model: String, onDelete: OnDelete)
    case manyToMany(model: String, through: TableName, source: String, target: String)
  }

  package var name: String
  package var kind: Kind
  /// Nil: many_to_many has none.
  package var column: String?
  package var isPrimaryKey = false
  package var isNullable = false
  package var isUnique = false
  package var isReadOnly = false
  package var minimumLength: Int?
  package var maximumLength: Int?
  package var minimum: Bound?
  package var maximum: Bound?
  package var choices: [Choice] = []
  package var defaultValue: DefaultValue?
  package var storage: SQLiteStorage?
  package var doc: String?
  /// What definitions cannot say, as comments.
  package var notes: [String] = []

  package init(name: String, kind: Kind, column: String?) {
    self.name = name
    self.kind = kind
    self.column = column
  }

  /// The type of a plain field.
  var scalar: ScalarType? { if case .scalar(let type) = kind { type } else { nil } }
}
