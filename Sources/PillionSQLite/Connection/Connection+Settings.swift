import CPillionSQLite
import PillionDatabase

extension Connection {
  /// Closes what a hostile file or a mistake in SQL could use (https://sqlite.org/security.html).
  func secure() throws(DatabaseError) {
    let switches: [(option: Int32, isOn: Int32)] = [
      (SQLITE_DBCONFIG_DEFENSIVE, 1),
      (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
      (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
      (SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0),
      // A misspelt column in double quotes is an error, not a string.
      (SQLITE_DBCONFIG_DQS_DDL, 0),
      (SQLITE_DBCONFIG_DQS_DML, 0),
      (SQLITE_DBCONFIG_ENABLE_FKEY, 1),
    ]
    for setting in switches {
      let code = pillion_sqlite3_db_config(handle, setting.option, setting.isOn)
      guard code == SQLITE_OK else { throw SQLiteError.last(code, on: handle) }
    }
    // Debian's library allows rows of 1 GB and 250,000 placeholders.
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 128 << 20)
    sqlite3_limit(handle, SQLITE_LIMIT_SQL_LENGTH, 1 << 20)
    sqlite3_limit(handle, SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0)
    sqlite3_limit(handle, SQLITE_LIMIT_TRIGGER_DEPTH, 100)
    sqlite3_limit(handle, SQLITE_LIMIT_WORKER_THREADS, 0)
  }

  /// Journal, durability and memory; the first statement that reads the file.
  func configure(_ configuration: SQLiteConfiguration, role: Role) throws(DatabaseError) {
    sqlite3_extended_result_codes(handle, 1)
    try registerCollations()
    try registerFunctions()
    try registerRecords()
    try settleTrust()
    // An I/O error in a mapped file is a SIGBUS, which would end the process.
    try execute("PRAGMA mmap_size = 0")
    try execute("PRAGMA cache_size = -\(role == .stream ? 1024 : 8192)")
    try execute("PRAGMA temp_store = MEMORY")
    try execute("PRAGMA synchronous = \(configuration.synchronous.rawValue)")
    switch role {
    case .writer:
      try execute("SELECT count(*) FROM sqlite_schema")
      if case .file = configuration.location, sqlite3_db_readonly(handle, "main") == 0 {
        try switchToLog()
        // Opens the log, so that recovering it and, at the end, removing it is this connection's work.
        try execute("SELECT count(*) FROM sqlite_schema")
      }
      try execute("PRAGMA journal_size_limit = \(configuration.logLimit)")
      // The writer lane checkpoints by itself, when it has answered.
      sqlite3_wal_autocheckpoint(handle, 0)
    case .reader, .stream, .session:
      // Only the writer's connection checkpoints.
      let code = pillion_sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
      guard code == SQLITE_OK else { throw SQLiteError.last(code, on: handle) }
      sqlite3_wal_autocheckpoint(handle, 0)
      if role != .session { try execute("PRAGMA query_only = ON") }
      try execute("SELECT count(*) FROM sqlite_schema")
    }
  }

  /// Switches the file to write-ahead logging, which lets readers and the writer work at the same time.
  private func switchToLog() throws(DatabaseError) {
    let statement = try PreparedStatement("PRAGMA journal_mode = WAL", on: handle)
    guard try statement.step(), let mode = sqlite3_column_text(statement.handle, 0) else { return }
    let text = String(
      decoding: UnsafeBufferPointer(start: mode, count: Int(sqlite3_column_bytes(statement.handle, 0))),
      as: UTF8.self)
    guard text == "wal" else {
      throw DatabaseError(
        .sqlite(SQLITE_CANTOPEN),
        "the file cannot be switched to write-ahead logging, its journal mode stays \(text); is it on a network?")
    }
  }

  /// The connection's own transaction control, kept prepared like any other statement.
  enum Control {
    static let begin = Statement("BEGIN", parameterTypes: [])
    static let beginImmediate = Statement("BEGIN IMMEDIATE", parameterTypes: [])
    static let commit = Statement("COMMIT", parameterTypes: [])
    static let rollback = Statement("ROLLBACK", parameterTypes: [])
    static let savepoint = Statement("SAVEPOINT pillion", parameterTypes: [])
    static let release = Statement("RELEASE pillion", parameterTypes: [])
    static let rollbackToSavepoint = Statement("ROLLBACK TO pillion", parameterTypes: [])
  }
}
