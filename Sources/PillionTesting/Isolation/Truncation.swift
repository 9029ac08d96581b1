import PillionDatabase

extension Session {
  /// Empties all tables of a test's database; what numbers rows begins at 1 again.
  func truncate(for job: Job) throws(DatabaseError) {
    switch dialect {
    case .postgresql:
      let names = try texts(
        """
        SELECT format('%I.%I', schemaname, tablename) FROM pg_catalog.pg_tables \
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
        """, for: job
      ).compactMap { $0.first.flatMap { $0 } }
      guard !names.isEmpty else { return }
      try execute("TRUNCATE \(names.joined(separator: ", ")) RESTART IDENTITY CASCADE", for: job)
    case .sqlite:
      let names = try texts(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name = 'sqlite_sequence')",
        for: job
      ).compactMap { $0.first.flatMap { $0 } }
      // In whatever order. The connection is not used again.
      try execute("PRAGMA foreign_keys = OFF", for: job)
      try control(.begin, for: job)
      for name in names { try execute("DELETE FROM \(dialect.quote(name))", for: job) }
      try control(.commit, for: job)
    }
  }
}
