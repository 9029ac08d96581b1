package import PillionDatabase

/// The ways in which code of a program's own reaches the database.
package struct DatabaseAccess: Sendable {
  package let sessions: SessionPool
  package let records: Records

  package init(sessions: SessionPool, records: Records) {
    self.sessions = sessions
    self.records = records
  }
}
