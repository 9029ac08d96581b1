/// A mapping with known keys: every unknown one is reported, every value is read with its type checked.
///
/// The readers return nil both for a key that is not there and for a value that is wrong, which the sink then knows.
struct Section<Key: DefinitionKey>: Sendable {
  let entries: [Key: YAMLEntry]
  let location: SourceLocation

  /// Nil, and reported, if `node` is no mapping.
  init?(_ node: YAMLNode, sink: DiagnosticSink, example: String? = nil) {
    guard case .mapping(let pairs) = node.value else {
      sink.error(at: node.location, "\(Key.owner) must be a mapping, found \(node.kind)", suggestion: example)
      return nil
    }
    var entries: [Key: YAMLEntry] = [:]
    for entry in pairs {
      if let key = Key(rawValue: entry.key) {
        entries[key] = entry
      } else {
        sink.error(
          at: entry.keyLocation, "unknown key '\(entry.key)' of \(Key.owner)",
          suggestion: Suggestion.of(entry.key, among: Key.allCases.map(\.rawValue)))
      }
    }
    self.entries = entries
    location = node.location
  }

  /// A section without keys.
  init(emptyAt location: SourceLocation) {
    entries = [:]
    self.location = location
  }

  /// Text in quotes, or plain text that YAML does not take for something else.
  func text(_ key: Key, _ sink: DiagnosticSink) -> Located<String>? {
    entries[key].flatMap { YAMLValues.text($0.value, of: key.rawValue, sink) }
  }

  /// `true` or `false`.
  func flag(_ key: Key, _ sink: DiagnosticSink) -> Located<Bool>? {
    guard let node = entries[key]?.value else { return nil }
    if case .scalar(let scalar) = node.value, case .bool(let flag) = scalar.meaning {
      return Located(flag, at: node.location)
    }
    sink.error(
      at: node.location, "'\(key.rawValue)' expected true or false, found \(node.kind)",
      suggestion: YAMLValues.flagMeant(node).map { "write \($0)" })
    return nil
  }

  /// A whole number from `minimum` up to what 32 bits hold.
  func wholeNumber(_ key: Key, from minimum: Int, _ sink: DiagnosticSink) -> Located<Int>? {
    guard let node = entries[key]?.value else { return nil }
    guard case .scalar(let scalar) = node.value, case .integer(let isNegative, let magnitude) = scalar.meaning else {
      sink.error(at: node.location, "'\(key.rawValue)' expected a whole number, found \(node.kind)")
      return nil
    }
    guard let number = Int32(exactly: magnitude).map(Int.init), !isNegative, number >= minimum else {
      sink.error(
        at: node.location, "'\(key.rawValue)' must be from \(minimum) to \(Int32.max), found \(scalar.excerpt)")
      return nil
    }
    return Located(number, at: node.location)
  }

  /// A list of texts, or one text for a list of one.
  func texts(_ key: Key, _ sink: DiagnosticSink) -> Located<[Located<String>]>? {
    guard let node = entries[key]?.value else { return nil }
    switch node.value {
    case .list(let items):
      let texts = items.compactMap { YAMLValues.text($0, of: key.rawValue, sink) }
      return texts.count == items.count ? Located(texts, at: node.location) : nil
    case .scalar:
      return text(key, sink).map { Located([$0], at: $0.location) }
    case .mapping:
      sink.error(at: node.location, "'\(key.rawValue)' expected a list, found a mapping")
      return nil
    }
  }

  /// One of the raw values of an enumeration.
  func name<Names: RawRepresentable<String> & CaseIterable & Sendable>(
    _ key: Key, of names: Names.Type, _ sink: DiagnosticSink
  ) -> Located<Names>? {
    guard let text = text(key, sink) else { return nil }
    if let name = Names(rawValue: text.value) { return Located(name, at: text.location) }
    sink.error(
      at: text.location, "unknown \(key.rawValue) '\(text.value)'",
      suggestion: Suggestion.of(text.value, among: names.allCases.map(\.rawValue)))
    return nil
  }
}

/// Readers of single values, whatever key they belong to.
enum YAMLValues {
  static func text(_ node: YAMLNode, of key: String, _ sink: DiagnosticSink) -> Located<String>? {
    guard case .scalar(let scalar) = node.value, scalar.meaning == .text else {
      var suggestion: String?
      if case .scalar(let scalar) = node.value, !node.isNull {
        suggestion = "for text write '\(scalar.excerpt)' in quotes"
      }
      if case .list = node.value, key == "regex" { suggestion = "put the pattern in quotes" }
      sink.error(at: node.location, "'\(key)' expected text, found \(node.kind)", suggestion: suggestion)
      return nil
    }
    return Located(scalar.text, at: node.location)
  }

  /// What a YAML 1.1 author means by `yes` or `off`.
  static func flagMeant(_ node: YAMLNode) -> Bool? {
    guard case .scalar(let scalar) = node.value else { return nil }
    switch scalar.text.lowercased() {
    case "yes", "on", "y", "true", "1": return true
    case "no", "off", "n", "false", "0": return false
    default: return nil
    }
  }
}
