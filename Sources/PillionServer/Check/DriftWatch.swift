import Glibc
import Logging
import PillionDatabase
import PillionSchema
import PillionService
import Synchronization

/// Looks once a second whether the tables of the models are there, and tells the health service which are not.
///
/// One cheap question says whether the database's schema has changed at all; only then each model is looked at. The
/// connection is its own and read-only.
final class DriftWatch: Sendable {
  private let database: DatabaseURL
  private let hasSession: Bool
  private let health: HealthState
  private let logger: Logger
  private let isStopped = Atomic<Bool>(false)
  private let state: Mutex<State>

  private struct State {
    var definitions: Definitions
    /// Counts changes of `definitions`.
    var generation = 0
  }

  /// - Parameter hasSession: as `DatabaseURL.connect` takes it.
  init(database: DatabaseURL, hasSession: Bool, definitions: Definitions, health: HealthState, logger: Logger) {
    self.database = database
    self.hasSession = hasSession
    self.health = health
    self.logger = logger
    state = Mutex(State(definitions: definitions))
  }

  /// A database in memory is the driver's own: another connection would see an empty one.
  private var isPossible: Bool { database != .sqlite(path: ":memory:") }

  func start() {
    guard isPossible else { return }
    do throws(DatabaseError) {
      try LaneThread(name: "tables") { self.watch() }.detach()
    } catch {
      logger.error("tables will not be watched: \(error.description)")
    }
  }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// From the next look on, other models.
  func replace(_ definitions: Definitions) {
    state.withLock {
      $0.definitions = definitions
      $0.generation += 1
    }
  }

  private func watch() {
    var look = Look(database: database, hasSession: hasSession)
    while !isStopped.load(ordering: .relaxed) {
      let (definitions, generation) = state.withLock { ($0.definitions, $0.generation) }
      if let drifted = look.drifted(definitions, generation) { report(drifted) }
      usleep(1_000_000)
    }
  }

  private func report(_ drifted: Set<String>) {
    let (gone, back) = health.replaceDrifted(drifted)
    for service in gone.sorted() {
      logger.error("a table or column of the service is gone", metadata: ["service": "\(service)"])
    }
    for service in back.sorted() {
      logger.info("the service's tables are there again", metadata: ["service": "\(service)"])
    }
  }
}

/// The watching thread's own: its connection, and what it saw last.
private struct Look {
  let database: DatabaseURL
  let hasSession: Bool
  private var connection: (any AdminConnection)?
  private var seen: (fingerprint: String?, generation: Int)?

  init(database: DatabaseURL, hasSession: Bool) {
    self.database = database
    self.hasSession = hasSession
  }

  /// Full names of the services whose tables differ; nil: nothing has changed, or nobody answers, which the driver
  /// reports.
  mutating func drifted(_ definitions: Definitions, _ generation: Int) -> Set<String>? {
    do throws(DatabaseError) {
      let connection: any AdminConnection
      if let open = self.connection {
        connection = open
      } else {
        connection = try database.connect(isReadOnly: true, hasSession: hasSession)
      }
      self.connection = connection
      let fingerprint = try fingerprint(of: definitions.schema, connection)
      if let seen, seen == (fingerprint, generation) { return nil }
      let comparison = SchemaComparison(schema: definitions.schema, connection: connection)
      var drifted: Set<String> = []
      for model in definitions.schema.models {
        if try !comparison.isReadable(model) { drifted.formUnion(model.views.map(\.serviceFullName)) }
      }
      // What changed while the models were looked at is looked at again, and so is what is gone: it may come back.
      let after = try self.fingerprint(of: definitions.schema, connection)
      seen = drifted.isEmpty && after == fingerprint ? (fingerprint, generation) : nil
      return drifted
    } catch {
      connection = nil
      seen = nil
      return nil
    }
  }

  /// Changes whenever a table of the definitions does.
  private func fingerprint(of schema: Schema, _ connection: any AdminConnection) throws(DatabaseError) -> String? {
    switch connection.dialect {
    case .sqlite: return try connection.query("PRAGMA schema_version").first?.first ?? nil
    case .postgresql:
      let tables = schema.models.flatMap { model in
        [model.table]
          + model.fields.compactMap { if case .manyToMany(let relation) = $0.type { relation.through } else { nil } }
      }
      let names = Set(tables.map { "to_regclass(\(SQLText.literal(connection.dialect.quote($0))))" }).sorted()
      let rows = try connection.query(
        "SELECT md5(string_agg(concat_ws('.', attrelid, attname, atttypid), ',' ORDER BY attrelid, attnum)) "
          + "FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid IN (\(names.joined(separator: ", ")))"
      )
      return rows.first?.first ?? nil
    }
  }
}
