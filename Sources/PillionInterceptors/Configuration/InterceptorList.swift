package import PillionSchema
package import PillionTransport

/// A layer of the chain as it is configured.
package struct ConfiguredInterceptor: Sendable {
  package let definition: InterceptorDefinition
  package let settings: InterceptorSettings
}

/// The chain as the configuration says it: the layers of the list, the outermost first.
package struct InterceptorList: Sendable {
  package private(set) var layers: [ConfiguredInterceptor] = []

  package init() {}

  /// Reads `interceptors:`, a list of names, and of mappings of one name to its settings.
  package static func read(
    _ list: YAMLNode, environment: [String: String], registry: InterceptorRegistry
  ) -> (list: InterceptorList, diagnostics: [Diagnostic]) {
    var result = InterceptorList()
    var diagnostics: [Diagnostic] = []
    guard case .list(let items) = list.value else {
      return (
        result,
        [Diagnostic(at: list.location, "'interceptors' expected a list, found \(list.kind)", suggestion: example)]
      )
    }
    for item in items {
      guard let (name, location, value) = entry(item, &diagnostics) else { continue }
      guard let definition = registry.definition(name) else {
        let near = Suggestion.of(name, among: registry.names)
        diagnostics.append(Diagnostic(at: location, "unknown interceptor '\(name)'", suggestion: near))
        continue
      }
      if !definition.isRepeatable, result.layers.contains(where: { $0.definition.name == name }) {
        diagnostics.append(Diagnostic(at: location, "the interceptor '\(name)' is in the list twice"))
        continue
      }
      var reader = InterceptorSettingsReader(owner: name, environment: environment)
      let settings = reader.read(value, at: location, definition)
      diagnostics += reader.diagnostics
      result.layers.append(ConfiguredInterceptor(definition: definition, settings: settings))
    }
    return (result, diagnostics)
  }

  private static let example = "interceptors: [request_id, { logging: { slow: 200ms } }]"

  /// The name in an item of the list, and what stands behind it.
  private static func entry(
    _ item: YAMLNode, _ diagnostics: inout [Diagnostic]
  ) -> (name: String, location: SourceLocation, value: YAMLNode?)? {
    switch item.value {
    case .scalar(let scalar) where !item.isNull: return (scalar.text, item.location, nil)
    case .mapping(let entries) where entries.count == 1:
      let entry = entries[0]
      return (entry.key, entry.keyLocation, entry.value.isNull ? nil : entry.value)
    case .mapping(let entries) where entries.count > 1:
      diagnostics.append(
        Diagnostic(
          at: entries[1].keyLocation, "an interceptor's mapping has one key, its name, found '\(entries[1].key)' too",
          suggestion: "settings are indented below the name"))
    default:
      diagnostics.append(
        Diagnostic(
          at: item.location,
          "'interceptors' expected a name or a mapping of one name to its settings, found \(item.kind)",
          suggestion: example))
    }
    return nil
  }

  package func contains(_ name: String) -> Bool { settings(of: name) != nil }

  /// The settings of a layer; nil if the list does not name it.
  package func settings(of name: String) -> InterceptorSettings? {
    layers.first { $0.definition.name == name }?.settings
  }

  /// The layers themselves, the outermost first.
  package func make(_ context: InterceptorContext) throws(InterceptorError) -> [any Interceptor] {
    var made: [any Interceptor] = []
    var diagnostics: [Diagnostic] = []
    for layer in layers.filter(\.definition.isOutermost) + layers.filter({ !$0.definition.isOutermost }) {
      do throws(InterceptorError) {
        if let interceptor = try layer.definition.make(layer.settings, context) { made.append(interceptor) }
      } catch {
        diagnostics += error.diagnostics
      }
    }
    guard diagnostics.isEmpty else { throw InterceptorError(diagnostics) }
    return made
  }

  /// As YAML that means the same, with all values and secrets masked; a line for each layer.
  package var printed: [String] {
    layers.map { layer in
      let settings = layer.settings.printed.map { "\($0.path): \($0.text)" }
      let name = layer.definition.name
      return settings.isEmpty ? "- \(name)" : "- \(name): { \(settings.joined(separator: ", ")) }"
    }
  }
}
