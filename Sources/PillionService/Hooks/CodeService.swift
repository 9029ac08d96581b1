package import PillionSchema

/// A service over a model that a program has put together: in the place of the definitions' service of the same name, or
/// beside them all.
package struct CodeService: Sendable {
  /// Full name, `blog.PostController`.
  package var name: String
  /// The model's full name, or that of the message in which a service shows it.
  package var model: String
  package var actions: Set<Action>
  package var hook: any ModelHook

  package init(name: String, model: String, actions: Set<Action>, hook: any ModelHook) {
    self.name = name
    self.model = model
    self.actions = actions
    self.hook = hook
  }

  /// Index into `Schema.views` of the service whose place it takes, or whose messages it has; nil: there is none.
  func view(in schema: Schema) -> Int? {
    let views = schema.views
    func isMeant(_ view: Model) -> Bool { view.messageFullName == model || view.fullName == model }
    if let index = views.firstIndex(where: { $0.serviceFullName == name }) {
      return isMeant(views[index]) ? index : nil
    }
    return views.firstIndex { $0.messageFullName == model } ?? views.firstIndex { $0.fullName == model }
  }

  /// Why it cannot be served with these definitions; nil: it can.
  package func problem(in schema: Schema) -> String? {
    guard let index = view(in: schema) else {
      return schema.views.contains { $0.serviceFullName == name }
        ? "'\(name)' is a service of another model than '\(model)'"
        : "'\(name)' is a service over '\(model)', which is no model of the definitions"
    }
    let view = schema.views[index]
    let missing = Action.allCases.filter { actions.contains($0) && !view.service.actions.contains($0) }
    guard let first = missing.first else { return nil }
    return
      "'\(name)' has \(missing.map(\.rawValue).joined(separator: ", ")), for which \(view.serviceFullName) has no messages; add \(first.rawValue) to its `actions`"
  }
}
