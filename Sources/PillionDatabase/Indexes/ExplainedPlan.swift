/// What EXPLAIN says of a statement on one table.
package struct ExplainedPlan {
  /// A use of an index that PostgreSQL names.
  private struct Use {
    var index: String
    /// The text of its condition; empty: every entry is read.
    var condition: String
  }

  private let dialect: Dialect
  private let lines: [Substring]
  /// PostgreSQL: the first column of each B-tree that the plan uses.
  private var leading: [String: String] = [:]

  /// Asks for the plan of one statement; `sorting`: whether rows may be sorted.
  ///
  /// PostgreSQL chooses by the table's size, and reads a small one whole whatever its indexes are. What matters is what
  /// it can do once the table is large, so reading it whole is made as dear as its settings allow
  /// (runtime-config-query.html).
  package static func explain(
    _ statement: Statement, sorting: Bool, on connection: any AdminConnection
  ) throws(DatabaseError) -> ExplainedPlan {
    switch connection.dialect {
    case .sqlite:
      // EXPLAIN begins no transaction, in which a connection notices that another one has changed the schema.
      _ = try connection.query("SELECT 1 FROM sqlite_master LIMIT 1")
      // id, parent, notused, detail (eqp.html).
      let rows = try connection.query("EXPLAIN QUERY PLAN \(statement.sql)")
      return ExplainedPlan(.sqlite, lines: rows.compactMap { $0.last ?? nil })
    case .postgresql:
      _ = try connection.query("BEGIN READ ONLY")
      do throws(DatabaseError) {
        let plan = try explain(statement, sorting, connection)
        _ = try connection.query("ROLLBACK")
        return plan
      } catch {
        _ = try connection.query("ROLLBACK")
        throw error
      }
    }
  }

  private static func explain(
    _ statement: Statement, _ sorting: Bool, _ connection: any AdminConnection
  ) throws(DatabaseError) -> ExplainedPlan {
    var settings = [
      "enable_seqscan = off", "plan_cache_mode = force_generic_plan", "statement_timeout = 5000", "jit = off",
      "max_parallel_workers_per_gather = 0",
    ]
    if !sorting { settings.append("enable_sort = off") }
    for setting in settings { _ = try connection.query("SET LOCAL \(setting)") }
    var plan = ExplainedPlan(.postgresql, lines: try postgreSQLLines(statement, connection))
    for use in plan.uses where !use.condition.isEmpty {
      let query = """
        SELECT pg_get_indexdef(c.oid, 1, true) FROM pg_class AS c JOIN pg_am AS m ON m.oid = c.relam \
        WHERE c.relname = \(SQLText.literal(use.index)) AND m.amname = 'btree'
        """
      if let column = try connection.query(query).first?.first ?? nil { plan.leading[use.index] = column }
    }
    return plan
  }

  private static func postgreSQLLines(
    _ statement: Statement, _ connection: any AdminConnection
  ) throws(DatabaseError) -> [String] {
    guard !statement.parameterTypes.isEmpty else {
      return try connection.query("EXPLAIN (COSTS OFF) \(statement.sql)").compactMap { $0.first ?? nil }
    }
    // A statement with parameters can be explained once it is prepared; a generic plan does not look at the values.
    let types = statement.parameterTypes.map { "format_type(\($0), NULL)" }.joined(separator: ", ")
    let names = try connection.query("SELECT \(types)").first ?? []
    let listed = zip(statement.parameterTypes, names).map { $0 == 0 ? "unknown" : $1 ?? "unknown" }
    let name = "pillion_shape_\(statement.id)"
    _ = try connection.query("PREPARE \(name) (\(listed.joined(separator: ", "))) AS \(statement.sql)")
    let nulls = Array(repeating: "NULL", count: listed.count).joined(separator: ", ")
    let rows = try connection.query("EXPLAIN (COSTS OFF) EXECUTE \(name) (\(nulls))")
    _ = try connection.query("DEALLOCATE \(name)")
    return rows.compactMap { $0.first ?? nil }
  }

  /// `leading`: for PostgreSQL, the first column of each B-tree by the index's name.
  package init(_ dialect: Dialect, lines: [String], leading: [String: String] = [:]) {
    self.dialect = dialect
    self.leading = leading
    self.lines = lines.map { line in
      let text = line.drop { $0 == " " }
      return text.hasPrefix("->") ? text.dropFirst(2).drop { $0 == " " } : text
    }
  }

  /// Whether the table, or an index of it, is read from end to end to find rows.
  package var readsWhole: Bool {
    switch dialect {
    case .sqlite:
      lines.contains { line in
        // An automatic index is made by reading the table whole, and a skip-scan goes through all of an index
        // (optoverview.html, sections 11 and 13).
        if line.contains(" AUTOMATIC ") || line.contains("(ANY(") { return true }
        guard line.hasPrefix("SCAN ") else { return false }
        // Values and functions are no tables; an index with a WHERE of its own may be all that is asked for.
        return line != "SCAN CONSTANT ROW" && !line.contains(" VIRTUAL TABLE ") && !line.contains(" USING INDEX ")
      }
    case .postgresql:
      lines.contains { $0.hasPrefix("Seq Scan on ") || $0.hasPrefix("Foreign Scan on ") }
        || uses.contains(where: isUnbounded)
    }
  }

  /// A condition on other columns than the first goes through all of a B-tree. Without any condition, the index may
  /// have a WHERE of its own that is all that is asked for; then no filter is left over.
  private func isUnbounded(_ use: Use) -> Bool {
    if use.condition.isEmpty { return lines.contains { $0.hasPrefix("Filter: ") } }
    return leading[use.index].map { !Self.names($0, in: use.condition) } ?? false
  }

  /// Whether rows are sorted; what an index has in part of the order is sorted in small pieces, which does not count.
  package var sorts: Bool {
    switch dialect {
    case .sqlite: lines.contains("USE TEMP B-TREE FOR ORDER BY")
    case .postgresql: lines.contains("Sort")
    }
  }

  // MARK: PostgreSQL's lines

  /// `Index Scan using item_title on item t`, then `Index Cond: (title = $1)` among the lines up to the next node.
  private var uses: [Use] {
    lines.enumerated().compactMap { index, line in
      guard let name = Self.indexName(line) else { return nil }
      let properties = lines[(index + 1)...].prefix { !$0.contains(" Scan ") }
      let condition = properties.first { $0.hasPrefix("Index Cond: ") }
      return Use(index: name, condition: String(condition?.dropFirst("Index Cond: ".count) ?? ""))
    }
  }

  private static func indexName(_ line: Substring) -> String? {
    var rest: Substring
    if line.hasPrefix("Bitmap Index Scan on ") {
      rest = line.dropFirst("Bitmap Index Scan on ".count)
    } else if line.hasPrefix("Index "), let using = line.firstRange(of: " using ") {
      rest = line[using.upperBound...]
    } else {
      return nil
    }
    guard rest.hasPrefix("\"") else { return String(rest.prefix { $0 != " " }) }
    rest = rest.dropFirst()
    var name = ""
    while let end = rest.firstIndex(of: "\"") {
      name += rest[..<end]
      rest = rest[end...].dropFirst()
      guard rest.hasPrefix("\"") else { break }
      name += "\""
      rest = rest.dropFirst()
    }
    return name
  }

  /// Whether a condition has the column or expression in it, as a whole word.
  private static func names(_ column: String, in condition: String) -> Bool {
    condition.ranges(of: column).contains { range in
      let before = condition[..<range.lowerBound].last
      let after = condition[range.upperBound...].first
      return !isWordPart(before) && !isWordPart(after)
    }
  }

  private static func isWordPart(_ character: Character?) -> Bool {
    character.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "$" } ?? false
  }
}
