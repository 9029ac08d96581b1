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
    lists: ListPolicy, loops: LoopStates, access control: AccessControl? = nil
  ) {
    let views = schema.views
    let relations = RelatedModels(shapes: shapes, scopes: scopes)
    names = views.map(\.serviceFullName)
    methods = zip(views.indices, zip(views, shapes)).flatMap { index, service in
      let (model, shape) = service
      let scope = scopes.indices.contains(index) ? scopes[index] : nil
      let makePlans: @Sendable ([Int: Predicate]?) -> ModelPlans = {
        [
          dialect = driver.dialect, hides = control?.databaseRole != nil,
          asks = lists.indexGuard(of: model.service) != nil
        ]
        rows in
        ModelPlans(
          model: model, schema: schema, shape: shape, dialect: dialect, scope: scope, relations: relations, rows: rows,
          hidesRows: hides, asksForIndexes: asks)
      }
      let plans = makePlans(nil)
      let access = control.map { control in
        ServiceAccess(
          control, filtered: FilteredPlans(model: model, schema: schema, filters: control.rowFilters, make: makePlans))
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
              action: method.action, plan: $0, model: model, driver: driver, errors: errors, loops: loops,
              access: access)
          )
        }
      }
    }
  }
}
