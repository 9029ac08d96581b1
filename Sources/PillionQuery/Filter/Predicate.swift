package import PillionSchema

/// A filter whose names are resolved and whose values have the types of their fields.
///
/// `predicate` is the shape, which a statement is made for once; `values` go into its placeholders, in the order in
/// which the predicate's tests take them.
package struct Filter: Sendable, Hashable {
  package var predicate: Predicate
  package var values: [FilterValue]

  package init(predicate: Predicate, values: [FilterValue]) {
    self.predicate = predicate
    self.values = values
  }
}

/// True or false of a row, never unknown: a comparison with a value that is not there is false, and NOT of it is true.
package indirect enum Predicate: Sendable, Hashable {
  case all([Predicate])
  case any([Predicate])
  case not(Predicate)
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
