import PillionDatabase
import PillionSchema
import Testing

/// The SQL of writes and deletes with many_to_many fields.
@Suite struct RelationPlanTests {
  static let blog = """
    models:
      Post:
        fields:
          id: { type: int64, primary_key: true }
          title: { type: string }
          tags: { type: many_to_many, model: Tag, through: post_tag, source: post, target: tag }
      Tag:
        fields:
          id: { type: int32, primary_key: true }
          name: { type: string }
    """
  private static let remove =
    #"DELETE FROM "post_tag" WHERE "post" = ?2 AND "tag" NOT IN (SELECT value FROM json_each(?1))"#
  private static let add =
    #"INSERT INTO "post_tag" ("post", "tag") SELECT DISTINCT ?2, k.value FROM json_each(?1) AS k WHERE NOT EXISTS (SELECT 1 FROM "post_tag" AS j WHERE j."post" = ?2 AND j."tag" = k.value)"#
  private static let select =
    #"SELECT t."id", t."title", (SELECT json_group_array("tag") FROM (SELECT j."tag" FROM "post_tag" AS j WHERE j."post" = t."id" ORDER BY 1)) FROM "post" AS t WHERE t."id" = ?1"#

  @Test func sqlite() throws {
    let fixture = try PlanFixture(Self.blog, on: .sqlite)
    #expect(try fixture.steps(.retrieve, ["id": 7]) == [Self.select + " <- 7"])
    #expect(
      try fixture.steps(.create, ["title": "x", "tags": [3, 1]]) == [
        #"INSERT INTO "post" AS t ("title") VALUES (?1) RETURNING "id" <- 'x'"#, Self.remove + " <- '[3,1]', captured",
        Self.add + " <- '[3,1]', captured", Self.select + " <- captured",
      ])
    #expect(
      try fixture.steps(.update, ["id": 7, "title": "x"]) == [
        #"UPDATE "post" AS t SET "title" = ?1 WHERE t."id" = ?2 RETURNING "id" <- 'x', 7"#,
        Self.remove + " <- '[]', captured", Self.add + " <- '[]', captured", Self.select + " <- captured",
      ])
  }

  /// Without keys a Create does not touch the join table; a PartialUpdate does only with `is_tags_set`.
  @Test func sqlitePresence() throws {
    let fixture = try PlanFixture(Self.blog, on: .sqlite)
    #expect(try fixture.steps(.create, ["title": "x"]).count == 2)
    #expect(try fixture.steps(.partialUpdate, ["id": 7, "tags": [1]]) == [Self.select + " <- 7"])
    #expect(
      try fixture.steps(.partialUpdate, ["id": 7, "is_tags_set": 1]) == [
        #"SELECT t."id" FROM "post" AS t WHERE t."id" = ?1 <- 7"#, Self.remove + " <- '[]', captured",
        Self.add + " <- '[]', captured", Self.select + " <- captured",
      ])
    #expect(try fixture.operation(.partialUpdate, ["id": 7, "is_tags_set": 1]).isWrite)
    #expect(try fixture.steps(.partialUpdate, ["id": 7, "title": "x", "tags": [2], "is_tags_set": 1]).count == 4)
  }

  @Test func postgresqlIsOneStatement() throws {
    let fixture = try PlanFixture(Self.blog, on: .postgresql)
    let parts =
      #", pillion_gone0 AS (DELETE FROM "post_tag" AS j USING pillion_row WHERE j."post" = pillion_row."id" AND NOT j."tag" = ANY($2::integer[])), pillion_come0 AS (INSERT INTO "post_tag" ("post", "tag") SELECT DISTINCT pillion_row."id", k FROM pillion_row, unnest($2::integer[]) AS k WHERE NOT EXISTS (SELECT 1 FROM "post_tag" AS j WHERE j."post" = pillion_row."id" AND j."tag" = k) ON CONFLICT DO NOTHING) SELECT t."id"::int8, t."title"::text, ARRAY(SELECT DISTINCT k FROM unnest($2::integer[]) AS k ORDER BY 1)::int8[] FROM pillion_row AS t"#
    let steps = try fixture.steps(.create, ["title": "x", "tags": [3]])
    #expect(steps.count == 1)
    #expect(
      planParts(steps[0]).sql
        == #"WITH pillion_row AS (INSERT INTO "post" AS t ("title") VALUES ($1) RETURNING t.*)"# + parts)
    let update = try fixture.steps(.partialUpdate, ["id": 7, "is_tags_set": 1])
    #expect(update.count == 1)
    #expect(
      planParts(update[0]).sql.hasPrefix(
        #"WITH pillion_row AS (SELECT t.* FROM "post" AS t WHERE t."id" = $1 FOR UPDATE), pillion_gone0 AS "#))
  }

  /// A row goes together with what join tables hold of it, from either side, and each join table once.
  @Test func destroy() throws {
    let yaml = """
      models:
        Post:
          fields:
            id: { type: int64, primary_key: true }
            tags: { type: many_to_many, model: Tag, through: post_tag, source: post, target: tag }
            related: { type: many_to_many, model: Post, through: link }
        Tag:
          fields:
            id: { type: int64, primary_key: true }
            posts: { type: many_to_many, model: Post, through: post_tag, source: tag, target: post }
      """
    let post = try PlanFixture(yaml, on: .sqlite)
    func joined(_ table: String, _ column: String) -> String {
      #"DELETE FROM "\#(table)" WHERE "\#(column)" = ?1 <- captured"#
    }
    #expect(
      try post.steps(.destroy, ["id": 7]) == [
        #"SELECT t."id" FROM "post" AS t WHERE t."id" = ?1 <- 7"#,
        joined("post_tag", "post"), joined("link", "from_post_id"), joined("link", "to_post_id"),
        #"DELETE FROM "post" WHERE "id" = ?1 RETURNING 1 <- captured"#,
      ])
    let tag = try PlanFixture(yaml, model: "Tag", on: .postgresql)
    #expect(
      planParts(try tag.steps(.destroy, ["id": 7])[0]).sql
        == #"WITH pillion_row AS (DELETE FROM "tag" AS t WHERE t."id" = $1 RETURNING t.*), pillion_gone0 AS (DELETE FROM "post_tag" AS j USING pillion_row WHERE j."tag" = pillion_row."id") SELECT 1 FROM pillion_row"#
    )
  }
}
