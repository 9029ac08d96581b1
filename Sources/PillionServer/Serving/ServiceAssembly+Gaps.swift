import PillionSchema
import PillionService

extension ServiceAssembly {
  /// What the definitions leave to a program, and this one does not do.
  func gaps(in schema: Schema) -> [Diagnostic] {
    schema.models.flatMap { model -> [Diagnostic] in
      let isReplaced = hooks.services.contains { $0.name == model.serviceFullName }
      if isReplaced || hooks.byModel[model.fullName] != nil { return [] }
      return model.fields.filter(\.isComputed).map { field in
        Diagnostic(
          .warning, at: field.location,
          "'\(model.name).\(field.name)' is computed, and nothing fills it in: it is sent unset",
          suggestion: "add hooks for '\(model.fullName)' to a server of your own")
      }
    }
  }
}
