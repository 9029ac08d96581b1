package import PillionDatabase
package import PillionSchema
package import PillionTransport

/// The services of a schema: one method for each action of each model.
package struct ModelServices {
  package let methods: [(descriptor: MethodDescriptor, handler: any MethodHandler)]
  /// Full names, such as `blog.PostController`.
  package let names: [String]

  /// `shapes` has one shape a model, in the order of `schema.models`.
  package init(
    schema: Schema, shapes: [ServiceShape], driver: any Driver, errors: ErrorPolicy, loops: LoopStates
  ) {
    let names = shapes.map { shape in
      let package = schema.models[shape.model].package
      return package.isEmpty ? shape.name : "\(package).\(shape.name)"
    }
    self.names = names
    methods = zip(shapes, names).flatMap { shape, service in
      let model = schema.models[shape.model]
      let plans = ModelPlans(model: model, schema: schema, shape: shape, dialect: driver.dialect)
      return shape.methods.compactMap { method -> (MethodDescriptor, any MethodHandler)? in
        let descriptor = MethodDescriptor(
          path: "/\(service)/\(method.action.rawValue)", isServerStreaming: method.isServerStreaming)
        if method.action == .list {
          return plans.list.map { (descriptor, ListMethod(plan: $0, driver: driver, errors: errors, loops: loops)) }
        }
        return plans.unary[method.action].map {
          (descriptor, UnaryMethod(plan: $0, model: model, driver: driver, errors: errors, loops: loops))
        }
      }
    }
  }
}
