import NIOCore
package import PillionDatabase
import PillionPostgreSQL
import PillionSQLite

extension DatabaseURL {
  /// The driver that `serve` works with, its first connections open.
  ///
  /// A SQLite file that is not there is an error: a new, empty one would only hide a mistyped path.
  package func open(_ configuration: Configuration) throws(DatabaseError) -> any Driver {
    switch self {
    case .sqlite(let path):
      guard var sqlite = SQLiteConfiguration(url: "sqlite:\(path)") else { throw Self.noPath(path) }
      sqlite.mustExist = true
      sqlite.busyTimeout = configuration.busyTimeoutMilliseconds.nanoseconds
      sqlite.statementTimeout = configuration.statementTimeoutMilliseconds.nanoseconds
      sqlite.synchronous = SQLiteConfiguration.Synchronous(rawValue: configuration.synchronous.uppercased()) ?? .full
      sqlite.streamConnections = configuration.streams
      sqlite.queueLimit = configuration.queue
      if configuration.connections > 0 { sqlite.readers = configuration.connections }
      return try SQLiteDriver(configuration: sqlite)
    case .postgresql(let conninfo):
      let primary = try PostgreSQLDriver(configuration: Self.postgresql(conninfo, configuration))
      var replicas: [any Driver] = []
      do throws(DatabaseError) {
        for case .postgresql(let replica) in configuration.replicas {
          replicas.append(
            try PostgreSQLDriver(configuration: Self.postgresql(replica, configuration), isRequired: false))
        }
      } catch {
        for driver in replicas + [primary] { driver.shutdown() }
        throw error
      }
      return replicas.isEmpty ? primary : ReplicatedDriver(primary: primary, replicas: replicas)
    }
  }

  private static func postgresql(_ conninfo: String, _ configuration: Configuration) -> PostgreSQLConfiguration {
    var postgresql = PostgreSQLConfiguration(connectionString: conninfo)
    postgresql.statementTimeout = .milliseconds(configuration.statementTimeoutMilliseconds)
    postgresql.hasSession = configuration.prepares
    postgresql.acquireTimeout = .milliseconds(configuration.acquireTimeoutMilliseconds)
    postgresql.streamConnections = configuration.streams
    let threads = configuration.threads > 0 ? configuration.threads : System.coreCount
    postgresql.eventLoops = threads
    postgresql.streamThreads = threads
    postgresql.queueLimit = configuration.queue
    postgresql.maximumLifetime = .milliseconds(configuration.lifetimeMilliseconds)
    if configuration.connections > 0 { postgresql.pointConnections = configuration.connections }
    return postgresql
  }
}

extension Int {
  /// Of a number of milliseconds, never negative.
  fileprivate var nanoseconds: UInt64 { UInt64(clamping: self) &* 1_000_000 }
}
