import CPillionSQLite
import PillionDatabase

/// One open database: the owner of a `sqlite3 *`, its callbacks and its prepared statements.
///
/// Opened with SQLITE_OPEN_NOMUTEX: one thread at a time uses it (https://sqlite.org/threadsafe.html).
final class Connection {
  /// What a connection is for.
  enum Role {
    /// The one that writes, switches to WAL and checkpoints.
    case writer
    case reader
    case stream
    /// Writes in transactions of its own, beside the writer.
    case session
  }

  let handle: OpaquePointer
  let watch: Watch
  private var statements: StatementCache
  /// See `settleTrust`.
  var trustsSchema = false

  /// Opens the database and makes it safe; reads its first page, so that a file that is no database fails here.
  init(_ configuration: SQLiteConfiguration, role: Role, watch: Watch, mayCreate: Bool) throws(DatabaseError) {
    handle = try Self.open(configuration, role: role, mayCreate: mayCreate)
    self.watch = watch
    statements = StatementCache(limit: configuration.statementLimit, counts: watch.statements)
    installCallbacks()
    do throws(DatabaseError) {
      try secure()
      try configure(configuration, role: role)
    } catch {
      throw Self.naming(configuration, error)
    }
  }

  deinit {
    statements.removeAll()
    sqlite3_close_v2(handle)
  }

  /// What holds for the whole process, settled before SQLite is first used in it.
  ///
  /// SQLite counts its memory behind one mutex. Where it is built without lookaside, as Debian's is
  /// (https://sqlite.org/malloc.html#lookaside), each row takes it eight times, and the threads that read would wait for
  /// each other. Nobody here asks for the counts. A program that has used SQLite before keeps them.
  private static let processSettings = pillion_sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0)

  private static func open(
    _ configuration: SQLiteConfiguration, role: Role, mayCreate: Bool
  ) throws(DatabaseError) -> OpaquePointer {
    _ = processSettings
    var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let name: String
    switch configuration.location {
    case .memory(let database):
      // A name that begins with a slash is shared by the process (https://sqlite.org/src/file/src/memdb.c).
      name = "file:/\(database)?vfs=memdb"
      flags |= SQLITE_OPEN_URI | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    case .file(let path):
      // Keeps `file:`, `:memory:` and the like from being anything but a path.
      name = path.hasPrefix("/") ? path : "./\(path)"
      if role != .writer && role != .session || configuration.isReadOnly {
        flags |= SQLITE_OPEN_READONLY
      } else {
        flags |= SQLITE_OPEN_READWRITE | (mayCreate ? SQLITE_OPEN_CREATE : 0)
      }
    }
    var handle: OpaquePointer?
    let code = sqlite3_open_v2(name, &handle, flags, nil)
    guard code == SQLITE_OK, let handle else {
      let error = SQLiteError.last(code, on: handle)
      sqlite3_close_v2(handle)
      throw naming(configuration, error)
    }
    return handle
  }

  private static func naming(_ configuration: SQLiteConfiguration, _ error: DatabaseError) -> DatabaseError {
    var error = error
    error.message = "\(configuration.name): \(error.message)"
    return error
  }

  private func installCallbacks() {
    let context = Unmanaged.passUnretained(watch).toOpaque()
    sqlite3_progress_handler(
      handle, Watch.interval,
      { context in
        guard let context else { return 0 }
        return Unmanaged<Watch>.fromOpaque(context).takeUnretainedValue().stopsStatement() ? 1 : 0
      }, context)
    sqlite3_busy_handler(
      handle,
      { context, attempt in
        guard let context else { return 0 }
        return Unmanaged<Watch>.fromOpaque(context).takeUnretainedValue().waitsForLock(attempt: attempt) ? 1 : 0
      }, context)
  }

  /// A prepared statement that the connection keeps.
  func prepared(_ statement: Statement) throws(DatabaseError) -> PreparedStatement {
    do throws(DatabaseError) {
      return try statements.statement(for: statement, on: handle)
    } catch {
      guard mendsTrust(after: error) else { throw error }
      return try statements.statement(for: statement, on: handle)
    }
  }

  /// Runs a statement without parameters; its rows are ignored.
  func run(_ statement: Statement) throws(DatabaseError) {
    let prepared = try prepared(statement)
    defer { prepared.reset() }
    while try prepared.step() {}
  }

  /// Runs SQL that will not come again.
  func execute(_ sql: String) throws(DatabaseError) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw SQLiteError.last(code, on: handle, sql: sql) }
  }

  /// The error as the job shall have it: where a callback stopped the statement, the reason for that.
  func explained(_ error: DatabaseError) -> DatabaseError {
    // A statement that was compiled before the schema changed; that is a matter of the moment.
    if mendsTrust(after: error) { return DatabaseError(.sqlite(SQLITE_BUSY), "the schema has changed", sql: error.sql) }
    guard let verdict = watch.verdict else { return error }
    switch error.primarySQLiteCode {
    case SQLITE_INTERRUPT, SQLITE_BUSY: return verdict.error
    default: return error
    }
  }

  /// Whether a transaction is open.
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// Whether rows refer to rows that are not there, which a COMMIT would refuse
  /// (https://sqlite.org/c3ref/c_dbstatus_options.html).
  var hasOpenForeignKeys: Bool {
    var current: Int32 = 0
    var highest: Int32 = 0
    sqlite3_db_status(handle, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0)
    return current != 0
  }

  /// Whether the path no longer leads to the file that is open: it was deleted or replaced.
  var hasMoved: Bool {
    var moved: Int32 = 0
    return sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0
  }
}
