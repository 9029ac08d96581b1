internal import CPillionPostgreSQL
internal import Glibc
internal import PillionDatabase

/// What a connection is for; decides its session's settings.
enum Role: Sendable {
  case point, stream, admin, session
}

/// Opens connections: one attempt, waiting for the sockets with `poll` so that it can be timed and interrupted.
struct Opening: Sendable {
  let configuration: PostgreSQLConfiguration
  /// Hosts in the connection string; each has `connectTimeout` for itself.
  let hosts: Int

  /// Checks the connection string. Throws `.pillion(.unavailable)` without quoting it: it may hold a password.
  init(_ configuration: PostgreSQLConfiguration) throws(DatabaseError) {
    var message: UnsafeMutablePointer<CChar>?
    defer { PQfreemem(message) }
    guard let options = PQconninfoParse(configuration.connectionString, &message) else {
      let reason = QueryResult.firstLine(message).prefix { $0 != "\"" }
      throw DatabaseError(.pillion(.unavailable), "the connection string cannot be read: \(reason)")
    }
    defer { PQconninfoFree(options) }
    var hosts = 1
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val, strcmp(keyword, "host") == 0 || strcmp(keyword, "hostaddr") == 0 {
        hosts = max(hosts, String(cString: value).split(separator: ",").count)
      }
      option += 1
    }
    self.configuration = configuration
    self.hosts = hosts
    if !configuration.hasSession { Self.stateSettingsAtStart }
  }

  /// Opens a connection and sets up its session. `interrupt` is a file descriptor that becomes readable when the
  /// attempt is to be given up; -1: none.
  func open(_ role: Role, interrupt: Int32 = -1) throws(DatabaseError) -> Connection {
    let timeout = configuration.connectTimeout.nanoseconds
    let (span, overflow) = timeout.multipliedReportingOverflow(by: UInt64(hosts))
    let limit = MonotonicTime.after(MonotonicTime.now(), overflow ? .max : span)
    guard let handle = start() else { throw DatabaseError(.pillion(.exhausted), "out of memory") }
    do {
      try establish(handle, until: limit, interrupt)
    } catch {
      PQfinish(handle)
      throw error
    }
    guard let connection = Connection(adopting: handle) else {
      throw DatabaseError(.pillion(.exhausted), "out of memory")
    }
    PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
    PQsetnonblocking(handle, 1)
    if configuration.hasSession {
      try setUp(connection, settings(role, version: PQserverVersion(handle)), until: limit, interrupt)
    }
    if role == .point, !connection.enterPipelineMode() {
      throw DatabaseError(.pillion(.unavailable), connection.failure)
    }
    return connection
  }

  /// Has libpq state time zone and date style in the start-up packet of every connection, which is where a pooler learns
  /// what each of its clients wants to find; only these variables make libpq do so ("Environment Variables" in its
  /// manual). Done once, by the first driver, before there are threads that look at the environment.
  private static let stateSettingsAtStart: Void = {
    setenv("PGTZ", "UTC", 1)
    setenv("PGDATESTYLE", "ISO, MDY", 1)
  }()

  // Keywords before `dbname` give way to what the connection string says, those behind it do not.
  private static let keywords = [
    "fallback_application_name", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
    "dbname", "client_encoding",
  ]

  private func start() -> OpaquePointer? {
    let values = ["pillion", "10", "5", "3", "15000", configuration.connectionString, "UTF8"]
    let keywords = Self.keywords.map { strdup($0) }
    let copies = values.map { strdup($0) }
    defer { for pointer in keywords + copies { free(pointer) } }
    let handle = PQconnectStartParams(
      keywords.map { UnsafePointer($0) } + [nil], copies.map { UnsafePointer($0) } + [nil], 1)
    // The default prints on stderr, and notices may quote rows.
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
    // So that a refusal carries its SQLSTATE, which libpq 15 has no function for.
    PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
    return handle
  }

  private func establish(_ handle: OpaquePointer, until limit: UInt64, _ interrupt: Int32) throws(DatabaseError) {
    guard PQstatus(handle) != CONNECTION_BAD else { throw Self.refusal(handle) }
    var state = PGRES_POLLING_WRITING
    while state != PGRES_POLLING_OK {
      let wanted = state == PGRES_POLLING_READING ? POLLIN : POLLOUT
      try Self.wait(PQsocket(handle), Int16(wanted), until: limit, interrupt)
      state = PQconnectPoll(handle)
      if state == PGRES_POLLING_FAILED { throw Self.refusal(handle) }
    }
  }

  private func settings(_ role: Role, version: Int32) -> [(String, String)] {
    var settings = [("TimeZone", "UTC"), ("DateStyle", "ISO, MDY"), ("IntervalStyle", "iso_8601")]
    switch role {
    case .point, .session:
      settings.append(("statement_timeout", String(configuration.statementTimeout.milliseconds)))
      settings.append(("idle_in_transaction_session_timeout", "0"))
    case .stream:
      // A List lives as long as its client reads; its deadline ends it.
      settings.append(("statement_timeout", "0"))
      settings.append(("default_transaction_read_only", "on"))
    case .admin:
      settings.append(("statement_timeout", "0"))
    }
    // The server notices a client that has gone while it computes (PostgreSQL 14).
    if version >= 140_000 { settings.append(("client_connection_check_interval", "10s")) }
    return settings
  }

  private func setUp(
    _ connection: Connection, _ settings: [(String, String)], until limit: UInt64, _ interrupt: Int32
  ) throws(DatabaseError) {
    let calls = settings.map { "set_config('\($0.0)', '\($0.1)', false)" }
    guard connection.send("SELECT " + calls.joined(separator: ", ")) else {
      throw DatabaseError(.pillion(.unavailable), connection.failure)
    }
    while connection.flush() == .pending {
      try Self.wait(connection.socket, Int16(POLLIN | POLLOUT), until: limit, interrupt)
      guard connection.consumeInput() else { throw DatabaseError(.pillion(.unavailable), connection.failure) }
    }
    while true {
      while connection.isBusy {
        try Self.wait(connection.socket, Int16(POLLIN), until: limit, interrupt)
        guard connection.consumeInput() else { throw DatabaseError(.pillion(.unavailable), connection.failure) }
      }
      guard let result = connection.nextResult() else { break }
      if result.status == PGRES_FATAL_ERROR { throw result.error(sql: nil) }
    }
  }

  private static func wait(
    _ socket: Int32, _ events: Int16, until limit: UInt64, _ interrupt: Int32
  ) throws(DatabaseError) {
    while true {
      let now = MonotonicTime.now()
      guard now < limit else {
        throw DatabaseError(.pillion(.unavailable), "the server did not answer within the connect timeout")
      }
      // A negative descriptor is skipped.
      var descriptors = (
        pollfd(fd: socket, events: events, revents: 0), pollfd(fd: interrupt, events: Int16(POLLIN), revents: 0)
      )
      let count = withUnsafeMutableBytes(of: &descriptors) { bytes in
        poll(bytes.bindMemory(to: pollfd.self).baseAddress, 2, MonotonicTime.milliseconds(from: now, to: limit))
      }
      if descriptors.1.revents != 0 { throw DatabaseError(.pillion(.unavailable), "shutting down") }
      if count > 0 { return }
      if count < 0, errno != EINTR {
        throw DatabaseError(.pillion(.unavailable), "waiting for the server failed: error \(errno)")
      }
    }
  }

  /// The error of an attempt that failed: its SQLSTATE when the server sent one.
  private static func refusal(_ handle: OpaquePointer) -> DatabaseError {
    guard let text = PQerrorMessage(handle) else { return DatabaseError(.pillion(.unavailable), "") }
    return refusal(String(cString: text))
  }

  /// Reads "…FATAL:  28P01: password authentication failed…", of which the severity is in the server's language.
  static func refusal(_ text: String) -> DatabaseError {
    // Of several hosts, the last one's.
    for line in text.split(whereSeparator: \.isNewline).reversed() {
      let parts = line.split(separator: ":", omittingEmptySubsequences: false)
      for index in parts.indices.dropFirst() {
        let code = parts[index].drop { $0 == " " }
        guard code.utf8.count == 5, parts[index].hasPrefix("  "), index + 1 < parts.endIndex,
          code.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x5A) })
        else { continue }
        let message = parts[(index + 1)...].joined(separator: ":")
        return DatabaseError(.sqlState(String(code)), String(message.drop { $0 == " " }))
      }
    }
    let lines = text.split(whereSeparator: \.isNewline).prefix(2).map { $0.drop { $0 == "\t" || $0 == " " } }
    return DatabaseError(.pillion(.unavailable), lines.joined(separator: "; "))
  }
}
