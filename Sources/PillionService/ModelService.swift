package import PillionDatabase
package import PillionQuery
package import PillionSchema
package import PillionTransport

/// The services of a schema: one method for each action of each service.
package struct ModelServices {
  package let methods: [(descriptor: MethodDescriptor, handler: any MethodHandler)]
  /// Full names, such as `blog.PostController`.
  package let names: [String]

  /// `shapes` and `scopes`, the services' filters, are in the order of `schema.views`.
  package init(
    schema: Schema, shapes: [ServiceShape], scopes: [Filter?], driver: any Driver, errors: ErrorPolicy,
    lists: ListPolicy, loops: LoopStates, access control: AccessControl? = nil, hooks: Hooks = Hooks()
  ) {
    let views = schema.views
    let relations = RelatedModels(shapes: shapes, scopes: scopes)
    names = views.map(\.serviceFullName)
    methods = zip(views.indices, zip(views, shapes)).flatMap { index, service in
      let (model, shape) = service
      let scope = scopes.indices.contains(index) ? scopes[index] : nil
      let makePlans: @Sendable ([Int: Predicate]?, Predicate?) -> ModelPlans = {
        [
          dialect = driver.dialect, hides = control?.databaseRole != nil,
          asks = lists.indexGuard(of: model.service) != nil
        ]
        rows, base in
        ModelPlans(
          model: model, schema: schema, shape: shape, dialect: dialect, scope: scope, relations: relations, rows: rows,
          base: base, hidesRows: hides, asksForIndexes: asks)
      }
      let plans = makePlans(nil, nil)
      let hook = hooks.byModel[model.fullName]
      // With nobody to ask, hooks decide about the rows of nobody in particular.
      let access = (control ?? hook.map { _ in AccessControl { _ in nil } }).map { control in
        ServiceAccess(
          control,
          filtered: FilteredPlans(
            model: model, schema: schema, filters: control.rowFilters, hasBase: hook != nil, make: makePlans),
          base: hook.map { BaseRowFilters(hook: $0, model: model, schema: schema, errors: errors) })
      }
      return shape.methods.compactMap { method -> (MethodDescriptor, any MethodHandler)? in
        var descriptor = MethodDescriptor(
          path: "/\(model.serviceFullName)/\(method.action.rawValue)", isServerStreaming: method.isServerStreaming,
          isMutating: method.action.isMutating)
        descriptor.model = model.fullName
        if method.action == .list || method.action == .listPage {
          guard let plan = plans.list else { return nil }
          let request = ListRequest(plan: plan, policy: lists, isPage: method.action == .listPage)
          if method.action == .list {
            return (
              descriptor,
              ListMethod(
                request: request, driver: driver, errors: errors, loops: loops, access: access, hook: hook)
            )
          }
          return ListPageMethod(
            request: request, driver: driver, errors: errors, loops: loops, access: access, hook: hook
          ).map { (descriptor, $0) }
        }
        return plans.unary[method.action].map {
          let unary = UnaryMethod(
            action: method.action, plan: $0, model: model, driver: driver, errors: errors, loops: loops, access: access)
          return (descriptor, hooks.around(unary, method.action) ?? unary)
        }
      }
    }
  }
}

/// The hooks of a program, and the sessions that they work with.
package struct Hooks: Sendable {
  /// By the models' full names.
  package var byModel: [String: any ModelHook]
  package var sessions: SessionPool?

  package init(byModel: [String: any ModelHook] = [:], sessions: SessionPool? = nil) {
    self.byModel = byModel
    self.sessions = sessions
  }

  /// Nil: the model has none.
  func around(_ method: UnaryMethod, _ action: Action) -> (any MethodHandler)? {
    guard let hook = byModel[method.model.fullName], let sessions else { return nil }
    return HookedMethod(action: action, method: method, hook: hook, sessions: sessions)
  }
}
