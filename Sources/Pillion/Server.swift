import Glibc
import PillionInterceptors
package import PillionServer
import PillionService
public import PillionTransport

/// `pillion serve` as a part of a program of your own: the models' services, and beside them yours.
///
///     import Pillion
///
///     @main struct Blog {
///       static func main() {
///         var server = Server()
///         server.add(Greeter())
///         server.main()
///       }
///     }
///
/// The settings are those of `pillion.yaml` and of the environment, and everything that they ask for is there: the same
/// interceptors around every call, health, reflection, TLS, metrics, reloads.
public struct Server: Sendable {
  /// As `pillion serve --dev`: definitions are reloaded when they change.
  public var isDevelopment = false
  /// As `--allow-drift`: serves although tables or columns are missing.
  public var allowsDrift = false
  /// As `--accept-breaking`: the breaking changes of protos that may be served.
  public var acceptedChanges: Set<String> = []

  private let file: String?
  private let settings: [String: [String]]
  private var registry = InterceptorRegistry()
  private var services: [any Service] = []
  private var hooks: [String: @Sendable (CustomServiceContext) -> any ModelHook] = [:]
  private var modelServices: [@Sendable (CustomServiceContext) -> CodeService] = []
  private var methods: [@Sendable (CustomServiceContext) -> ProgramMethod] = []
  private var tasks: [@Sendable () async -> Void] = []

  /// - Parameters:
  ///   - file: the settings; nil: `pillion.yaml`, if there is one.
  ///   - settings: what counts instead of file and environment, by path: `["database.url": "sqlite:blog.db"]`.
  public init(configuration file: String? = nil, settings: [String: String] = [:]) {
    self.file = file
    self.settings = settings.mapValues { [$0] }
  }

  /// Serves a service of your own. Of two methods with the same path the models' is served, or the one added first.
  public mutating func add(_ service: some Service) { services.append(service) }

  /// Serves a service over a model, put together in code: in the place of the definitions' service of that name, or
  /// beside them.
  @inlinable
  public mutating func add<Controller: GenericService>(_ service: Controller) { add(service, ByteHooks(service)) }

  @usableFromInline
  mutating func add(_ service: any GenericService, _ hooks: ByteHooks) {
    modelServices.append { context in
      CodeService(
        name: service.name, model: service.model, actions: service.actions, hook: WaitingHook(hooks, context.database))
    }
    services.append(service)
  }

  /// Answers a method that the definitions declare for a service, `methods:` in their words. `method` has the messages
  /// that the definitions make for it, or bytes. Requests that break the rules of the definitions do not come to it.
  ///
  ///     server.add(
  ///       .unary("Publish") { (request: Blog_PostPublishRequest, context) -> Blog_Post in … }, to: "blog.PostController")
  ///
  /// A method that is not declared, or declared with other messages, keeps the server from starting. Of two for one
  /// method the one added first answers.
  ///
  /// - Parameter service: full name of the service: `blog.PostController`.
  public mutating func add(_ method: ServiceMethod, to service: String) {
    methods.append { method.route(of: service, $0) }
  }

  /// Has hooks take part in the calls of their model; those added last count.
  @inlinable
  public mutating func add<Hooks: ModelHooks>(_ hooks: Hooks) { add(ByteHooks(hooks)) }

  @usableFromInline
  mutating func add(_ hooks: ByteHooks) { self.hooks[hooks.model] = { WaitingHook(hooks, $0.database) } }

  /// The same for hooks that wait for nothing.
  @inlinable
  public mutating func add<Hooks: SynchronousModelHooks>(_ hooks: Hooks) { add(SynchronousByteHooks(hooks)) }

  @usableFromInline
  mutating func add(_ hooks: SynchronousByteHooks) {
    self.hooks[hooks.model] = { SynchronousHook(hooks, $0.database) }
  }

  /// Runs as long as the server does, and is cancelled at its end.
  package mutating func addTask(_ task: @escaping @Sendable () async -> Void) { tasks.append(task) }

  /// Makes a layer known: it is made, once, where `interceptors:` says `- plugin: NAME`.
  public mutating func register(_ name: String, _ make: @escaping @Sendable () -> any Interceptor) {
    registry.register(name) { (_, _) throws(InterceptorError) in make() }
  }

  /// Serves until SIGTERM or SIGINT, and ends the process: with 0, or with the exit status of `pillion serve` and on
  /// standard error what is wrong. To be called by `main` before the program has made a thread: signals that a thread
  /// takes end the process at once.
  public func main() -> Never {
    do throws(ServerError) {
      let status = ServeCommand(try options()).run()
      exit(status.rawValue)
    } catch {
      Terminal.complain(error.description)
      exit(error.exitStatus)
    }
  }

  /// Serves until its task is cancelled; then calls in flight may finish within `server.shutdown_grace`, and it returns.
  /// Signals are the caller's.
  ///
  /// Under a `ServiceGroup` of swift-service-lifecycle that is
  /// `cancelWhenGracefulShutdown { try await server.serve() }`.
  ///
  /// - Parameter whenListening: called once all ports are open, with their addresses: `127.0.0.1:50051`.
  /// - Throws: `ServerError` when it cannot start.
  public func serve(whenListening: @escaping @Sendable ([String]) -> Void = { _ in }) async throws {
    try await ServingThread(try options()) { host throws(StartFailure) in
      let addresses = try host.listen()
      host.watchFiles()
      whenListening(addresses.listen.map(\.description))
    }.run()
  }

  /// What is served; `changed` are settings that count instead of all others.
  package func options(changed: [String: String] = [:]) throws(ServerError) -> ServeOptions {
    var flags = settings
    for (path, value) in changed { flags[path] = [value] }
    let (configuration, diagnostics) = Configuration.load(file: file, flags: flags, registry: registry)
    guard let configuration else { throw ServerError(StartFailure(diagnostics)) }
    Terminal.complain(diagnostics)
    var options = ServeOptions(configuration: configuration)
    options.isDevelopment = isDevelopment
    options.allowsDrift = allowsDrift
    options.accepted = acceptedChanges
    options.tasks = tasks
    options.hooks = hooks
    options.modelServices = modelServices
    options.methods = methods
    options.services = services.map { service in
      CustomService(name: service.name, descriptors: service.descriptors) { service.routes($0) }
    }
    return options
  }
}

/// Why a server does not start.
public struct ServerError: Error, CustomStringConvertible {
  /// What is wrong, a line each, with its place and how to mend it.
  public let messages: [String]
  /// That of `pillion serve`: 1 a check failed, 69 the database cannot be reached, 78 settings or definitions are wrong.
  public let exitStatus: Int32

  package init(_ failure: StartFailure) {
    messages = failure.messages
    exitStatus = failure.status.rawValue
  }

  public var description: String { messages.joined(separator: "\n") }
}
