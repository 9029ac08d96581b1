import PillionDatabase
import PillionSchema
import Testing

/// The SQL of rows inside rows: always in the one statement that selects or writes the row.
@Suite struct ExpansionPlanTests {
  static let blog = """
    models:
      Post:
        fields:
          id: { type: int64, primary_key: true }
          title: { type: string }
          author: { type: foreign_key, model: User, null: true, expand: true }
          tags: { type: many_to_many, model: Tag, through: post_tag, source: post, target: tag, expand: true }
          notes: { type: reverse, model: Note, field: post, limit: 2, ordering: [-text] }
        service: { filter: title != hidden }
      User:
        fields:
          id: { type: int64, primary_key: true }
          name: { type: string }
          posts: { type: reverse, model: Post, field: author, expand: true }
        service: { filter: name != ghost }
      Tag:
        fields:
          id: { type: int32, primary_key: true }
          word: { type: string }
        ordering: [word]
      Note:
        fields:
          id: { type: int64, primary_key: true }
          post: { type: foreign_key, model: Post }
          text: { type: string }
    """

  @Test func listOnPostgreSQL() throws {
    let (statement, parameters) = try PlanFixture(Self.blog, on: .postgresql).list(limit: 10)
    #expect(
      statement.sql == #"SELECT t."id"::int8, t."title"::text, "#
        + #"(SELECT ROW(r1."id"::int8, r1."name"::text) FROM "user" AS r1 WHERE r1."id" = t."author" AND (r1."name" <> $1) LIMIT 1), "#
        + #"ARRAY(SELECT ROW(r2."id"::int8, r2."word"::text) FROM "post_tag" AS j_r2 JOIN "tag" AS r2 ON r2."id" = j_r2."tag" WHERE j_r2."post" = t."id" ORDER BY r2."word", r2."id"), "#
        + #"ARRAY(SELECT r3."id" FROM "note" AS r3 WHERE r3."post" = t."id" ORDER BY r3."text" DESC, r3."id" LIMIT 2)::int8[], "#
        + #"t."author"::int8, ARRAY(SELECT j."tag" FROM "post_tag" AS j WHERE j."post" = t."id" ORDER BY 1)::int8[] "#
        + #"FROM "post" AS t WHERE (t."title" <> $2) ORDER BY t."id" LIMIT $3"#)
    // The values of related scopes, the scope's own, the limit.
    #expect(
      parameters.entries.indices.map { parameters.described($0) } == ["'ghost'", "'hidden'", "x'000000000000000b'"])
  }

  @Test func listOnSQLite() throws {
    let (statement, parameters) = try PlanFixture(Self.blog, on: .sqlite).list()
    #expect(
      statement.sql == #"SELECT t."id", t."title", "#
        + #"(SELECT pillion_row(r1."id", r1."name") FROM "user" AS r1 WHERE r1."id" = t."author" AND (r1."name" <> ?1) LIMIT 1), "#
        + #"(SELECT pillion_list(i) FROM (SELECT pillion_row(r2."id", r2."word") AS i FROM "post_tag" AS j_r2 JOIN "tag" AS r2 ON r2."id" = j_r2."tag" WHERE j_r2."post" = t."id" ORDER BY r2."word", r2."id")), "#
        + #"(SELECT pillion_list(i) FROM (SELECT r3."id" AS i FROM "note" AS r3 WHERE r3."post" = t."id" ORDER BY r3."text" DESC, r3."id" LIMIT 2)), "#
        + #"t."author", (SELECT json_group_array("tag") FROM (SELECT j."tag" FROM "post_tag" AS j WHERE j."post" = t."id" ORDER BY 1)) "#
        + #"FROM "post" AS t WHERE (t."title" <> ?2) ORDER BY t."id""#)
    #expect(parameters.entries.indices.map { parameters.described($0) } == ["'ghost'", "'hidden'"])
  }

  @Test func parametersOfRelatedScopesComeLastInOperations() throws {
    let sqlite = try PlanFixture(Self.blog, on: .sqlite)
    #expect(try sqlite.steps(.retrieve, ["id": 7]).map(tail) == ["7, 'hidden', 'ghost'"])
    #expect(try sqlite.steps(.create, ["title": "x"]).map(tail) == ["'x', NULL", "'ghost', captured"])
    let postgresql = try PlanFixture(Self.blog, on: .postgresql)
    #expect(try postgresql.steps(.create, ["title": "x"]).map(tail) == ["'x', NULL, 'ghost'"])
  }

  @Test func aModelOnTheWayIsNotExpandedAgain() throws {
    let (statement, _) = try PlanFixture(Self.blog, model: "User", on: .sqlite).list()
    #expect(statement.sql.contains(#"(SELECT pillion_list(i) FROM (SELECT pillion_row(r1."id", r1."title", (SELECT"#))
    #expect(!statement.sql.contains(#""user" AS r"#))
  }

  @Test func aWriteSeesItsOwnRow() throws {
    let tree = """
      models:
        Node:
          fields:
            id: { type: int64, primary_key: true }
            above: { type: foreign_key, model: Node, null: true, expand: true }
      """
    let step = try PlanFixture(tree, model: "Node", on: .postgresql).steps(.create, ["id": 1])
    #expect(
      step.first?.hasPrefix(
        #"INSERT INTO "node" AS t ("id", "above") VALUES ($1, $2) RETURNING t."id"::int8, (SELECT ROW(r1."id"::int8, r1."above"::int8) FROM (SELECT t.* UNION ALL SELECT s.* FROM "node" AS s WHERE NOT (s."id" = t."id")) AS r1 WHERE r1."id" = t."above" LIMIT 1), t."above"::int8 <- "#
      ) == true, "\(step)")
  }

  @Test func moreColumnsThanAFunctionTakes() throws {
    let fields = (0..<250).map { "      f\($0): { type: int32 }" }.joined(separator: "\n")
    let wide = """
      models:
        Post:
          fields:
            id: { type: int64, primary_key: true }
            wide: { type: foreign_key, model: Wide, expand: true }
        Wide:
          fields:
            id: { type: int64, primary_key: true }
      \(fields.replacing("      f", with: "      f"))
      """
    let (statement, _) = try PlanFixture(wide, on: .sqlite).list()
    #expect(statement.sql.contains("pillion_join(pillion_row("))
    #expect(statement.sql.components(of: "pillion_row(") == 3)
  }

  private func tail(_ step: String) -> String {
    step.split(separator: " <- ", omittingEmptySubsequences: false).last.map(String.init) ?? ""
  }
}

extension String {
  /// How often a text is in it.
  fileprivate func components(of text: String) -> Int {
    split(separator: text, omittingEmptySubsequences: false).count - 1
  }
}
