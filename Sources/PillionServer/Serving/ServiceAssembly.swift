import PillionDatabase
import PillionInterceptors
import PillionProto
import PillionService
import PillionTransport

/// Everything that does not change when definitions are reloaded.
struct ServiceAssembly: Sendable {
  let driver: any Driver
  let errors: ErrorPolicy
  let lists: ListPolicy
  let loops: LoopStates
  let health: HealthState
  /// Numbers the methods; nil: nobody counts their calls.
  let calls: CallMetrics?
  let hasReflection: Bool
  /// Names and methods of the services that the executable has brought along.
  let services: [(name: String, routes: CustomService.Routes)]
  /// What they bring along for reflection.
  let descriptors: ProgramDescriptors
  let hooks: Hooks
  /// Methods for services of the definitions, which those have to declare.
  let methods: [ProgramMethod]
  let records: Records
  let rules: RowRules
  /// Whether there is anybody to ask who calls.
  let hasCallers: Bool

  /// Answers the definitions' services, the executable's own, health for each of them, and what clients ask about them.
  func router(for definitions: Definitions) -> Router {
    records.replace(
      schema: definitions.schema, shapes: definitions.protos.shapes, scopes: definitions.scopes,
      rowFilters: definitions.rowFilters, services: hooks.services)
    let access =
      hasCallers || rules.areAny
      ? AccessControl(rowFilters: definitions.rowFilters, databaseRole: rules.databaseRole) {
        $0.identity
      } : nil
    let models = ModelServices(
      schema: definitions.schema, shapes: definitions.protos.shapes, scopes: definitions.scopes, driver: driver,
      errors: errors, lists: lists, loops: loops, access: access, hooks: hooks)
    var names = models.names + services.map(\.name) + [HealthService.name]
    var methods =
      models.methods + services.flatMap(\.routes).map { ($0.descriptor, $0.handler) } + HealthService.methods(health)
    if hasReflection {
      names += ReflectionService.names
      methods += ReflectionService.methods(definitions.protos, and: descriptors, of: services.map(\.name))
    }
    health.replaceServices(names)
    if let calls {
      for index in methods.indices { methods[index].descriptor.number = calls.number(of: methods[index].descriptor) }
    }
    return Router(methods: methods)
  }
}
