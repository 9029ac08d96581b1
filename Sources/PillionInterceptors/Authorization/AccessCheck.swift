package import PillionSchema

/// What is wrong with who is let in, as the whole configuration says it.
package enum AccessCheck {
  /// Of the order of the layers.
  package static func order(_ list: InterceptorList) -> [Diagnostic] {
    let names = list.layers.map(\.definition.name)
    guard let authorization = names.firstIndex(of: Authorization.definition.name) else { return [] }
    let location = list.layers[authorization].settings.location
    guard let authentication = names.firstIndex(of: Authentication.definition.name) else {
      return [
        Diagnostic(
          .warning, at: location, "'authorization' without 'authentication': no call has claims or a principal",
          suggestion: "put 'authentication' above it")
      ]
    }
    guard authorization < authentication else { return [] }
    return [
      Diagnostic(
        at: location, "'authorization' stands above 'authentication', where nobody is known yet",
        suggestion: "put 'authentication' above it")
    ]
  }

  /// Patterns that no method of the server is meant by: probably misspelled.
  package static func patterns(_ list: InterceptorList, paths: [String]) -> [Diagnostic] {
    var texts = list.settings(of: Authentication.definition.name)?.texts("anonymous") ?? []
    for rule in list.settings(of: Authorization.definition.name)?.items("rules") ?? [] {
      for key in ["allow", "deny"] {
        if let text = rule.text(key) { texts.append(Located(text, at: rule.location(of: key))) }
      }
    }
    return texts.compactMap { text in
      guard let pattern = try? MethodPattern(text.value), !paths.contains(where: pattern.matches) else { return nil }
      let services = Set(paths.compactMap { $0.split(separator: "/").first.map(String.init) })
      let service = text.value.split(separator: "/").first.map(String.init) ?? ""
      return Diagnostic(
        .warning, at: text.location, "no method is meant by the pattern '\(text.value)'",
        suggestion: Suggestion.of(service, among: services.sorted()))
    }
  }
}
