import Synchronization

/// How `SQLiteDriver` and `SQLiteAdminConnection` open and use a database. Times are in nanoseconds.
package struct SQLiteConfiguration: Sendable {
  /// Where the database is.
  package enum Location: Sendable, Hashable {
    case file(String)
    /// In memory, under a name of this process: all connections that are opened with the same name see the same data,
    /// and it goes with the last of them. Lives in SQLite's `memdb` VFS, which has no WAL: a writer waits for running
    /// reads and reads wait for it, so a List is read to its end before its first chunk goes out.
    case memory(String)
  }

  /// How much of a commit has reached the disk when it is acknowledged (https://sqlite.org/pragma.html#pragma_synchronous).
  package enum Synchronous: String, Sendable, Hashable, CaseIterable {
    /// A power cut may lose acknowledged writes and damage the file.
    case off = "OFF"
    /// A power cut may lose acknowledged writes, but not damage the file; a crash of the process loses nothing.
    case normal = "NORMAL"
    /// Nothing acknowledged is lost.
    case full = "FULL"
  }

  package var location: Location
  /// Threads that answer unary reads, each with a connection.
  package var readers = 2
  /// Lists that may be open at once, each on a connection of its own; further ones wait.
  package var streamConnections = 8
  /// Threads that step the open Lists; a List that waits for its client holds none.
  package var streamThreads = 4
  /// How long a lock of another process is waited for.
  package var busyTimeout: UInt64 = 5_000_000_000
  package var synchronous = Synchronous.full
  /// How long one operation, or one stretch of a List between two waits for its client, may run; 0: no limit.
  package var statementTimeout: UInt64 = 0
  /// How long a List may stay open: it holds a snapshot, which keeps the write-ahead log from shrinking; 0: no limit.
  package var streamLifetime: UInt64 = 1_800_000_000_000
  /// Operations that may wait for the writer, as many for the readers, and Lists that may wait for a connection.
  package var queueLimit = 8192
  /// Writes that share a commit.
  package var groupLimit = 256
  /// After this long a group takes no further write before its commit.
  package var groupTime: UInt64 = 20_000_000
  /// Prepared statements that a connection keeps.
  package var statementLimit = 512
  /// Pages of the write-ahead log after which the writer copies them into the database file.
  package var checkpointPages = 1000
  /// Bytes of the write-ahead log beyond which Lists that wait for their clients are ended to let it shrink.
  package var logLimit: Int64 = 64 << 20
  /// Whether a database file that is not there is an error, rather than created empty.
  package var mustExist = false
  /// Opens the file without the right to write it; writes then fail with SQLITE_READONLY (8).
  package var isReadOnly = false

  package init(location: Location) { self.location = location }

  /// From a database URL: `sqlite:path`, relative to the working directory or absolute, `sqlite:///absolute/path`, or
  /// `sqlite::memory:`, which is a new database at each call. Nil where the text is none of these.
  package init?(url: String) {
    guard url.hasPrefix("sqlite:") else { return nil }
    var path = url.dropFirst("sqlite:".count)
    if path == ":memory:" {
      self.init(location: .memory("pillion-\(Self.lastName.wrappingAdd(1, ordering: .relaxed).newValue)"))
      return
    }
    if path.hasPrefix("//") {
      path = path.dropFirst(2)
      guard path.hasPrefix("/") else { return nil }
    }
    // A path with a NUL would be cut by the C library.
    guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
    self.init(location: .file(String(path)))
  }

  private static let lastName = Atomic<Int>(0)

  /// For messages.
  package var name: String {
    switch location {
    case .file(let path): path
    case .memory: ":memory:"
    }
  }
}
