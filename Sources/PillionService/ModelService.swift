package import PillionDatabase
package import PillionQuery
package import PillionSchema
package import PillionTransport
import PillionWire

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
    let factory = MethodFactory(
      schema: schema, relations: RelatedModels(shapes: shapes, scopes: scopes), driver: driver, errors: errors,
      lists: lists, loops: loops, control: control, sessions: hooks.sessions, program: hooks.methods)
    let views = schema.views
    let replaced = Set(hooks.services.map(\.name))
    var names: [String] = []
    var methods: [(descriptor: MethodDescriptor, handler: any MethodHandler)] = []
    func add(_ index: Int, as name: String, hook: (any ModelHook)?, only actions: Set<Action>? = nil) {
      guard shapes.indices.contains(index) else { return }
      var (model, shape) = (views[index], shapes[index])
      let isOther = name != model.serviceFullName
      shape.methods.removeAll { method in
        guard let action = method.action else { return isOther }
        return actions.map { !$0.contains(action) } ?? false
      }
      if isOther { model.service.name = name }
      names.append(name)
      let scope = scopes.indices.contains(index) ? scopes[index] : nil
      methods += factory.methods(of: model, shape, scope, service: name, hook: hook)
    }
    for index in views.indices where !replaced.contains(views[index].serviceFullName) {
      add(index, as: views[index].serviceFullName, hook: hooks.byModel[views[index].fullName])
    }
    for service in hooks.services {
      guard let index = service.view(in: schema) else { continue }
      add(index, as: service.name, hook: service.hook, only: service.actions)
    }
    self.names = names
    self.methods = methods
  }
}

/// Makes the methods of one service after the other.
private struct MethodFactory {
  let schema: Schema
  let relations: RelatedModels
  let driver: any Driver
  let errors: ErrorPolicy
  let lists: ListPolicy
  let loops: LoopStates
  let control: AccessControl?
  let sessions: SessionPool?
  /// What a program's methods are, by their paths.
  let program: [String: ProgramMethod]

  /// - Parameters:
  ///   - model: as the service shows it.
  ///   - name: the service's full name.
  func methods(
    of model: Model, _ shape: ServiceShape, _ scope: Filter?, service name: String, hook: (any ModelHook)?
  ) -> [(descriptor: MethodDescriptor, handler: any MethodHandler)] {
    let makePlans: @Sendable ([Int: Predicate]?, Predicate?) -> ModelPlans = {
      [
        schema, relations, dialect = driver.dialect, hides = control?.databaseRole != nil,
        asks = lists.indexGuard(of: model.service) != nil, isPresented = hook != nil
      ]
      rows, base in
      ModelPlans(
        model: model, schema: schema, shape: shape, dialect: dialect, scope: scope, relations: relations, rows: rows,
        base: base, hidesRows: hides, asksForIndexes: asks, isPresented: isPresented)
    }
    let plans = makePlans(nil, nil)
    // With nobody to ask, hooks decide about the rows of nobody in particular.
    let access = (control ?? hook.map { _ in AccessControl { _ in nil } }).map { control in
      let filtered = FilteredPlans(model: model, schema: schema, filters: control.rowFilters, make: makePlans)
      return ServiceAccess(
        control, filtered: filtered.hasRowFilters || hook != nil ? filtered : nil,
        base: hook.map { HookedRows(hook: $0, filters: BaseRowFilters(model: model, schema: schema), errors: errors) })
    }
    return shape.methods.compactMap { method -> (MethodDescriptor, any MethodHandler)? in
      guard let action = method.action else { return declared(method, of: shape, model, service: name) }
      var descriptor = MethodDescriptor(
        path: "/\(name)/\(method.name)", isServerStreaming: method.isServerStreaming, isMutating: action.isMutating)
      descriptor.model = model.fullName
      if action == .list || action == .listPage {
        guard let plan = plans.list else { return nil }
        let request = ListRequest(plan: plan, policy: lists, isPage: action == .listPage)
        if action == .list {
          return (
            descriptor,
            ListMethod(request: request, driver: driver, errors: errors, loops: loops, access: access, hook: hook)
          )
        }
        return ListPageMethod(
          request: request, driver: driver, errors: errors, loops: loops, access: access, hook: hook
        ).map { (descriptor, $0) }
      }
      return plans.unary[action].map {
        let unary = UnaryMethod(
          action: action, plan: $0, model: model, driver: driver, errors: errors, loops: loops, access: access,
          hook: hook)
        guard let hook = hook as? any AnsweringHook, let sessions else { return (descriptor, unary) }
        return (descriptor, HookedMethod(method: unary, hook: hook, sessions: sessions))
      }
    }
  }

  /// A method that the definitions declare, and a program answers if it has the method.
  private func declared(
    _ method: ServiceShape.MethodShape, of shape: ServiceShape, _ model: Model, service name: String
  ) -> (MethodDescriptor, any MethodHandler)? {
    guard shape.messages.indices.contains(method.request) else { return nil }
    let route = DeclaredRoute(method, of: shape, model, service: name)
    var descriptor = MethodDescriptor(path: route.path, isServerStreaming: method.isServerStreaming)
    descriptor.model = model.fullName
    guard let program = program[route.path], route.problem(with: program) == nil else {
      return (descriptor, UnimplementedMethod())
    }
    descriptor.isMutating = program.descriptor.isMutating
    let request = shape.messages[method.request]
    let validator = RequestValidator(request: request, model: model)
    if validator.isEmpty { return (descriptor, program.handler) }
    let checked = CheckedMethod(
      decoder: RequestDecoder(shape: request), validator: validator, errors: errors, loops: loops,
      program: program.handler)
    return (descriptor, checked)
  }
}

/// The hooks of a program, and the sessions that they work with.
package struct Hooks: Sendable {
  /// By the models' full names.
  package var byModel: [String: any ModelHook]
  /// Services over models that are put together in code.
  package var services: [CodeService]
  package var sessions: SessionPool?
  /// All methods of a program, by their paths; those that the definitions declare are found here.
  package var methods: [String: ProgramMethod]

  package init(
    byModel: [String: any ModelHook] = [:], services: [CodeService] = [], sessions: SessionPool? = nil,
    methods: [String: ProgramMethod] = [:]
  ) {
    self.methods = methods
    self.byModel = byModel
    self.services = services
    self.sessions = sessions
  }
}
