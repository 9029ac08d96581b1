import Synchronization

/// A kind of database: which SQL it reads and which forms its values have.
package enum Dialect: String, Sendable, Hashable, CaseIterable {
  case sqlite, postgresql
}

/// One text of SQL, prepared once per connection and found there again by its number.
package final class Statement: Sendable {
  /// Unique in the process; PostgreSQL's prepared statements are called `p<id>`.
  package let id: Int
  /// Placeholders are `$1`… on PostgreSQL and `?1`… on SQLite.
  package let sql: String
  /// PostgreSQL: type OID of each placeholder, 0 where the server decides. SQLite: only their number matters.
  package let parameterTypes: [UInt32]

  package init(_ sql: String, parameterTypes: [UInt32]) {
    id = Self.lastID.wrappingAdd(1, ordering: .relaxed).newValue
    self.sql = sql
    self.parameterTypes = parameterTypes
  }

  private static let lastID = Atomic<Int>(0)
}
