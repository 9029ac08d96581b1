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
    let signals = TerminationSignals()
    // Memory of a megabyte and more goes back to the system when it is freed. Left to itself glibc raises this figure to
    // that of the largest message so far, and what a burst of large messages took stays in the process (mallopt(3)).
    mallopt(M_MMAP_THRESHOLD, 1 << 20)
    let logger = makeLogger()

    let driver: any Driver
    do throws(DatabaseError) {
      driver = try database.open(configuration)
    } catch {
      Terminal.complain("error: \(database.masked): \(error.description)")
      return .unavailable
    }
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
        verifiesClients: files?.clientAuthorities != nil)
      layers = try configuration.interceptors.make(context)
    } catch {
      Terminal.complain(error.diagnostics)
      driver.shutdown()
      return .configuration
    }
    defer { for layer in layers { layer.shutDown() } }

    let rules = RowRules(configuration.interceptors)
    if let mistake = loginMistake(rules, database) {
      Terminal.complain([mistake])
      driver.shutdown()
      return .configuration
    }
    let errors = ErrorPolicy(isDetailed: configuration.isVerbose, observer: LoggingObserver(logger: logger))
    let assembly = ServiceAssembly(
      driver: driver, errors: errors, lists: listPolicy(logger), loops: loops,
      health: HealthState(driver: driver), hasReflection: configuration.hasReflection,
      rules: rules, hasCallers: configuration.interceptors.contains(Authentication.definition.name))
    let watch = DriftWatch(database: database, definitions: definitions, health: assembly.health, logger: logger)
    watch.start()
    defer { watch.stop() }
    let router = assembly.router(for: definitions)
    for finding in AccessCheck.patterns(configuration.interceptors, paths: router.paths) { finding.warn(logger) }
    let server = TransportServer(
      configuration: transportConfiguration, router: router, group: group,
      credentials: credentials, interceptors: layers, connectionObserver: LoggingObserver(logger: logger))
    let addresses: [ListenAddress]
    do {
      addresses = try configuration.listen.map { try bind(server, to: $0) }
    } catch {
      Terminal.complain("error: \(error)")
      waitFor { await server.shutdown(grace: .zero) }
      driver.shutdown()
      return .configuration
    }

    announce(addresses, database, definitions.schema)
    let watchers = watchers(server, assembly, files, watch, logger)
    do throws(DatabaseError) {
      for watcher in watchers { try watcher.start() }
    } catch {
      logger.error("files are not watched, and changes have to wait for a restart: \(error.description)")
    }

    let signal = signals.wait()
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
    _ server: TransportServer, _ assembly: ServiceAssembly, _ files: TLSFiles?, _ drift: DriftWatch, _ logger: Logger
  ) -> [FileWatcher] {
    var watchers: [FileWatcher] = []
    if let files {
      let reloader = CertificateReloader(files: files, logger: logger) { server.replaceCredentials($0) }
      watchers.append(reloader.watcher)
    }
    if isDevelopment {
      let reloader = DefinitionsReloader(configuration: configuration, accepted: accepted, logger: logger) {
        definitions in
        let router = assembly.router(for: definitions)
        drift.replace(definitions)
        waitFor { await server.replaceRouter(router) }
      }
      watchers.append(reloader.watcher)
    }
    return watchers
  }

  private func makeLogger() -> Logger {
    let level = Logger.Level(rawValue: configuration.logLevel) ?? .info
    let format = StructuredLog.Format(rawValue: configuration.logFormat) ?? .json
    return Logger(label: "pillion") { StructuredLog(label: $0, level: level, format: format) }
  }

  private func listPolicy(_ logger: Logger) -> ListPolicy {
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

  /// What keeps calls from running for roles of their own; not being able to find out does, too.
  private func loginMistake(_ rules: RowRules, _ database: DatabaseURL) -> Diagnostic? {
    guard rules.databaseRole != nil else { return nil }
    do throws(DatabaseError) {
      return try rules.checkLogin(try database.connect(isReadOnly: true))
    } catch {
      return Diagnostic(
        at: SourceLocation(file: "database.url"), "the login role cannot be checked: \(error.description)")
    }
  }

  /// Runs `check` and logs what it finds; false: there are errors, which `--allow-drift` has not allowed.
  ///
  /// Protos that are not up to date are no reason not to serve: the numbers are those of the lock.
  private func isFit(_ definitions: Definitions, _ database: DatabaseURL, _ logger: Logger) -> Bool {
    var findings = CheckCommand.compare(definitions.protos, in: configuration.protos)
    for index in findings.indices { findings[index].diagnostic.severity = .warning }
    // A database in memory is the driver's own: another connection would see an empty one.
    if database != .sqlite(path: ":memory:") {
      do throws(DatabaseError) {
        let connection = try database.connect(isReadOnly: true)
        findings += SchemaComparison(schema: definitions.schema, connection: connection).findings
      } catch {
        logger.warning("the tables could not be checked: \(error.description)")
      }
    }
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

  private func announce(_ addresses: [ListenAddress], _ database: DatabaseURL, _ schema: Schema) {
    for address in addresses {
      let isSecure = if case .tcp(_, _, isPlaintext: false) = address { hasTLS } else { false }
      Terminal.print("listening on \(address)\(isSecure ? " with TLS" : "")")
    }
    Terminal.print("database     \(database.masked)")
    Terminal.print("definitions  \(configuration.models): \(schema.models.count) models")
    for model in schema.models.prefix(20) {
      let service = model.package.isEmpty ? model.service.name : "\(model.package).\(model.service.name)"
      Terminal.print("  \(service): \(model.service.actions.map(\.rawValue).joined(separator: " "))")
    }
    if schema.models.count > 20 { Terminal.print("  and \(schema.models.count - 20) more") }
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
  let hasReflection: Bool
  let rules: RowRules
  /// Whether there is anybody to ask who calls.
  let hasCallers: Bool

  /// Answers the definitions' services, health for each of them, and what clients ask about them.
  func router(for definitions: Definitions) -> Router {
    let access =
      hasCallers
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
    return Router(methods: methods)
  }
}

/// Logs what clients are not told in full.
struct LoggingObserver: ServiceObserver, ConnectionObserver {
  let logger: Logger

  func handshakeFailed(peer: String, reason: String) {
    logger.info("TLS handshake failed: \(reason)", metadata: ["peer": "\(peer)"])
  }

  func databaseFailed(_ error: DatabaseError, rule: ErrorRule, path: String, requestID: String) {
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
