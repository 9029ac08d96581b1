import PillionProto
import PillionSchema
import PillionService
import PillionTransport

extension ServiceAssembly {
  /// What the definitions leave to a program, and this one does not do.
  func gaps(in definitions: Definitions) -> [Diagnostic] {
    let schema = definitions.schema
    let computed = schema.models.flatMap { model -> [Diagnostic] in
      let isReplaced = hooks.services.contains { $0.name == model.serviceFullName }
      if isReplaced || hooks.byModel[model.fullName] != nil { return [] }
      return model.fields.filter(\.isComputed).map { field in
        Diagnostic(
          .warning, at: field.location,
          "'\(model.name).\(field.name)' is computed, and nothing fills it in: it is sent unset",
          suggestion: "add hooks for '\(model.fullName)' to a server of your own")
      }
    }
    let declared = schema.views.flatMap { view in
      view.service.methods.compactMap { method -> Diagnostic? in
        guard hooks.methods["/\(view.serviceFullName)/\(method.name)"] == nil else { return nil }
        return Diagnostic(
          .warning, at: method.location,
          "nothing implements '\(view.serviceFullName)/\(method.name)': it is UNIMPLEMENTED",
          suggestion: "add the method to a server of your own")
      }
    }
    return computed + declared
  }

  /// What of the program does not fit the definitions, and is not served.
  func problems(in definitions: Definitions) -> [String] {
    let schema = definitions.schema
    let models = Set(schema.models.map(\.fullName))
    let hooked = hooks.byModel.keys.filter { !models.contains($0) }.sorted()
      .map { "there are hooks for '\($0)', which is no model of the definitions" }
    let declared = DeclaredRoute.all(in: schema, definitions.protos.shapes)
    let unknown = methods.map(\.descriptor.path).filter { path in !declared.contains { $0.path == path } }
      .map { path in
        let name = String(path.dropFirst())
        let near = Suggestion.of(name, among: declared.map { String($0.path.dropFirst()) }).map { "; \($0)" } ?? ""
        return "there is a method for '\(name)', which no 'methods' of the definitions declares\(near)"
      }
    let unfit = declared.compactMap { route in hooks.methods[route.path].flatMap { route.problem(with: $0) } }
    return hooked + hooks.services.compactMap { $0.problem(in: schema) } + unknown + unfit
  }
}
