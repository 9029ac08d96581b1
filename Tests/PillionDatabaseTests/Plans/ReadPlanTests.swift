import PillionDatabase
import PillionSchema
import Testing

/// The SQL of Retrieve, Destroy and List.
@Suite struct ReadPlanTests {
  static let post = """
    models:
      Post:
        table: blog_post
        fields:
          id: { type: int64, primary_key: true }
          title: { type: string, column: headline }
          secret: { type: string, write_only: true }
          published: { type: date, null: true }
        ordering: [-published]
    """

  @Test func retrieve() throws {
    let sqlite = try PlanFixture(Self.post, on: .sqlite)
    #expect(
      try sqlite.steps(.retrieve, ["id": 7]) == [
        #"SELECT t."id", t."headline", t."published" FROM "blog_post" AS t WHERE t."id" = ?1 <- 7"#
      ])
    let postgresql = try PlanFixture(Self.post, on: .postgresql)
    #expect(
      try postgresql.steps(.retrieve, ["id": 7]) == [
        #"SELECT t."id"::int8, t."headline"::text, t."published"::date FROM "blog_post" AS t WHERE t."id" = $1 <- x'0000000000000007'"#
      ])
    let operation = try postgresql.operation(.retrieve, ["id": 7])
    #expect(operation.isWrite == false)
    #expect(operation.steps[0].statement.parameterTypes == [20])
  }

  /// An unset lookup value is its zero, as proto3 has it.
  @Test func unsetLookup() throws {
    let fixture = try PlanFixture(Self.post, on: .sqlite)
    #expect(try fixture.steps(.retrieve, [:])[0].hasSuffix("<- 0"))
  }

  @Test func destroy() throws {
    let sqlite = try PlanFixture(Self.post, on: .sqlite)
    #expect(
      try sqlite.steps(.destroy, ["id": 7]) == [#"DELETE FROM "blog_post" AS t WHERE t."id" = ?1 RETURNING 1 <- 7"#])
    #expect(try sqlite.operation(.destroy, ["id": 7]).isWrite)
    let postgresql = try PlanFixture(Self.post, on: .postgresql)
    #expect(
      try postgresql.steps(.destroy, ["id": 7]) == [
        #"WITH pillion_row AS (DELETE FROM "blog_post" AS t WHERE t."id" = $1 RETURNING t.*) SELECT 1 FROM pillion_row <- x'0000000000000007'"#
      ])
  }

  static let member = """
    models:
      Member:
        primary_key: [tenant, number]
        fields:
          number: { type: int32 }
          tenant: { type: string }
          name: { type: string }
    """

  /// Composite keys find their row in the order of the key, whatever the order of the fields.
  @Test func compositeKey() throws {
    let sqlite = try PlanFixture(Self.member, model: "Member", on: .sqlite)
    #expect(
      try sqlite.steps(.retrieve, ["number": 2, "tenant": "acme"]) == [
        #"SELECT t."number", t."tenant", t."name" FROM "member" AS t WHERE t."tenant" = ?1 AND t."number" = ?2 <- 'acme', 2"#
      ])
    let postgresql = try PlanFixture(Self.member, model: "Member", on: .postgresql)
    #expect(
      try postgresql.steps(.destroy, ["tenant": "acme", "number": 2]) == [
        #"WITH pillion_row AS (DELETE FROM "member" AS t WHERE t."tenant" = $1 AND t."number" = $2 RETURNING t.*) SELECT 1 FROM pillion_row <- 'acme', x'0000000000000002'"#
      ])
    #expect(try sqlite.list().0.sql.hasSuffix(#"ORDER BY t."tenant", t."number""#))
  }

  @Test func lookupField() throws {
    let yaml = """
      models:
        Post:
          fields:
            id: { type: int64, primary_key: true }
            slug: { type: string, unique: true }
          service: { lookup_field: slug, lookup_request_field: name }
      """
    let fixture = try PlanFixture(yaml, on: .sqlite)
    #expect(
      try fixture.steps(.retrieve, ["name": "a"]) == [
        #"SELECT t."id", t."slug" FROM "post" AS t WHERE t."slug" = ?1 <- 'a'"#
      ])
    #expect(
      try fixture.steps(.destroy, ["name": "a"]) == [#"DELETE FROM "post" AS t WHERE t."slug" = ?1 RETURNING 1 <- 'a'"#]
    )
  }

  @Test func malformedLookup() throws {
    let yaml = "models:\n  Post:\n    fields:\n      id: { type: uuid, primary_key: true }\n"
    for dialect in Dialect.allCases {
      let fixture = try PlanFixture(yaml, on: dialect)
      #expect(try fixture.violations(.retrieve, ["id": "nonsense"]).count == 1)
      #expect(try fixture.violations(.destroy, ["id": "nonsense"]).first?.hasPrefix("id: ") == true)
    }
  }

  /// NULLs order as on PostgreSQL: SQLite is told so, where a NULL can be.
  @Test func orders() throws {
    let sqlite = try PlanFixture(Self.post, on: .sqlite)
    let list = #"SELECT t."id", t."headline", t."published" FROM "blog_post" AS t ORDER BY "#
    #expect(try sqlite.list().0.sql == list + #"t."published" DESC NULLS FIRST, t."id""#)
    #expect(try sqlite.list([("published", false)]).0.sql == list + #"t."published" NULLS LAST, t."id""#)
    #expect(try sqlite.list([("id", true), ("title", false)]).0.sql == list + #"t."id" DESC, t."headline""#)
    let postgresql = try PlanFixture(Self.post, on: .postgresql)
    #expect(try postgresql.list().0.sql.hasSuffix(#" ORDER BY t."published" DESC, t."id""#))
    #expect(try postgresql.list([("published", false)]).0.sql.hasSuffix(#" ORDER BY t."published", t."id""#))
  }

  @Test func limits() throws {
    let (statement, parameters) = try PlanFixture(Self.post, on: .sqlite).list(limit: 25)
    #expect(statement.sql.hasSuffix(#"t."id" LIMIT ?1"#))
    // One more than the page, to know whether another follows.
    #expect(parameters.described(0) == "26")
    let (other, values) = try PlanFixture(Self.post, on: .postgresql).list(limit: 25)
    #expect(other.sql.hasSuffix(#"t."id" LIMIT $1"#) && values.described(0) == "x'000000000000001a'")
    #expect(other.parameterTypes == [20])
    #expect(try PlanFixture(Self.post, on: .sqlite).list().1.entries.isEmpty)
  }

  /// One text is one statement, prepared once; the cache does not grow without end.
  @Test func statementsAreKept() throws {
    let fixture = try PlanFixture(Self.post, on: .sqlite)
    let first = try fixture.list([("title", false)]).0
    #expect(try fixture.list([("title", false)]).0 === first)
    #expect(try fixture.list([("title", false)], limit: 1).0 !== first)
    #expect(try fixture.list([("title", true)]).0 !== first)
    #expect(try fixture.list(limit: 1).0 === fixture.list(limit: 2).0)
  }

  /// A model without a key can only be listed, in the order that it says.
  @Test func noKey() throws {
    let yaml = """
      models:
        Visit:
          fields: { page: { type: string }, count: { type: int64 } }
          service: { actions: [List] }
      """
    let fixture = try PlanFixture(yaml, model: "Visit", on: .postgresql)
    #expect(try fixture.list().0.sql == #"SELECT t."page"::text, t."count"::int8 FROM "visit" AS t"#)
    #expect(fixture.plans.unary.isEmpty)
  }

  @Test func onlyTheActionsOfTheService() throws {
    let yaml = """
      models:
        Post:
          fields: { id: { type: int64, primary_key: true }, title: { type: string } }
          service: { actions: [Retrieve, Destroy], fields: [title] }
      """
    let fixture = try PlanFixture(yaml, on: .sqlite)
    #expect(Set(fixture.plans.unary.keys) == [.retrieve, .destroy] && fixture.plans.list == nil)
    #expect(
      try fixture.steps(.retrieve, ["id": 1]) == [#"SELECT t."title" FROM "post" AS t WHERE t."id" = ?1 <- 1"#])
  }

  /// With nothing to send a row is still a row.
  @Test func nothingToSend() throws {
    let yaml = """
      models:
        Secret:
          fields: { id: { type: int64, primary_key: true, write_only: true } }
          service: { actions: [Retrieve] }
      """
    let fixture = try PlanFixture(yaml, model: "Secret", on: .sqlite)
    #expect(try fixture.steps(.retrieve, ["id": 1]) == [#"SELECT 1 FROM "secret" AS t WHERE t."id" = ?1 <- 1"#])
  }
}
