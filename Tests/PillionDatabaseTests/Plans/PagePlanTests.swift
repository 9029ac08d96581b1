import PillionDatabase
import PillionQuery
import PillionSchema
import Testing

/// The ranges of an index that a page behind a position is read from, one after the other.
@Suite struct PagePlanTests {
  static let row = """
    package: bench
    models:
      Row:
        fields:
          id: { type: int64, primary_key: true }
          views: { type: int32 }
          rating: { type: int32, null: true }
        service: { actions: [ListPage] }
    """

  struct Case: Sendable {
    /// Names, `-` in front of those that descend.
    var order: [String]
    /// Which of the position's values are NULL.
    var nulls: [Bool]
    var ranges: [String]
  }

  @Test(arguments: [
    Case(order: ["id"], nulls: [false], ranges: ["id > $1"]),
    Case(order: ["views"], nulls: [false, false], ranges: ["((views, id) > ($1, $2))"]),
    Case(order: ["-views", "-id"], nulls: [false, false], ranges: ["((views, id) < ($1, $2))"]),
    Case(order: ["-views"], nulls: [false, false], ranges: ["views = $1 AND id > $2", "views < $1"]),
    Case(order: ["rating"], nulls: [false, false], ranges: ["((rating, id) > ($1, $2))", "rating IS NULL"]),
    Case(order: ["rating"], nulls: [true, false], ranges: ["rating IS NULL AND id > $1"]),
    Case(order: ["-rating", "-id"], nulls: [false, false], ranges: ["((rating, id) < ($1, $2))"]),
    Case(
      order: ["-rating", "-id"], nulls: [true, false],
      ranges: ["rating IS NULL AND id < $1", "rating IS NOT NULL"]),
    Case(
      order: ["views", "rating"], nulls: [false, false, false],
      ranges: ["views = $1 AND ((rating, id) > ($2, $3))", "views = $1 AND rating IS NULL", "views > $1"]),
  ])
  func postgreSQL(_ test: Case) throws {
    #expect(try Self.ranges(test, on: .postgresql) == test.ranges)
  }

  /// A comparison of rows would have SQLite read every row of the same views.
  @Test(arguments: [
    Case(order: ["id"], nulls: [false], ranges: ["id > ?1"]),
    Case(order: ["views"], nulls: [false, false], ranges: ["views = ?1 AND id > ?2", "views > ?1"]),
    Case(
      order: ["rating"], nulls: [false, false], ranges: ["rating = ?1 AND id > ?2", "rating > ?1", "rating IS NULL"]),
  ])
  func sqlite(_ test: Case) throws {
    #expect(try Self.ranges(test, on: .sqlite) == test.ranges)
  }

  private static func ranges(_ test: Case, on dialect: Dialect) throws -> [String] {
    let fixture = try PlanFixture(row, model: "Row", on: dialect)
    let plan = try #require(fixture.plans.list)
    var query = ListQuery()
    query.order = try test.order.map { name in
      let field = name.hasPrefix("-") ? String(name.dropFirst()) : name
      return OrderTerm(field: try #require(fixture.model.fieldIndex(field)), descending: field != name)
    }
    query.limit = 10
    query.after = PagePosition(values: test.nulls.map { $0 ? .null : .integer(1) })
    let sql = try plan.bind(query).statement.sql
    // What stands between each WHERE and its ORDER BY.
    return sql.components(between: " WHERE ", and: " ORDER BY ").map {
      $0.replacing("t.\"", with: "").replacing("\"", with: "")
    }
  }
}

extension String {
  fileprivate func components(between start: String, and end: String) -> [String] {
    split(separator: start).dropFirst().compactMap { $0.split(separator: end).first.map(String.init) }
  }
}
