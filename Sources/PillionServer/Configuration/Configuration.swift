import Glibc
package import PillionInterceptors
package import PillionQuery
package import PillionSchema

/// The effective configuration, every value of its type.
package struct Configuration: Sendable {
  /// What `server.tls` says; empty texts are not set. `TLSFiles` knows what goes together.
  package struct TLS: Sendable, Hashable {
    package var certificate = ""
    package var key = ""
    package var clientAuthorities = ""
    package var clientCertificate = ""
  }

  package private(set) var listen: [ListenAddress] = []
  package private(set) var socketPermissions: UInt32 = 0
  package private(set) var tls = TLS()
  /// Whether another server may listen on the same TCP ports, those of `admin.listen` included.
  package private(set) var sharesPort = false
  package private(set) var hasReflection = false
  package private(set) var limits = ServerLimits()
  package private(set) var compression = ""
  package private(set) var shutdownGraceMilliseconds = 0
  package private(set) var threads = 0
  /// Whether event loops may wait without sleeping.
  package private(set) var busyPolls = true
  /// Host and port; nil: there is no admin port.
  package private(set) var admin: ListenAddress?
  package private(set) var database: DatabaseURL?
  /// Copies of it; PostgreSQL only.
  package private(set) var replicas: [DatabaseURL] = []
  package private(set) var statementTimeoutMilliseconds = 0
  /// PostgreSQL: false behind a pooler of transactions.
  package private(set) var prepares = true
  package private(set) var connections = 0
  package private(set) var streams = 0
  package private(set) var sessions = 0
  package private(set) var queue = 0
  package private(set) var acquireTimeoutMilliseconds = 0
  package private(set) var lifetimeMilliseconds = 0
  package private(set) var busyTimeoutMilliseconds = 0
  package private(set) var synchronous = ""
  package private(set) var maximumPageSize = 0
  package private(set) var defaultPageSize = 0
  /// Nil: none is set.
  package private(set) var pageTokenKey: String?
  package private(set) var pageTokenLifetimeMilliseconds = 0
  package private(set) var filterLimits = FilterLimits()
  package private(set) var indexRequirement = IndexRequirement.off
  package private(set) var models = ""
  package private(set) var protos = ""
  package private(set) var serviceNamePattern = ""
  package private(set) var isVerbose = false
  package private(set) var logLevel = ""
  package private(set) var logFormat = ""
  /// The layers around every call.
  package private(set) var interceptors = InterceptorList()

  /// Every effective value with its origin, secrets masked: what `--print-config` prints, as YAML.
  package private(set) var printed: String

  /// Reads all sources; every problem of every source is in the diagnostics, and then there is no configuration.
  ///
  /// - Parameter registry: the interceptors that it may name.
  package static func load(
    file: String?, environment: [String: String] = ProcessEnvironment.all, flags: [String: [String]],
    registry: InterceptorRegistry = InterceptorRegistry()
  ) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
    let values = SettingValues(file: file, environment: environment, flags: flags)
    var reader = SettingReader(values: values)
    var configuration = Configuration(&reader)
    var diagnostics = values.diagnostics + reader.diagnostics
    if let (list, origin) = values.interceptors {
      let read = InterceptorList.read(list, environment: environment, registry: registry)
      configuration.interceptors = read.list
      diagnostics += read.diagnostics + AccessCheck.order(read.list) + RowRules(read.list).check(configuration.database)
      configuration.printed +=
        (["\ninterceptors:\(read.list.layers.isEmpty ? " []" : "")  # \(origin)"] + read.list.printed.map { "  \($0)" })
        .joined(separator: "\n")
    }
    return (diagnostics.contains { $0.severity == .error } ? nil : configuration, diagnostics)
  }

  private init(_ reader: inout SettingReader) {
    printed = reader.printed
    listen = reader.addresses("server.listen")
    socketPermissions = reader.permissions("server.socket_permissions")
    sharesPort = reader.choice("server.reuse_port") == "on"
    tls = TLS(
      certificate: reader.text("server.tls.certificate"), key: reader.text("server.tls.key"),
      clientAuthorities: reader.text("server.tls.client_ca"),
      clientCertificate: reader.choice("server.tls.client_certificate"))
    hasReflection = reader.choice("server.reflection") == "on"
    limits = reader.limits()
    compression = reader.choice("server.compression")
    shutdownGraceMilliseconds = reader.milliseconds("server.shutdown_grace")
    threads = reader.integer("server.threads")
    busyPolls = reader.choice("server.busy_poll") == "on"
    admin = reader.plainAddress("admin.listen")
    database = reader.databaseURL("database.url")
    replicas = reader.replicas("database.replicas", of: database)
    statementTimeoutMilliseconds = reader.milliseconds("database.statement_timeout")
    prepares = reader.choice("database.prepare") == "on"
    connections = reader.integer("database.pool.connections")
    streams = max(1, reader.integer("database.pool.streams"))
    sessions = max(1, reader.integer("database.pool.sessions"))
    queue = max(1, reader.integer("database.pool.queue"))
    acquireTimeoutMilliseconds = reader.milliseconds("database.pool.acquire_timeout")
    lifetimeMilliseconds = reader.milliseconds("database.pool.max_lifetime")
    busyTimeoutMilliseconds = reader.milliseconds("database.busy_timeout")
    synchronous = reader.choice("database.synchronous")
    maximumPageSize = reader.integer("list.max_page_size")
    defaultPageSize = max(1, reader.integer("list.default_page_size"))
    let key = reader.text("list.page_token_key")
    pageTokenKey = key.isEmpty ? nil : key
    pageTokenLifetimeMilliseconds = reader.milliseconds("list.page_token_lifetime")
    filterLimits.maximumBytes = reader.bytes("list.max_filter_bytes")
    filterLimits.maximumTerms = reader.integer("list.max_filter_terms")
    // Each level is a frame of the stack.
    filterLimits.maximumDepth = min(reader.integer("list.max_filter_depth"), 500)
    filterLimits.maximumRelations = reader.integer("list.max_relations")
    indexRequirement = IndexRequirement(rawValue: reader.choice("list.require_index")) ?? .off
    models = reader.text("models")
    protos = reader.text("protos")
    serviceNamePattern = reader.text("service_name")
    isVerbose = reader.choice("errors.verbosity") == "detailed"
    logLevel = reader.choice("log.level")
    logFormat = reader.choice("log.format")
  }
}

/// Makes values of the settings' texts, and diagnostics of those that are none.
private struct SettingReader {
  let values: SettingValues
  var diagnostics: [Diagnostic] = []

  init(values: SettingValues) { self.values = values }

  var printed: String {
    Setting.all.map { setting in
      guard let value = values.values[setting.path] else { return "\(setting.path): null  # not set" }
      var texts = value.texts
      if setting.isSecret { texts = texts.map { DatabaseURL($0)?.masked ?? ConnectionKeywords.mask } }
      let scalars = texts.map(QuotedText.yaml)
      let text = scalars.count == 1 ? scalars[0] : "[\(scalars.joined(separator: ", "))]"
      return "\(setting.path): \(text)  # \(value.origin)"
    }.joined(separator: "\n")
  }

  mutating func text(_ path: String) -> String { values.values[path]?.texts.first ?? "" }

  private mutating func fail(_ path: String, _ expected: String) {
    guard let value = values.values[path] else { return }
    let isSecret = Setting.all.contains { $0.path == path && $0.isSecret }
    let found = isSecret ? "something else" : "'\(value.texts.joined(separator: ", "))'"
    diagnostics.append(Diagnostic(at: value.location, "'\(path)' expected \(expected), found \(found)"))
  }

  mutating func integer(_ path: String) -> Int {
    if let number = Int(text(path)), (0...1_000_000).contains(number) { return number }
    fail(path, "a whole number from 0 to 1000000")
    return 0
  }

  mutating func limits() -> ServerLimits {
    ServerLimits(
      messageBytes: bytes("server.max_message_bytes"), responseBytes: bytes("server.max_response_bytes"),
      headerBytes: bytes("server.max_header_bytes"), connections: max(1, integer("server.max_connections")),
      concurrentStreams: max(1, integer("server.max_concurrent_streams")),
      connectionBuffer: bytes("server.max_connection_buffer"), buffer: bytes("server.max_buffer"),
      handshakeMilliseconds: milliseconds("server.handshake_timeout"),
      requestMilliseconds: milliseconds("server.request_timeout"),
      stallMilliseconds: milliseconds("server.stall_timeout"), idleMilliseconds: milliseconds("server.idle_timeout"),
      keepaliveMilliseconds: milliseconds("server.keepalive.interval"),
      keepaliveTimeoutMilliseconds: milliseconds("server.keepalive.timeout"),
      minPingMilliseconds: milliseconds("server.keepalive.min_client_interval"),
      ageMilliseconds: milliseconds("server.max_connection_age"),
      ageGraceMilliseconds: milliseconds("server.max_connection_age_grace"))
  }

  mutating func choice(_ path: String) -> String {
    let text = text(path)
    let choices = Setting.all.first { $0.path == path }?.choices ?? []
    if !choices.contains(text) { fail(path, "one of \(choices.joined(separator: ", "))") }
    return text
  }

  /// `4MiB`, `512KiB`, `1MB`, `1000`.
  mutating func bytes(_ path: String) -> Int {
    if let value = Quantity.bytes(text(path)) { return value }
    fail(path, "a size such as 4MiB, below 2GiB")
    return 1
  }

  /// `250ms`, `5s`, `10m`, `1h`, `0`.
  mutating func milliseconds(_ path: String) -> Int {
    if let value = Quantity.milliseconds(text(path)) { return value }
    fail(path, "a duration such as 250ms, 5s, 10m or 1h, at most 24h")
    return 0
  }

  mutating func addresses(_ path: String) -> [ListenAddress] {
    let texts = values.values[path]?.texts ?? []
    let addresses = texts.compactMap { ListenAddress($0) }
    if addresses.isEmpty || addresses.count != texts.count { fail(path, "addresses as host:port or unix:path") }
    return addresses
  }

  /// One `host:port`.
  mutating func plainAddress(_ path: String) -> ListenAddress? {
    guard values.values[path] != nil else { return nil }
    if let address = ListenAddress(text(path)), case .tcp(_, _, isPlaintext: false) = address { return address }
    fail(path, "an address as host:port")
    return nil
  }

  /// `0660`: octal, as for chmod.
  mutating func permissions(_ path: String) -> UInt32 {
    let text = text(path)
    if (3...4).contains(text.utf8.count), text.first != "+", let mode = UInt32(text, radix: 8), mode <= 0o777 {
      return mode
    }
    fail(path, "permissions as three or four octal digits, such as 0660")
    return 0
  }

  mutating func replicas(_ path: String, of database: DatabaseURL?) -> [DatabaseURL] {
    let texts = values.values[path]?.texts ?? []
    let urls = texts.compactMap { text -> DatabaseURL? in
      if case .postgresql(let conninfo)? = DatabaseURL(text) { .postgresql(conninfo: conninfo) } else { nil }
    }
    if urls.count != texts.count { fail(path, "PostgreSQL URIs or keyword strings") }
    if case .sqlite? = database, !texts.isEmpty { fail(path, "nothing with SQLite, which has no replicas") }
    return urls
  }

  mutating func databaseURL(_ path: String) -> DatabaseURL? {
    guard values.values[path] != nil else { return nil }
    let url = DatabaseURL(text(path))
    if url == nil {
      fail(path, "sqlite:path, a PostgreSQL URI (special characters percent-encoded) or a keyword string")
    }
    return url
  }
}
