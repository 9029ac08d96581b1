package import PillionSchema

/// A filter whose names are resolved and whose values have the types of their fields.
///
/// A statement is made once for a shape; `values` go into its placeholders, in the order in which the predicate's tests
/// take them.
package struct Filter: Sendable, Hashable {
  package let shape: FilterShape
  package var values: [FilterValue]

  package init(predicate: Predicate, values: [FilterValue]) {
    self.init(FilterShape(predicate), values: values)
  }

  init(_ shape: FilterShape, values: [FilterValue]) {
    self.shape = shape
    self.values = values
  }

  package var predicate: Predicate { shape.predicate }
}

/// A predicate as the key of what is made of it: hashed once, and equal to itself at a glance.
package final class FilterShape: Sendable, Hashable {
  package let predicate: Predicate
  private let hash: Int

  package init(_ predicate: Predicate) {
    self.predicate = predicate
    hash = predicate.hashValue
  }

  package static func == (one: FilterShape, other: FilterShape) -> Bool {
    one === other || one.hash == other.hash && one.predicate == other.predicate
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// True or false of a row, never unknown: a comparison with a value that is not there is false, and NOT of it is true.
package enum Predicate: Sendable, Hashable {
  case all([Predicate])
  case any([Predicate])
  indirect case not(Predicate)
  case test(FieldTest)
}

/// A condition on one field of the row, or of a row that its relations lead to (of any such row, where a relation has
/// many).
package struct FieldTest: Sendable, Hashable {
  package var path: FieldPath
  package var condition: Condition

  package init(path: FieldPath, condition: Condition) {
    self.path = path
    self.condition = condition
  }
}

package enum Condition: Sendable, Hashable {
  /// Takes a value of the field's type.
  case compare(Comparison)
  /// Takes so many values of the field's type: equal to one of them.
  case oneOf(Int)
  case isNull
  case isNotNull
  /// Takes two values of the field's type, both of which belong to the range.
  case between
  /// Takes a pattern: the field's text is made of its parts with anything between them.
  case like(ignoringCase: Bool)
  /// Takes a pattern that the field's text is not of.
  case notLike
  /// Takes a text.
  case equalsIgnoringCase
  /// Takes a regular expression that must match somewhere in the text.
  case matches
  /// Takes a value of the items' type: an array holds it, or a many_to_many has a row with this key.
  case contains
  /// An array or a many_to_many is not empty.
  case isNotEmpty
  /// Takes the keys on the way into a json field, then what the condition takes.
  case json(JSONCondition)
}

/// On the JSON value that the keys lead to.
package enum JSONCondition: Sendable, Hashable {
  /// Takes a value of this kind.
  case compare(Comparison, JSONKind)
  /// There is a value, null included.
  case exists
  case isNull
  case isNotNull
  /// Takes a value of this kind: an array holds it.
  case contains(JSONKind)
}

package enum JSONKind: Sendable, Hashable { case string, number, bool }

/// The raw value is the sign in SQL.
package enum Comparison: String, Sendable, Hashable {
  case equal = "="
  case notEqual = "<>"
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
}

package enum FilterValue: Sendable, Hashable {
  /// Of the field's type.
  case value(DefaultValue)
  /// Parts of a text with anything between them.
  case pattern([String])
  case text(String)
  /// Keys into a json value.
  case keys([String])
}
