import Synchronization

/// How inserts that each make one row become one statement for all their rows, on PostgreSQL: one transaction, with one
/// flush of the write-ahead log.
///
/// The rows come back in the order in which they are given: an INSERT is never run in parallel and takes the rows of its
/// VALUES one after the other ("ExecModifyTable" in PostgreSQL's src/backend/executor/nodeModifyTable.c). Where a trigger
/// or rule keeps a row out, it could not be told which; the statement fails instead.
package final class InsertGathering: Sendable {
  /// Rows of one statement at most.
  package static let limit = 32

  /// `INSERT INTO … (…)`.
  private let insert: String
  /// Of one row's placeholders.
  private let types: [UInt32]
  /// What is selected of `pillion_row AS t`.
  private let list: String
  /// By their number of rows; few of them are ever needed.
  private let statements = Mutex<[Int: Statement]>([:])

  /// - Parameters:
  ///   - insert: `INSERT INTO table AS t (columns)`.
  ///   - types: of a row's placeholders, as `Statement.parameterTypes`.
  ///   - list: what is selected of each row, which goes by `t`; no placeholder in it.
  package init(insert: String, types: [UInt32], list: String) {
    self.insert = insert
    self.types = types
    self.list = list
  }

  /// The statement for as many of `count` inserts as one takes: a power of two, so that few have to be prepared. Nil
  /// where that is one.
  package func statement(forUpTo count: Int) -> (statement: Statement, rows: Int)? {
    let most = min(count, Self.limit, 65_535 / max(1, types.count))
    guard most > 1 else { return nil }
    let rows = 1 << (Int.bitWidth - 1 - most.leadingZeroBitCount)
    return statements.withLock { statements in
      if let known = statements[rows] { return (known, rows) }
      let made = makeStatement(rows: rows)
      statements[rows] = made
      return (made, rows)
    }
  }

  private func makeStatement(rows: Int) -> Statement {
    var sql = SQLText(.postgresql)
    let values = (0..<rows).map { _ in "(\(types.map { sql.placeholder($0) }.joined(separator: ", ")))" }
    // The count is a condition on the whole, which PostgreSQL judges before it looks for a first row. As ever, a division
    // by zero is an error.
    sql.append(
      """
      WITH pillion_row AS (\(insert) VALUES \(values.joined(separator: ", ")) RETURNING t.*) \
      SELECT \(list) FROM pillion_row AS t WHERE (SELECT 1 / (count(*) = \(rows))::integer FROM pillion_row) = 1
      """)
    return sql.statement()
  }
}
