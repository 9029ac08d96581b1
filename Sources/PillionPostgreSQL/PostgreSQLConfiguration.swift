/// How the driver reaches a database and how much it takes of it.
package struct PostgreSQLConfiguration: Sendable {
  /// A libpq URI or keyword string; what it leaves out comes from `PG*` and the password file, as libpq does it.
  package var connectionString: String
  /// Connections that unary calls share, 1 to 256. Reads want few (larger batches), writes more (commits of different
  /// connections share a flush of the write-ahead log).
  package var pointConnections = 16
  /// Event loops that calls come from.
  package var eventLoops = 2
  /// Connections for Lists, each for one List at a time; opened when needed, closed when idle.
  package var streamConnections = 8
  /// Threads that read Lists, at most one a connection.
  package var streamThreads = 2
  /// For one attempt and one host, from the first packet to the last setting.
  package var connectTimeout: Duration = .seconds(5)
  /// The server's `statement_timeout` for unary calls; zero: none. Lists run as long as their deadline lets them.
  package var statementTimeout: Duration = .seconds(30)
  /// How long a call waits for the first connection while there is none. Once the database has been away for longer,
  /// calls fail at once.
  package var acquireTimeout: Duration = .seconds(2)
  /// How long a List waits for one of the streaming connections.
  package var streamAcquireTimeout: Duration = .seconds(10)
  /// How long a List may hold its connection without its client taking a row.
  package var stallTimeout: Duration = .seconds(300)
  /// How long an unused streaming connection stays open. One always stays.
  package var idleTimeout: Duration = .seconds(60)
  /// About how old a connection becomes: then another takes its place, between two calls. Zero: as old as it likes.
  package var maximumLifetime: Duration = .zero
  /// Calls that may wait to be sent, and Lists that may wait for a connection; one more is `.exhausted`.
  package var queueLimit = 8192
  /// How long `shutdown` lets running statements finish.
  package var shutdownGrace: Duration = .seconds(5)
  /// Prepared statements that a connection keeps; the one unused for longest makes room.
  package var statementLimit = 512
  /// Whether a connection is one session of the server, which keeps prepared statements and settings. A pooler that gives
  /// every transaction the session that is free keeps neither: then statements go unnamed, and nothing is set.
  package var hasSession = true

  package init(connectionString: String) { self.connectionString = connectionString }
}
