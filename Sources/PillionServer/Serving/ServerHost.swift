import CPillionMalloc
package import Logging
import NIOCore
package import PillionDatabase
import PillionInterceptors
import PillionProto
import PillionQuery
import PillionSchema
import PillionService
package import PillionTransport

/// A server and all that belongs to it, from the database to the ports: the composition root. What must be ready before
/// a port opens is made before it opens.
///
/// Made, opened and closed by one thread, which may wait.
package final class ServerHost {
  package let configuration: Configuration
  package let logger: Logger
  package let transport: TransportServer
  let database: DatabaseURL
  package let definitions: Definitions
  package let driver: any Driver
  let group: any EventLoopGroup
  let layers: [any Interceptor]
  let assembly: ServiceAssembly
  let metrics: ServerMetrics
  let drift: DriftWatch
  let pages: ServerPages
  let admin: AdminServer
  let check: StartCheck
  let files: TLSFiles?
  let reloader: DefinitionsReloader?
  var watchers: [FileWatcher] = []
  var teardown: Teardown

  /// Throws `StartFailure`, and then nothing is left of what was begun.
  package convenience init(_ options: ServeOptions) throws(StartFailure) {
    var teardown = Teardown()
    do throws(StartFailure) {
      try self.init(options, &teardown)
    } catch {
      teardown.run()
      throw error
    }
  }

  private init(_ options: ServeOptions, _ teardown: inout Teardown) throws(StartFailure) {
    let configuration = options.configuration
    guard let database = configuration.database else {
      throw StartFailure(.configuration, error: "no database; give --database URL or set database.url")
    }
    let logger = configuration.makeLogger()
    let reloader =
      options.isDevelopment
      ? DefinitionsReloader(configuration: configuration, accepted: options.accepted, logger: logger) : nil
    let loaded = Definitions.load(configuration, accepting: options.accepted)
    guard let definitions = loaded.definitions else { throw StartFailure(loaded.diagnostics) }
    Terminal.complain(loaded.diagnostics)

    let files: TLSFiles?
    let credentials: TLSCredentials?
    do throws(TLSFilesError) {
      files = try TLSFiles(configuration)
      credentials = try files?.load()
    } catch {
      throw StartFailure(.configuration, error: "\(error)")
    }
    if let warning = credentials?.warning { Terminal.complain("warning: \(warning)") }

    // Memory of a megabyte and more goes back to the system when it is freed. Left to itself glibc raises this figure to
    // that of the largest message so far, and what a burst of large messages took stays in the process (mallopt(3)).
    mallopt(M_MMAP_THRESHOLD, 1 << 20)

    let group = configuration.transport.makeEventLoopGroup()
    // A group that does not end leaves threads to the end of the process.
    teardown.add { try? group.syncShutdownGracefully() }
    if options.createsTables {
      do throws(DatabaseError) {
        _ = try database.createTables(of: definitions.schema, hasSession: configuration.prepares)
      } catch {
        throw StartFailure(error, database)
      }
    }
    let driver: any Driver
    do throws(DatabaseError) {
      driver = try options.adaptDriver(database.open(configuration))
    } catch {
      throw StartFailure(error, database)
    }
    teardown.add { driver.shutdown() }
    reloader?.writeProtos(definitions)
    let check = StartCheck(
      configuration: configuration, database: database, allowsDrift: options.allowsDrift, logger: logger)
    try check.run(definitions)

    let loops = LoopStates(group: group, staysAwake: configuration.busyPolls)
    let layers: [any Interceptor]
    do throws(InterceptorError) {
      let context = InterceptorContext(
        loops: loops.count, logger: logger, logsJSON: configuration.logFormat == "json",
        verifiesClients: files?.clientAuthorities != nil, group: group, version: PillionVersion.current)
      layers = options.adaptLayers(try configuration.interceptors.make(context))
      teardown.add { for layer in layers { layer.shutDown() } }
    } catch {
      throw StartFailure(error.diagnostics)
    }

    let rules = RowRules(configuration.interceptors)
    if let mistake = check.loginMistake(rules) { throw StartFailure([mistake]) }
    let health = HealthState(driver: driver)
    // A database in memory is the driver's own: another connection would see an empty one.
    var judge: DatabaseIndexJudge?
    if database != .sqlite(path: ":memory:") {
      let made = DatabaseIndexJudge(database: database, hasSession: configuration.prepares, logger: logger)
      teardown.add { made.stop() }
      judge = made
    }
    let lists = configuration.listPolicy(judge, logger)
    let sessions = SessionPool(limit: configuration.sessions) { () throws(DatabaseError) in try driver.makeSession() }
    teardown.add { sessions.close() }
    let hasCode =
      !options.hooks.isEmpty || !options.services.isEmpty || !options.modelServices.isEmpty || !options.methods.isEmpty
    let metrics = ServerMetrics(
      layers: layers, driver: driver, sessions: hasCode ? sessions : nil, health: health,
      pageTokens: lists.tokenErrors)
    let observer = LoggingObserver(logger: logger, databaseErrors: metrics.databaseErrors)
    let errors = ErrorPolicy(isDetailed: configuration.isVerbose, observer: observer)
    let records = Records(driver: driver, errors: errors)
    let custom = CustomServiceContext(
      errors: errors, database: DatabaseAccess(sessions: sessions, records: records))
    let modelServices = options.modelServices.map { $0(custom) }
    let descriptors = try Self.descriptors(of: options.services, beside: definitions.protos)
    let services = options.services.map { (name: $0.name, routes: $0.makeRoutes(custom)) }
    let methods = options.methods.map { $0(custom) }
    let program = (methods + services.flatMap(\.routes)).map { ($0.descriptor.path, $0) }
    let assembly = ServiceAssembly(
      driver: driver, errors: errors, lists: lists,
      loops: loops, health: health, calls: metrics.calls, hasReflection: configuration.hasReflection,
      services: services, descriptors: descriptors,
      hooks: Hooks(
        byModel: options.hooks.mapValues { $0(custom) }, services: modelServices, sessions: sessions,
        methods: Dictionary(program, uniquingKeysWith: { first, _ in first })),
      methods: methods, records: records, rules: rules,
      hasCallers: options.hasCallers || configuration.interceptors.contains(Authentication.definition.name))
    let problems = assembly.problems(in: definitions)
    if !problems.isEmpty { throw StartFailure(.configuration, problems.map { "error: \($0)" }) }
    let drift = DriftWatch(
      database: database, hasSession: configuration.prepares, definitions: definitions, health: health, logger: logger)
    drift.start()
    teardown.add { drift.stop() }
    let router = assembly.router(for: definitions)
    for gap in assembly.gaps(in: definitions) { gap.warn(logger) }
    for finding in AccessCheck.patterns(configuration.interceptors, paths: router.paths) { finding.warn(logger) }
    let transport = TransportServer(
      configuration: configuration.transport, router: router, group: group, credentials: credentials,
      interceptors: layers, observer: options.isDevelopment ? CallLog() : nil, connectionObserver: observer)
    metrics.observe(transport)
    for body in options.tasks {
      let task = Task { await body() }
      teardown.add { task.cancel() }
    }
    let pages = ServerPages(health: health, metrics: metrics, configuration: configuration.printed)
    let admin = AdminServer(pages: pages)
    teardown.add { admin.stop() }

    self.configuration = configuration
    self.logger = logger
    self.transport = transport
    self.database = database
    self.definitions = definitions
    self.driver = driver
    self.group = group
    self.layers = layers
    self.assembly = assembly
    self.metrics = metrics
    self.drift = drift
    self.pages = pages
    self.admin = admin
    self.check = check
    self.files = files
    self.reloader = reloader
    self.teardown = teardown
  }

  private static func descriptors(
    of services: [CustomService], beside protos: GeneratedProtos
  ) throws(StartFailure) -> ProgramDescriptors {
    var all = ProgramDescriptors()
    for service in services where !service.descriptors.isEmpty {
      guard let own = ProgramDescriptors(serialized: service.descriptors) else {
        throw StartFailure(.configuration, error: "the descriptors of '\(service.name)' are no FileDescriptorSet")
      }
      all = all + own
    }
    let missing = all.missingImports(beside: protos).map {
      "error: descriptors have '\($0.file)' without '\($0.missing)', which it imports; give protoc --include_imports"
    }
    guard missing.isEmpty else { throw StartFailure(.configuration, missing) }
    return all
  }

  /// Ends it: calls in flight may finish within `grace`. A second time nothing is left to do.
  package func close(grace: Duration) {
    for watcher in watchers { watcher.stop() }
    watchers = []
    assembly.health.shutDown()
    let transport = transport
    waitFor { await transport.shutdown(grace: grace) }
    teardown.run()
  }
}
