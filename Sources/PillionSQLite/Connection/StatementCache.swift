import PillionDatabase

/// The prepared statements of one connection; forgets the one that has not been used for longest.
struct StatementCache {
  private var statements: [Int: PreparedStatement] = [:]
  private var uses: UInt64 = 0
  private let limit: Int
  private let counts: StatementCounts?

  init(limit: Int, counts: StatementCounts? = nil) {
    self.limit = max(limit, 8)
    self.counts = counts
  }

  var count: Int { statements.count }

  mutating func statement(for statement: Statement, on connection: OpaquePointer) throws(DatabaseError)
    -> PreparedStatement
  {
    uses &+= 1
    if let prepared = statements[statement.id] {
      prepared.lastUse = uses
      return prepared
    }
    let prepared = try PreparedStatement(statement.sql, on: connection)
    counts?.notePrepared()
    // Rare and a few microseconds, less than the compilation before it: no list to keep in order at each use.
    if statements.count >= limit, let oldest = statements.min(by: { $0.value.lastUse < $1.value.lastUse }) {
      statements[oldest.key] = nil
      counts?.noteEvicted()
    }
    prepared.lastUse = uses
    statements[statement.id] = prepared
    return prepared
  }

  mutating func removeAll() { statements.removeAll() }
}
