/// A YAML value with its place in the file: what is left when anchors, styles and tags are settled.
struct YAMLNode: Sendable {
  var value: Value
  var location: SourceLocation

  enum Value: Sendable {
    case scalar(YAMLScalar)
    case list([YAMLNode])
    /// In the order of the file; keys are distinct.
    case mapping([YAMLEntry])
  }

  /// What an error message calls the value: `a list`, `the number 5`.
  var kind: String {
    switch value {
    case .scalar(let scalar): scalar.kind
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }

  /// Whether the value is `null`, `~` or left out.
  var isNull: Bool {
    if case .scalar(let scalar) = value, scalar.meaning == .null { return true }
    return false
  }
}

/// A key and its value.
struct YAMLEntry: Sendable {
  var key: String
  var keyLocation: SourceLocation
  var value: YAMLNode
}

/// A value and where it was written.
package struct Located<Value: Sendable>: Sendable {
  package var value: Value
  package var location: SourceLocation

  package init(_ value: Value, at location: SourceLocation) {
    self.value = value
    self.location = location
  }
}
