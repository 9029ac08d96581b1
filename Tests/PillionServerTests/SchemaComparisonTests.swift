import PillionDatabase
import PillionSchema
import PillionServer
import Testing

/// What `check` asks a database, and what it makes of the answers.
@Suite struct SchemaComparisonTests {
  /// Answers with no rows, or refuses statements that hold a text.
  private final class Database: AdminConnection {
    let dialect: Dialect
    let refused: [String: String]
    private(set) var asked: [String] = []

    init(_ dialect: Dialect, refused: [String: String] = [:]) {
      self.dialect = dialect
      self.refused = refused
    }

    func execute(_ statements: [String]) throws(DatabaseError) { asked += statements }

    func query(_ sql: String) throws(DatabaseError) -> [[String?]] {
      asked.append(sql)
      if let (_, message) = refused.first(where: { sql.contains($0.key) }) {
        throw DatabaseError(.sqlState("42846"), message)
      }
      return []
    }
  }

  private func schema() throws -> Schema {
    let yaml = """
      models:
        Post:
          table: blog.post
          fields:
            id: { type: int64, primary_key: true }
            pages: { type: int32, column: "page\\"s" }
            reading: { type: duration, computed: true }
            labels: { type: array, items: decimal }
            tags: { type: many_to_many, model: Tag, through: blog.post_tag, source: post, target: tag }
        Tag:
          table: tag
          fields: { name: { type: string, primary_key: true } }
      """
    let (schema, diagnostics) = SchemaLoader.load(files: [("blog.yaml", yaml)])
    return try #require(schema, "\(diagnostics)")
  }

  /// Columns are selected as plans select them, so that PostgreSQL checks the casts; no row is read.
  @Test func postgresql() throws {
    let database = Database(.postgresql)
    #expect(SchemaComparison(schema: try schema(), connection: database).findings.isEmpty)
    #expect(
      database.asked.filter { $0.hasSuffix(" LIMIT 0") } == [
        #"SELECT 1 FROM "blog"."post" AS t LIMIT 0"#,
        #"SELECT t."id"::int8, t."page""s"::int8, t."labels"::numeric[]::text[] FROM "blog"."post" AS t LIMIT 0"#,
        #"SELECT t."post"::int8, t."tag"::text FROM "blog"."post_tag" AS t LIMIT 0"#,
        #"SELECT 1 FROM "tag" AS t LIMIT 0"#, #"SELECT t."name"::text FROM "tag" AS t LIMIT 0"#,
      ])
  }

  /// Only a model that the database refuses is asked about column by column, to find all that is wrong with it.
  @Test func findings() throws {
    let database = Database(
      .postgresql,
      refused: ["page\"\"s": "cannot cast type bytea to bigint", "\"tag\" AS t": "relation \"tag\" does not exist"])
    let findings = SchemaComparison(schema: try schema(), connection: database).findings
    #expect(findings.map(\.code) == [.unreadable, .missingTable])
    #expect(
      findings.map { "\($0.diagnostic.location): \($0.diagnostic.message)" } == [
        "blog.yaml:6:7: the database says: cannot cast type bytea to bigint",
        "blog.yaml:10:3: table 'tag' of blog.Tag cannot be read; the database says: relation \"tag\" does not exist",
      ])
    #expect(
      findings.last?.diagnostic.suggestion
        == "create it, for instance by `pillion schema --apply`:\nCREATE TABLE \"tag\" (\n  \"name\" text NOT NULL,\n  PRIMARY KEY (\"name\")\n);"
    )
  }

  /// SQLite needs no casts and takes a bare name for a text, so names are qualified.
  @Test func sqlite() throws {
    let database = Database(.sqlite)
    #expect(SchemaComparison(schema: try schema(), connection: database).findings.isEmpty)
    #expect(database.asked.contains(#"SELECT t."id", t."page""s", t."labels" FROM "blog"."post" AS t LIMIT 0"#))
    #expect(
      database.asked.contains(
        "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo('post', 'blog')"))
  }
}
