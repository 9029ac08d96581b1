import PillionSchema

/// The layers that the configuration can name, and the types behind `plugin`.
package struct InterceptorRegistry: Sendable {
  /// What ships with Pillion, in the order in which it is documented; see `InterceptorDefinition` for how to add to it.
  package static let builtIn: [InterceptorDefinition] = [
    RequestIDInterceptor.definition, LoggingInterceptor.definition, Tracing.definition, CallMetrics.definition,
    DeadlineInterceptor.definition, ConcurrencyLimitInterceptor.definition, RateLimitInterceptor.definition,
    Authentication.definition, Authorization.definition, ReadOnlyInterceptor.definition, Audit.definition,
  ]

  private var plugins: [String: InterceptorDefinition.Make] = [:]

  package init() {}

  /// Makes a type known under a name: `- plugin: Name` then has it made. An executable that embeds Pillion does so
  /// before it reads the configuration.
  package mutating func register(_ name: String, make: @escaping InterceptorDefinition.Make) { plugins[name] = make }

  var names: [String] { Self.builtIn.map(\.name) + [plugin.name] }

  func definition(_ name: String) -> InterceptorDefinition? {
    name == plugin.name ? plugin : Self.builtIn.first { $0.name == name }
  }

  /// A layer that the executable has registered.
  package var plugin: InterceptorDefinition {
    let plugins = plugins
    return InterceptorDefinition(
      name: "plugin", summary: "A Swift type that the executable has registered.",
      settings: [.init(path: "name", kind: .text, summary: "The name under which it was registered.")],
      shorthand: "name", isRepeatable: true
    ) { (settings, context) throws(InterceptorError) in
      let name = settings.text("name") ?? ""
      guard let make = plugins[name] else {
        throw settings.error(
          "name",
          name.isEmpty ? "'plugin' expected the name of a registered type" : "no plugin '\(name)' is registered",
          suggestion: plugins.isEmpty
            ? "plugins are registered by executables that embed Pillion"
            : Suggestion.of(name, among: plugins.keys.sorted()))
      }
      return try make(settings, context)
    }
  }
}
