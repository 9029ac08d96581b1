/// A YAML value with its place in the file: what is left when anchors, styles and tags are settled.
package struct YAMLNode: Sendable {
  package var value: Value
  package var location: SourceLocation

  package enum Value: Sendable {
    case scalar(YAMLScalar)
    case list([YAMLNode])
    /// In the order of the file; keys are distinct.
    case mapping([YAMLEntry])
  }

  /// A text that may be something else.
  package init(text: String, at location: SourceLocation) {
    value = .scalar(YAMLScalar(text: text, isPlain: true))
    self.location = location
  }

  init(value: Value, location: SourceLocation) {
    self.value = value
    self.location = location
  }

  /// What an error message calls the value: `a list`, `the number 5`.
  package var kind: String {
    switch value {
    case .scalar(let scalar): scalar.kind
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }

  /// Where a scalar's text begins, if it is written on one line: behind the quote, if there is one.
  package var textLocation: SourceLocation? {
    guard case .scalar(let scalar) = value, !scalar.text.contains(where: \.isNewline) else { return nil }
    var location = location
    if !scalar.isPlain, location.column > 0 { location.column += 1 }
    return location
  }

  /// Whether the value is `null`, `~` or left out.
  package var isNull: Bool {
    if case .scalar(let scalar) = value, scalar.meaning == .null { return true }
    return false
  }
}

/// A key and its value.
package struct YAMLEntry: Sendable {
  package var key: String
  package var keyLocation: SourceLocation
  package var value: YAMLNode
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
