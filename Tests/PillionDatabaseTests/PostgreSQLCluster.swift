import Foundation
import Glibc
import PillionDatabase
import PillionPostgreSQL
import Testing

/// A throw-away PostgreSQL server in a temporary folder.
///
/// A shell keeps watch over it: when this process ends, however it ends, the shell stops the server and removes the
/// folder. PostgreSQL refuses to run as root, so root runs it as `postgres`.
final class PostgreSQLCluster: Sendable {
  /// Settings for the tests' sake: many connections, no waiting for the disk.
  private static let settings =
    "-c max_connections=400 -c fsync=off -c shared_buffers=64MB -c log_statement=none -c listen_addresses=127.0.0.1"

  let folder: String
  let port: UInt16
  private let watch: Locked<(Process, Pipe)?>

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pillion-pg-\(UUID().uuidString.prefix(8))")
      .path
    let port = try Self.freePort()
    let binaries = try Self.binaries()
    self.folder = folder
    self.port = port
    let script = """
      cd / && mkdir -p \(folder) || exit 1
      if [ "$(id -u)" = 0 ]; then chown postgres \(folder); run() { runuser -u postgres -- "$@"; }; else run() { "$@"; }; fi
      run \(binaries)/initdb -D \(folder)/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null 2>&1
      run \(binaries)/pg_ctl -D \(folder)/data -w -l \(folder)/log \\
        -o "-p \(port) -c unix_socket_directories=\(folder) \(Self.settings)" start >/dev/null 2>&1 && echo ready
      read -r line
      run \(binaries)/pg_ctl -D \(folder)/data -m immediate stop >/dev/null 2>&1
      rm -rf \(folder)
      """
    let process = Process()
    let (input, output) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", script]
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    // Only the shell may hold the pipe's other end, or its end would not be noticed.
    try input.fileHandleForReading.close()
    try output.fileHandleForWriting.close()
    watch = Locked((process, input))
    guard String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).hasPrefix("ready") else {
      let log = (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? "no log"
      stop()
      throw TestFailure("no PostgreSQL server could be started: \(log)")
    }
  }

  deinit { stop() }

  /// libpq's keyword string for the superuser.
  var connectionString: String { "host=127.0.0.1 port=\(port) user=postgres dbname=postgres" }

  /// Stops the server for good.
  func stop() {
    guard let (process, input) = watch.withLock({ $0.take() }) else { return }
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Runs `pg_ctl`, waiting for what it is to do: `["-m", "immediate", "stop"]`, `["start"]`.
  ///
  /// Not by `Process`, which would wait for the server that `pg_ctl start` leaves behind. The shell closes what it has
  /// inherited, so that the server does not hold this process's pipes open.
  func control(_ arguments: [String]) throws {
    let command = ["\(try Self.binaries())/pg_ctl", "-D", "\(folder)/data", "-w", "-l", "\(folder)/log"] + arguments
    let script = """
      for file in /proc/$$/fd/*; do n=${file##*/}; [ $n -gt 2 ] && eval "exec $n>&-"; done
      cd / && exec "$@" </dev/null >/dev/null 2>&1
      """
    let words =
      ["/bin/bash", "-c", script, "bash"] + (getuid() == 0 ? ["runuser", "-u", "postgres", "--"] : []) + command
    let copies = words.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    var process: pid_t = 0
    guard posix_spawn(&process, "/bin/bash", nil, nil, copies + [nil], environ) == 0 else {
      throw TestFailure("no shell could be started")
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw TestFailure("pg_ctl \(arguments) ended with \(status)") }
  }

  /// Starts the server again after `control(["stop"])`.
  func start() throws {
    try control(["-o", "-p \(port) -c unix_socket_directories=\(folder) \(Self.settings)", "start"])
  }

  /// Where initdb is: the newest of Debian's versions, or on the path.
  private static func binaries() throws -> String {
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
    let folders = versions.sorted { $0.compare($1, options: .numeric) == .orderedDescending }
      .map { "/usr/lib/postgresql/\($0)/bin" }
    let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    for folder in folders + path where FileManager.default.isExecutableFile(atPath: "\(folder)/initdb") {
      return folder
    }
    throw TestFailure("no initdb: install PostgreSQL, or name a server in PILLION_TEST_POSTGRES")
  }

  private static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) == 0 ? getsockname(descriptor, pointer, &length) : -1
      }
    }
    guard code == 0 else { throw TestFailure("no free port") }
    return UInt16(bigEndian: address.sin_port)
  }

  /// The server that tests share: PILLION_TEST_POSTGRES, or a cluster started by the first test that asks.
  static func sharedConnectionString() throws -> String {
    if let given = ProcessInfo.processInfo.environment["PILLION_TEST_POSTGRES"], !given.isEmpty { return given }
    return try shared.get().connectionString
  }

  private static let shared = Result { try PostgreSQLCluster() }
}

/// A schema of its own on a server, which goes with the fixture.
final class PostgreSQLFixture: DriverFixture {
  let configuration: PostgreSQLConfiguration
  let schema: String
  private let server: String

  var dialect: Dialect { .postgresql }

  init(on cluster: PostgreSQLCluster? = nil, configure: (inout PostgreSQLConfiguration) -> Void = { _ in }) throws {
    server = try cluster?.connectionString ?? PostgreSQLCluster.sharedConnectionString()
    schema = "test_" + UUID().uuidString.lowercased().replacing("-", with: "").prefix(16)
    // What comes last counts; a keyword string can be continued, a URI cannot.
    var configuration = PostgreSQLConfiguration(
      connectionString: server.contains("://")
        ? "\(server)\(server.contains("?") ? "&" : "?")options=-csearch_path%3D\(schema)"
        : "\(server) options='-c search_path=\(schema)'")
    configuration.pointConnections = 4
    configuration.shutdownGrace = .seconds(2)
    configure(&configuration)
    self.configuration = configuration
    try PostgreSQLAdminConnection(configuration: PostgreSQLConfiguration(connectionString: server))
      .execute(["CREATE SCHEMA \(schema)"])
  }

  deinit {
    let admin = try? PostgreSQLAdminConnection(configuration: PostgreSQLConfiguration(connectionString: server))
    try? admin?.execute(["DROP SCHEMA \(schema) CASCADE"])
  }

  func makeDriver(streams: Int) throws -> any Driver {
    var configuration = configuration
    configuration.streamConnections = streams
    return try PostgreSQLDriver(configuration: configuration)
  }

  /// It only looks on, so that it may wait for a server that recovers beside other work of the machine.
  func makeAdmin() throws -> any AdminConnection {
    var configuration = configuration
    configuration.connectTimeout = .seconds(60)
    return try PostgreSQLAdminConnection(configuration: configuration)
  }
}
