import PillionSchema

/// Reads the settings of one layer from the list, the environment and the defaults; every mistake is noted in its place.
struct InterceptorSettingsReader {
  /// The layer's name, for messages.
  let owner: String
  let environment: [String: String]
  private(set) var diagnostics: [Diagnostic] = []

  init(owner: String, environment: [String: String]) {
    self.owner = owner
    self.environment = environment
  }

  mutating func read(_ node: YAMLNode?, at location: SourceLocation, _ definition: InterceptorDefinition)
    -> InterceptorSettings
  {
    var written: [String: YAMLNode] = [:]
    if let node {
      if case .scalar = node.value, let shorthand = definition.shorthand {
        written[shorthand] = node
      } else {
        collect(node, prefix: "", definition.settings, &written)
      }
    }
    for setting in definition.settings {
      guard let name = definition.environmentName(setting), let text = environment[name], !text.isEmpty else {
        continue
      }
      written[setting.path] = YAMLNode(text: text, at: SourceLocation(file: "environment \(name)"))
    }
    return settings(of: written, definition.settings, at: location)
  }

  /// Finds the values of known keys below `node`; reports the others.
  private mutating func collect(
    _ node: YAMLNode, prefix: String, _ settings: [Setting], _ written: inout [String: YAMLNode]
  ) {
    guard case .mapping(let entries) = node.value else {
      let what = prefix.isEmpty ? "the settings of '\(owner)'" : "'\(owner).\(prefix)'"
      diagnostics.append(Diagnostic(at: node.location, "\(what) must be a mapping, found \(node.kind)"))
      return
    }
    for entry in entries {
      let path = prefix.isEmpty ? entry.key : "\(prefix).\(entry.key)"
      if settings.contains(where: { $0.path == path }) {
        if entry.value.isNull { continue }
        if written[path] != nil {
          diagnostics.append(Diagnostic(at: entry.keyLocation, "'\(owner).\(path)' is set twice"))
        }
        written[path] = entry.value
      } else if settings.contains(where: { $0.path.hasPrefix(path + ".") }) {
        if !entry.value.isNull { collect(entry.value, prefix: path, settings, &written) }
      } else {
        let paths = settings.map(\.path)
        let section = paths.filter { $0.hasPrefix(prefix + ".") }
        let near =
          settings.isEmpty ? "it has no settings" : Suggestion.of(path, among: section.isEmpty ? paths : section)
        diagnostics.append(
          Diagnostic(at: entry.keyLocation, "unknown setting '\(path)' of '\(owner)'", suggestion: near))
      }
    }
  }

  private mutating func settings(
    of written: [String: YAMLNode], _ known: [Setting], at location: SourceLocation
  ) -> InterceptorSettings {
    var result = InterceptorSettings(location: location)
    for setting in known {
      let node =
        written[setting.path]
        ?? setting.defaultValue.map { YAMLNode(text: $0, at: SourceLocation(file: "default")) }
      guard let node, let (value, printed) = value(node, setting) else { continue }
      result.values[setting.path] = Located(value, at: node.location)
      result.texts[setting.path] = node.textLocation
      result.printed.append((setting.path, setting.isSecret ? QuotedText.json("***") : printed))
    }
    return result
  }

  /// The value and how it is printed; nil, and reported, if it is of another kind.
  private mutating func value(_ node: YAMLNode, _ setting: Setting) -> (InterceptorSettings.Value, String)? {
    switch setting.kind {
    case .texts:
      guard let texts = texts(node) else { return fail(node, setting, "a list of texts") }
      return (.texts(texts), "[\(texts.map { QuotedText.yaml($0.value) }.joined(separator: ", "))]")
    case .mapping:
      guard case .mapping(let entries) = node.value else { return fail(node, setting, "a mapping") }
      let pairs = entries.compactMap { entry -> (key: Located<String>, value: Located<String>)? in
        guard case .scalar(let scalar) = entry.value.value, !entry.value.isNull else {
          return fail(entry.value, setting, "a text for '\(entry.key)'")
        }
        return (
          Located(entry.key, at: entry.keyLocation),
          Located(scalar.text, at: entry.value.textLocation ?? entry.value.location)
        )
      }
      let printed = pairs.map { "\(QuotedText.yaml($0.key.value)): \(QuotedText.yaml($0.value.value))" }
      return (.mapping(pairs), "{ \(printed.joined(separator: ", ")) }")
    case .list:
      guard case .list(let nodes) = node.value else { return fail(node, setting, "a list of mappings") }
      let items = nodes.map { item in
        var written: [String: YAMLNode] = [:]
        collect(item, prefix: "", setting.items, &written)
        return settings(of: written, setting.items, at: item.location)
      }
      let printed = items.map { item in "{ \(item.printed.map { "\($0.path): \($0.text)" }.joined(separator: ", ")) }" }
      return (.items(items), "[\(printed.joined(separator: ", "))]")
    default:
      guard case .scalar(let scalar) = node.value else { return fail(node, setting, "one value") }
      guard let value = scalarValue(scalar.text, setting) else { return fail(node, setting, setting.expectation) }
      return (value, QuotedText.yaml(scalar.text))
    }
  }

  private func scalarValue(_ text: String, _ setting: Setting) -> InterceptorSettings.Value? {
    switch setting.kind {
    case .flag: text == "true" ? .flag(true) : text == "false" ? .flag(false) : nil
    case .integer: Int(text).flatMap { (0...1_000_000).contains($0) ? .number($0) : nil }
    case .bytes: Quantity.bytes(text).map { .number($0) }
    case .duration: Quantity.milliseconds(text).map { .number($0) }
    case .rate: Quantity.rate(text).map { .rate($0) }
    case .choice: setting.choices.contains(text) ? .text(text) : nil
    default: .text(text)
    }
  }

  /// One text is a list of one.
  private func texts(_ node: YAMLNode) -> [Located<String>]? {
    switch node.value {
    case .scalar(let scalar): return [Located(scalar.text, at: node.location)]
    case .list(let items):
      let texts = items.compactMap { item -> Located<String>? in
        guard case .scalar(let scalar) = item.value, !item.isNull else { return nil }
        return Located(scalar.text, at: item.location)
      }
      return texts.count == items.count ? texts : nil
    case .mapping: return nil
    }
  }

  private mutating func fail<Result>(_ node: YAMLNode, _ setting: Setting, _ expected: String) -> Result? {
    let found = setting.isSecret ? "something else" : node.kind
    diagnostics.append(
      Diagnostic(at: node.location, "'\(owner).\(setting.path)' expected \(expected), found \(found)"))
    return nil
  }
}

extension Setting {
  /// What a scalar's text must be.
  fileprivate var expectation: String {
    switch kind {
    case .flag: "true or false"
    case .integer: "a whole number from 0 to 1000000"
    case .bytes: "a size such as 4MiB, below 2GiB"
    case .duration: "a duration such as 250ms, 5s, 10m or 1h, at most 24h"
    case .rate: "a rate such as 100/s, 6000/m or 1/h, at most 1000000"
    case .choice: "one of \(choices.joined(separator: ", "))"
    default: "a text"
    }
  }
}
