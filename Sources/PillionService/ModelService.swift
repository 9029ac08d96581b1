package import PillionDatabase
package import PillionQuery
package import PillionSchema
package import PillionTransport

/// The services of a schema: one method for each action of each model.
package struct ModelServices {
  package let methods: [(descriptor: MethodDescriptor, handler: any MethodHandler)]
  /// Full names, such as `blog.PostController`.
  package let names: [String]

  /// `shapes` has one shape a model, in the order of `schema.models`; so has `scopes`, the services' filters.
  package init(
    schema: Schema, shapes: [ServiceShape], scopes: [Filter?], driver: any Driver, errors: ErrorPolicy,
    lists: ListPolicy, loops: LoopStates, access control: AccessControl? = nil
  ) {
    let names = shapes.map { shape in
      let package = schema.models[shape.model].package
      return package.isEmpty ? shape.name : "\(package).\(shape.name)"
    }
    self.names = names
    methods = zip(shapes, names).flatMap { shape, service in
      let model = schema.models[shape.model]
      let scope = scopes.indices.contains(shape.model) ? scopes[shape.model] : nil
      let plans = ModelPlans(model: model, schema: schema, shape: shape, dialect: driver.dialect, scope: scope)
      let access = control.map { control in
        let filtered = FilteredPlans(model: model, schema: schema, filters: control.rowFilters) {
          [dialect = driver.dialect] in
          ModelPlans(model: model, schema: schema, shape: shape, dialect: dialect, scope: scope, rows: $0)
        }
        return ServiceAccess(control, filtered: filtered)
      }
      return shape.methods.compactMap { method -> (MethodDescriptor, any MethodHandler)? in
        let descriptor = MethodDescriptor(
          path: "/\(service)/\(method.action.rawValue)", isServerStreaming: method.isServerStreaming,
          isMutating: method.action.isMutating)
        if method.action == .list || method.action == .listPage {
          guard let plan = plans.list else { return nil }
          let request = ListRequest(plan: plan, policy: lists, isPage: method.action == .listPage)
          if method.action == .list {
            return (
              descriptor, ListMethod(request: request, driver: driver, errors: errors, loops: loops, access: access)
            )
          }
          return ListPageMethod(request: request, driver: driver, errors: errors, loops: loops, access: access)
            .map { (descriptor, $0) }
        }
        return plans.unary[method.action].map {
          (
            descriptor,
            UnaryMethod(
              plan: $0, action: method.action, model: model, driver: driver, errors: errors, loops: loops,
              access: access)
          )
        }
      }
    }
  }
}
