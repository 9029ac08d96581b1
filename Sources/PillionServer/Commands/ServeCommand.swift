import CPillionMalloc
import Glibc
import Logging
import NIOCore
import PillionDatabase
import PillionInterceptors
import PillionProto
import PillionQuery
import PillionSchema
import PillionService
import PillionTransport

/// `pillion serve`: the composition root. What must be ready before the port opens is made before it opens.
package struct ServeCommand {
  package var configuration: Configuration
  /// `--dev`: reloads the definitions when they change.
  package var isDevelopment = false
  /// Serves although tables or columns are missing.
  package var allowsDrift = false
  /// Breaking changes that may be served.
  package var accepted: Set<String> = []

  package init(configuration: Configuration) { self.configuration = configuration }

  package func run() -> ExitStatus {
    guard let database = configuration.database else {
      Terminal.complain("error: no database; give --database URL or set database.url")
      return .configuration
    }
    let logger = makeLogger()
    let reloader =
      isDevelopment ? DefinitionsReloader(configuration: configuration, accepted: accepted, logger: logger) : nil
    let loaded = Definitions.load(configuration, accepting: accepted)
    Terminal.complain(loaded.diagnostics)
    guard let definitions = loaded.definitions else { return .configuration }

    let files: TLSFiles?
    let credentials: TLSCredentials?
    do throws(TLSFilesError) {
      files = try TLSFiles(configuration)
      credentials = try files?.load()
    } catch {
      Terminal.complain("error: \(error)")
      return .configuration
    }
    if let warning = credentials?.warning { Terminal.complain("warning: \(warning)") }

    // Before any thread exists, so that all inherit it: signals are waited for, never delivered.
    let signals = TerminationSignals(takesHangUp: configuration.interceptors.contains("audit"))
    // Memory of a megabyte and more goes back to the system when it is freed. Left to itself glibc raises this figure to
    // that of the largest message so far, and what a burst of large messages took stays in the process (mallopt(3)).
    mallopt(M_MMAP_THRESHOLD, 1 << 20)

    let driver: any Driver
    do throws(DatabaseError) {
      driver = try database.open(configuration)
    } catch {
      Terminal.complain("error: \(database.masked): \(error.description)")
      return .unavailable
    }
    let manager = ServiceManager()
    reloader?.writeProtos(definitions)
    guard isFit(definitions, database, logger) else {
      driver.shutdown()
      return .failure
    }
    let group = transportConfiguration.makeEventLoopGroup()
    defer { try? group.syncShutdownGracefully() }

    let loops = LoopStates(group: group)
    let layers: [any Interceptor]
    do throws(InterceptorError) {
      let context = InterceptorContext(
        loops: loops.count, logger: logger, logsJSON: configuration.logFormat == "json",
        verifiesClients: files?.clientAuthorities != nil, group: group, version: PillionVersion.current)
      layers = try configuration.interceptors.make(context)
    } catch {
      Terminal.complain(error.diagnostics)
      driver.shutdown()
      return .configuration
    }
    defer { for layer in layers { layer.shutDown() } }

    let rules = RowRules(configuration.interceptors)
    if let mistake = loginMistake(rules, database, logger) {
      Terminal.complain([mistake])
      driver.shutdown()
      return .configuration
    }
    let health = HealthState(driver: driver)
    // A database in memory is the driver's own: another connection would see an empty one.
    let judge =
      database == .sqlite(path: ":memory:")
      ? nil : DatabaseIndexJudge(database: database, hasSession: configuration.prepares, logger: logger)
    defer { judge?.stop() }
    let lists = listPolicy(judge, logger)
    let metrics = ServerMetrics(layers: layers, driver: driver, health: health, pageTokens: lists.tokenErrors)
    let observer = LoggingObserver(logger: logger, databaseErrors: metrics.databaseErrors)
    let assembly = ServiceAssembly(
      driver: driver, errors: ErrorPolicy(isDetailed: configuration.isVerbose, observer: observer), lists: lists,
      loops: loops, health: health, calls: metrics.calls, hasReflection: configuration.hasReflection, rules: rules,
      hasCallers: configuration.interceptors.contains(Authentication.definition.name))
    let watch = DriftWatch(
      database: database, hasSession: configuration.prepares, definitions: definitions, health: assembly.health,
      logger: logger)
    watch.start()
    defer { watch.stop() }
    let router = assembly.router(for: definitions)
    for finding in AccessCheck.patterns(configuration.interceptors, paths: router.paths) { finding.warn(logger) }
    let server = TransportServer(
      configuration: transportConfiguration, router: router, group: group, credentials: credentials,
      interceptors: layers, observer: isDevelopment ? CallLog() : nil, connectionObserver: observer)
    metrics.observe(server)
    let pages = ServerPages(health: health, metrics: metrics, configuration: configuration.printed)
    let admin = AdminServer(pages: pages)
    defer { admin.stop() }
    var adminAddress: ListenAddress?
    let addresses: [ListenAddress]
    do {
      adminAddress = try configuration.admin.map { try bind(admin, to: $0) }
      addresses = try configuration.listen.map { try bind(server, to: $0) }
      pages.noteListening()
    } catch {
      Terminal.complain("error: \(error)")
      waitFor { await server.shutdown(grace: .zero) }
      driver.shutdown()
      return .configuration
    }

    announce(addresses, admin: adminAddress, database, definitions.schema)
    let watchers = watchers(server, assembly, files, reloader, watch, database, metrics, logger)
    do throws(DatabaseError) {
      for watcher in watchers { try watcher.start() }
    } catch {
      logger.error("files are not watched, and changes have to wait for a restart: \(error.description)")
    }

    let watchdog = supervise(group, manager, logger)
    defer { watchdog?.stop() }
    manager?.ready("listening on \(addresses.map(\.description).joined(separator: ", "))")

    let signal = signals.wait {
      for case let layer as any Reopening in layers { layer.reopen() }
    }
    manager?.stopping()
    for watcher in watchers { watcher.stop() }
    logger.info(
      "\(signal): finishing calls in flight", metadata: ["grace_ms": "\(configuration.shutdownGraceMilliseconds)"])
    signals.exitOnNext()
    assembly.health.shutDown()
    let grace = Duration.milliseconds(configuration.shutdownGraceMilliseconds)
    waitFor { await server.shutdown(grace: grace) }
    driver.shutdown()
    logger.info("stopped")
    return .success
  }

  /// What is reloaded while the server runs: certificates, and with `--dev` the definitions.
  private func watchers(
    _ server: TransportServer, _ assembly: ServiceAssembly, _ files: TLSFiles?, _ reloader: DefinitionsReloader?,
    _ drift: DriftWatch, _ database: DatabaseURL, _ metrics: ServerMetrics, _ logger: Logger
  ) -> [FileWatcher] {
    var watchers: [FileWatcher] = []
    if let files {
      let reloader = CertificateReloader(files: files, outcomes: metrics.certificateReloads, logger: logger) {
        server.replaceCredentials($0)
      }
      watchers.append(reloader.watcher)
    }
    if let reloader {
      let watcher = reloader.watcher(outcomes: metrics.definitionReloads) { definitions in
        let router = assembly.router(for: definitions)
        drift.replace(definitions)
        waitFor { await server.replaceRouter(router) }
        for finding in findings(definitions, database, logger) {
          Terminal.complain(SourceExcerpt(finding.diagnostic).text)
        }
      }
      watchers.append(watcher)
    }
    return watchers
  }

  /// Gives the service manager signs of life, if it wants any.
  private func supervise(_ group: any EventLoopGroup, _ manager: ServiceManager?, _ logger: Logger) -> Watchdog? {
    guard let manager, let milliseconds = manager.keepaliveMilliseconds else { return nil }
    let watchdog = Watchdog(group: group, milliseconds: milliseconds) { manager.keepalive() }
    do throws(DatabaseError) {
      try watchdog.start()
    } catch {
      logger.error("the service manager gets no sign of life: \(error.description)")
    }
    return watchdog
  }

  private func makeLogger() -> Logger {
    let level = Logger.Level(rawValue: configuration.logLevel) ?? .info
    let format = StructuredLog.Format(rawValue: configuration.logFormat) ?? .json
    return Logger(label: "pillion") { StructuredLog(label: $0, level: level, format: format) }
  }

  private func listPolicy(_ judge: DatabaseIndexJudge?, _ logger: Logger) -> ListPolicy {
    if configuration.pageTokenKey == nil {
      logger.warning(
        "list.page_token_key is not set: page tokens end with this process, and other replicas do not take them")
    }
    var policy = ListPolicy(
      tokens: PageTokens(
        secret: configuration.pageTokenKey,
        lifetimeSeconds: Int64(configuration.pageTokenLifetimeMilliseconds / 1000)))
    policy.limits = configuration.filterLimits
    policy.maximumPageSize = configuration.maximumPageSize == 0 ? nil : configuration.maximumPageSize
    policy.defaultPageSize = configuration.defaultPageSize
    policy.indexRequirement = configuration.indexRequirement
    policy.indexJudge = judge
    return policy
  }

  private var transportConfiguration: TransportConfiguration {
    var transport = TransportConfiguration()
    transport.eventLoopThreads = configuration.threads
    configuration.limits.apply(to: &transport)
    transport.compression = Compression(rawValue: configuration.compression) ?? .identity
    transport.exhausted = ErrorPolicy.serverIsFull
    return transport
  }

  private var hasTLS: Bool { !configuration.tls.certificate.isEmpty }

  /// The address that is bound.
  private func bind(_ server: TransportServer, to address: ListenAddress) throws -> ListenAddress {
    do {
      switch address {
      case .tcp(let host, let port, let isPlaintext):
        let isSecure = hasTLS && !isPlaintext
        let bound = try waitFor { try await server.bind(host: host, port: port, isSecure: isSecure).port }
        return .tcp(host: host, port: bound ?? port, isPlaintext: isPlaintext)
      case .unix(let path):
        let permissions = configuration.socketPermissions
        try waitFor { try await server.bind(unixSocket: path, permissions: permissions) }
        return address
      }
    } catch let error as IOError {
      throw AddressError(address: address, reason: String(cString: strerror(error.errnoCode)))
    } catch let error as ListenError {
      throw AddressError(address: address, reason: error.reason)
    }
  }

  private func bind(_ admin: AdminServer, to address: ListenAddress) throws -> ListenAddress {
    guard case .tcp(let host, let port, _) = address else { return address }
    do {
      return .tcp(host: host, port: try admin.bind(host: host, port: port))
    } catch let error as IOError {
      throw AddressError(address: address, reason: String(cString: strerror(error.errnoCode)))
    }
  }

  /// What keeps calls from running for roles of their own; not being able to find out does, too.
  private func loginMistake(_ rules: RowRules, _ database: DatabaseURL, _ logger: Logger) -> Diagnostic? {
    guard rules.databaseRole != nil else { return nil }
    for (index, url) in ([database] + configuration.replicas).enumerated() {
      do throws(DatabaseError) {
        let connection = try url.connect(isReadOnly: true, hasSession: configuration.prepares)
        if let mistake = try rules.checkLogin(connection) { return mistake }
      } catch {
        let problem = "the login role of \(url.masked) cannot be checked: \(error.description)"
        if index == 0 { return Diagnostic(at: SourceLocation(file: "database.url"), problem) }
        // It may come back later.
        logger.warning("\(problem)")
      }
    }
    return nil
  }

  /// Runs `check` and logs what it finds; false: there are errors, which `--allow-drift` has not allowed.
  ///
  /// Protos that are not up to date are no reason not to serve: the numbers are those of the lock.
  private func isFit(_ definitions: Definitions, _ database: DatabaseURL, _ logger: Logger) -> Bool {
    var findings = CheckCommand.compare(definitions.protos, in: configuration.protos)
    for index in findings.indices { findings[index].diagnostic.severity = .warning }
    findings += self.findings(definitions, database, logger)
    let isRefused = !allowsDrift && !findings.errors.isEmpty
    for finding in findings {
      var metadata: Logger.Metadata = [
        "code": "\(finding.code.rawValue)", "place": "\(finding.diagnostic.location)",
      ]
      metadata["fix"] = finding.diagnostic.suggestion.map { "\($0)" }
      if isRefused, finding.diagnostic.severity == .error {
        Terminal.complain(finding.diagnostic.description)
      } else {
        logger.warning("\(finding.diagnostic.message)", metadata: metadata)
      }
    }
    if isRefused { Terminal.complain("error: definitions and database differ; --allow-drift serves all the same") }
    return !isRefused
  }

  /// Where the database differs from the definitions.
  private func findings(_ definitions: Definitions, _ database: DatabaseURL, _ logger: Logger) -> [CheckFinding] {
    // A database in memory is the driver's own: another connection would see an empty one.
    guard database != .sqlite(path: ":memory:") else { return [] }
    do throws(DatabaseError) {
      let connection = try database.connect(isReadOnly: true, hasSession: configuration.prepares)
      return SchemaComparison(schema: definitions.schema, connection: connection).findings
    } catch {
      logger.warning("the tables could not be checked: \(error.description)")
      return []
    }
  }

  private func announce(
    _ addresses: [ListenAddress], admin: ListenAddress?, _ database: DatabaseURL, _ schema: Schema
  ) {
    for address in addresses {
      let isSecure = if case .tcp(_, _, isPlaintext: false) = address { hasTLS } else { false }
      Terminal.print("listening on \(address)\(isSecure ? " with TLS" : "")")
    }
    if let admin { Terminal.print("admin        http://\(admin)") }
    Terminal.print("database     \(database.masked)")
    Terminal.print("definitions  \(configuration.models): \(schema.models.count) models")
    let views = schema.views
    for view in views.prefix(20) {
      Terminal.print("  \(view.serviceFullName): \(view.service.actions.map(\.rawValue).joined(separator: " "))")
    }
    if views.count > 20 { Terminal.print("  and \(views.count - 20) more") }
  }
}

/// An address that cannot be listened on.
struct AddressError: Error, CustomStringConvertible {
  var address: ListenAddress
  /// The C library's words.
  var reason: String

  var description: String { "cannot listen on \(address): \(reason)" }
}

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
  let rules: RowRules
  /// Whether there is anybody to ask who calls.
  let hasCallers: Bool

  /// Answers the definitions' services, health for each of them, and what clients ask about them.
  func router(for definitions: Definitions) -> Router {
    let access =
      hasCallers || rules.areAny
      ? AccessControl(rowFilters: definitions.rowFilters, databaseRole: rules.databaseRole) {
        $0.attributes[CallIdentity.self]
      } : nil
    let services = ModelServices(
      schema: definitions.schema, shapes: definitions.protos.shapes, scopes: definitions.scopes, driver: driver,
      errors: errors, lists: lists, loops: loops, access: access)
    var names = services.names + [HealthService.name]
    var methods = services.methods + HealthService.methods(health)
    if hasReflection {
      names += ReflectionService.names
      methods += ReflectionService.methods(definitions.protos)
    }
    health.replaceServices(names)
    if let calls {
      for index in methods.indices { methods[index].descriptor.number = calls.number(of: methods[index].descriptor) }
    }
    return Router(methods: methods)
  }
}

/// Logs what clients are not told in full.
struct LoggingObserver: ServiceObserver, ConnectionObserver {
  let logger: Logger
  let databaseErrors: EventCounts

  func handshakeFailed(peer: String, reason: String) {
    logger.info("TLS handshake failed: \(reason)", metadata: ["peer": "\(peer)"])
  }

  func databaseFailed(_ error: DatabaseError, rule: ErrorRule, path: String, requestID: String) {
    databaseErrors.note(rule.reason)
    // What a client did wrong is the client's to read; the rest is the operator's.
    let level: Logger.Level =
      switch rule.code {
      case .internal, .dataLoss, .unavailable, .permissionDenied: .error
      case .failedPrecondition where rule.reason == "SCHEMA_DRIFT": .error
      case .resourceExhausted, .deadlineExceeded: .warning
      default: .debug
      }
    logger.log(
      level: level, "\(rule.reason): \(error.description)",
      metadata: ["method": "\(path)", "status": "\(rule.code)", "request_id": "\(requestID)"])
  }
}

extension Diagnostic {
  /// Logs what is not wrong enough to stop for.
  fileprivate func warn(_ logger: Logger) {
    var metadata: Logger.Metadata = ["place": "\(location)"]
    metadata["fix"] = suggestion.map { "\($0)" }
    logger.warning("\(message)", metadata: metadata)
  }
}
