package import PillionDatabase
package import PillionService
package import PillionTransport

/// What is served: a configuration, and what the executable adds to it.
package struct ServeOptions: Sendable {
  package var configuration: Configuration
  /// `--dev`: reloads the definitions when they change.
  package var isDevelopment = false
  /// Serves although tables or columns are missing.
  package var allowsDrift = false
  /// Breaking changes that may be served.
  package var accepted: Set<String> = []
  /// Services of the executable's own, beside those of the models.
  package var services: [CustomService] = []
  /// Hooks, by the models' full names.
  package var hooks: [String: @Sendable (CustomServiceContext) -> any ModelHook] = [:]
  /// Services over models that the executable puts together.
  package var modelServices: [@Sendable (CustomServiceContext) -> CodeService] = []
  /// What answers methods that the definitions declare.
  package var methods: [@Sendable (CustomServiceContext) -> ProgramMethod] = []
  /// What becomes of the layers before the server is made of them, for tests.
  package var adaptLayers: @Sendable ([any Interceptor]) -> [any Interceptor] = { $0 }
  /// What becomes of the driver before the server works with it, for tests.
  package var adaptDriver: @Sendable (any Driver) throws(DatabaseError) -> any Driver = { (driver) in driver }
  /// Whether tables that the database lacks are created, for tests.
  package var createsTables = false
  /// Whether callers may be known without `authentication`, for tests.
  package var hasCallers = false
  /// What runs beside the server, and is cancelled at its end.
  package var tasks: [@Sendable () async -> Void] = []

  package init(configuration: Configuration) { self.configuration = configuration }
}

/// A service that an executable brings along.
package struct CustomService: Sendable {
  /// Full name, such as `blog.Greeter`.
  package var name: String
  package typealias Routes = [ProgramMethod]
  /// A serialized `FileDescriptorSet`, for reflection; empty: none.
  package var descriptors: [UInt8]
  /// Its methods, once there is what they work with.
  package var makeRoutes: @Sendable (CustomServiceContext) -> Routes

  package init(
    name: String, descriptors: [UInt8] = [], makeRoutes: @escaping @Sendable (CustomServiceContext) -> Routes
  ) {
    self.name = name
    self.descriptors = descriptors
    self.makeRoutes = makeRoutes
  }
}

/// What the services of a program work with.
package struct CustomServiceContext: Sendable {
  package var errors: ErrorPolicy
  package var database: DatabaseAccess
}
