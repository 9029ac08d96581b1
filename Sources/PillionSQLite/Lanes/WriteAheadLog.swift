import CPillionSQLite

/// Keeps the write-ahead log short: copies it into the database file between two groups, after the first has been
/// answered (https://sqlite.org/wal.html#ckpt).
final class WriteAheadLog {
  private let threshold: Int
  private let limit: Int64
  private let onFull: () -> Void
  /// Pages in the log after the last commit.
  private var pages = 0
  /// The number of pages at which the next checkpoint is due.
  private var due: Int
  private var pageSize: Int64 = 4096

  init(_ configuration: SQLiteConfiguration, onFull: @escaping () -> Void) {
    threshold = max(configuration.checkpointPages, 1)
    limit = configuration.logLimit
    self.onFull = onFull
    due = threshold
  }

  /// Has the connection tell the size of the log at each commit.
  func watch(_ connection: Connection) {
    pages = 0
    due = threshold
    let statement = try? PreparedStatement("PRAGMA page_size", on: connection.handle)
    if let statement, (try? statement.step()) == true { pageSize = sqlite3_column_int64(statement.handle, 0) }
    // The hook only notes: in it, the writes have not yet been answered.
    sqlite3_wal_hook(
      connection.handle,
      { context, _, _, pages in
        guard let context else { return SQLITE_OK }
        Unmanaged<WriteAheadLog>.fromOpaque(context).takeUnretainedValue().note(Int(pages))
        return SQLITE_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private func note(_ count: Int) {
    // The log has begun again from its start.
    if count < pages { due = threshold }
    pages = count
  }

  /// Checkpoints if it is time. A reader with an old snapshot may keep a part of the log; then the next try comes after
  /// as many pages again. Errors are no operation's: the log stays and the next try sees them again.
  func checkpoint(_ connection: Connection) {
    guard pages >= due else { return }
    var logged: Int32 = 0
    var copied: Int32 = 0
    sqlite3_wal_checkpoint_v2(connection.handle, nil, SQLITE_CHECKPOINT_PASSIVE, &logged, &copied)
    // Until the log begins again from its start, which the next write does if no reader stands in it.
    due = pages &+ threshold
    if Int64(pages) &* pageSize > limit { onFull() }
  }
}
