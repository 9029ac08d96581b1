import PillionDatabase
import PillionSchema
import Testing

/// The SQL of Create, Update and PartialUpdate of columns.
@Suite struct WritePlanTests {
  static let post = """
    models:
      Post:
        fields:
          id: { type: int64, primary_key: true }
          title: { type: string }
          body: { type: string, null: true }
          views: { type: int32, default: 5 }
          state: { type: string, default: draft, read_only: true }
          created: { type: timestamp, auto_now_add: true }
          changed: { type: timestamp, auto_now: true }
    """
  static let columns = #"t."id", t."title", t."body", t."views", t."state", t."created", t."changed""#
  static let now = "'2024-02-29T12:00:00.000000Z'"

  @Test func createLeavesAGeneratedKeyToTheDatabase() throws {
    let fixture = try PlanFixture(Self.post, on: .sqlite)
    #expect(
      try fixture.steps(.create, ["title": "x"]) == [
        #"INSERT INTO "post" AS t ("title", "body", "views", "state", "created", "changed") VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING "id" <- 'x', NULL, 5, 'draft', \#(Self.now), \#(Self.now)"#,
        #"SELECT \#(Self.columns) FROM "post" AS t WHERE t."id" = ?1 <- captured"#,
      ])
  }

  /// A key that is set is taken, a zero too.
  @Test(arguments: [0, 9] as [Int64])
  func createWithAKey(_ key: Int64) throws {
    let fixture = try PlanFixture(Self.post, on: .sqlite)
    let steps = try fixture.steps(.create, ["id": .int(key), "title": "x", "views": 0, "body": "b"])
    #expect(
      steps[0]
        == #"INSERT INTO "post" AS t ("id", "title", "body", "views", "state", "created", "changed") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING "id" <- \#(key), 'x', 'b', 0, 'draft', \#(Self.now), \#(Self.now)"#
    )
  }

  @Test func createOnPostgreSQLIsOneStatement() throws {
    let fixture = try PlanFixture(Self.post, on: .postgresql)
    // 2024-02-29T12:00:00Z in microseconds since 2000.
    let now = "x'0002b582c4781000'"
    let steps = try fixture.steps(.create, ["title": "x"])
    #expect(steps.count == 1)
    let (sql, values) = planParts(steps[0])
    #expect(
      sql
        == #"INSERT INTO "post" AS t ("title", "body", "views", "state", "created", "changed") VALUES ($1, $2, $3, $4, $5, $6) RETURNING t."id"::int8, t."title"::text, t."body"::text, t."views"::int8, t."state"::text, t."created"::timestamptz, t."changed"::timestamptz"#
    )
    #expect(values == "'x', NULL, x'0000000000000005', 'draft', \(now), \(now)")
    #expect(
      try fixture.operation(.create, ["title": "x"]).steps[0].statement.parameterTypes == [0, 0, 20, 0, 1184, 1184])
  }

  /// Rows whose columns are all that is written go together; the count says that none was kept out.
  @Test func createsThatGoTogether() throws {
    let fixture = try PlanFixture(Self.post, on: .postgresql)
    let step = try fixture.operation(.create, ["title": "x"]).steps[0]
    guard case .inserts(let gathering)? = step.gathering else { throw TestFailure("not gathered") }
    let (statement, rows) = try #require(gathering.statement(forUpTo: 3))
    let columns = #""title", "body", "views", "state", "created", "changed""#
    let list =
      #"t."id"::int8, t."title"::text, t."body"::text, t."views"::int8, t."state"::text, t."created"::timestamptz, t."changed"::timestamptz"#
    #expect(rows == 2)
    #expect(
      statement.sql
        == #"WITH pillion_row AS (INSERT INTO "post" AS t (\#(columns)) VALUES ($1, $2, $3, $4, $5, $6), ($7, $8, $9, $10, $11, $12) RETURNING t.*) SELECT \#(list) FROM pillion_row AS t WHERE (SELECT 1 / (count(*) = 2)::integer FROM pillion_row) = 1"#
    )
    #expect(statement.parameterTypes == step.statement.parameterTypes + step.statement.parameterTypes)
    #expect(gathering.statement(forUpTo: 1)?.rows == nil)
    #expect([2, 4, 31, 32, 1000].map { gathering.statement(forUpTo: $0)?.rows } == [2, 4, 16, 32, 32])
    #expect(gathering.statement(forUpTo: 2)?.statement === statement)
    #expect(try fixture.operation(.update, ["id": 1, "title": "x"]).steps[0].gathering == nil)
    let filtered = try PlanFixture(Self.post, on: .postgresql, filters: ["Post": "views < 9"])
    #expect(try filtered.operation(.create, ["title": "x"]).steps[0].gathering == nil)
  }

  @Test func createWithNothingToWrite() throws {
    let yaml = "models:\n  Tick:\n    fields:\n      id: { type: int64, primary_key: true }\n"
    #expect(
      try PlanFixture(yaml, model: "Tick", on: .sqlite).steps(.create, [:])[0]
        == #"INSERT INTO "tick" AS t DEFAULT VALUES RETURNING "id" <- "#)
    #expect(
      try PlanFixture(yaml, model: "Tick", on: .postgresql).steps(.create, [:])
        == [#"INSERT INTO "tick" AS t DEFAULT VALUES RETURNING t."id"::int8 <- "#])
    // An update of it has nothing to write either, and only reads.
    let fixture = try PlanFixture(yaml, model: "Tick", on: .sqlite)
    #expect(try fixture.steps(.update, ["id": 3]) == [#"SELECT t."id" FROM "tick" AS t WHERE t."id" = ?1 <- 3"#])
    #expect(try fixture.operation(.update, ["id": 3]).isWrite == false)
  }

  /// Update writes every writable field: unset is zero, NULL or the default. The key, read-only fields and `auto_now_add`
  /// stay.
  @Test func update() throws {
    let fixture = try PlanFixture(Self.post, on: .sqlite)
    #expect(
      try fixture.steps(.update, ["id": 7]) == [
        #"UPDATE "post" AS t SET "title" = ?1, "body" = ?2, "views" = ?3, "changed" = ?4 WHERE t."id" = ?5 RETURNING "id" <- '', NULL, 5, \#(Self.now), 7"#,
        #"SELECT \#(Self.columns) FROM "post" AS t WHERE t."id" = ?1 <- captured"#,
      ])
    let postgresql = try PlanFixture(Self.post, on: .postgresql).steps(.update, ["id": 7, "title": "x", "body": "y"])
    #expect(
      postgresql.count == 1
        && postgresql[0].hasPrefix(
          #"UPDATE "post" AS t SET "title" = $1, "body" = $2, "views" = $3, "changed" = $4 WHERE t."id" = $5 RETURNING t."id"::int8, "#
        ))
  }

  /// A nullable field that is unset becomes NULL in an Update, whatever its default; in a Create it takes the default.
  @Test func nullableWithADefault() throws {
    let yaml = """
      models:
        Post:
          fields: { id: { type: int64, primary_key: true }, mood: { type: string, null: true, default: fine } }
      """
    let fixture = try PlanFixture(yaml, on: .sqlite)
    #expect(planParts(try fixture.steps(.create, [:])[0]).values == "'fine'")
    #expect(planParts(try fixture.steps(.create, ["mood": nil])[0]).values == "NULL")
    #expect(planParts(try fixture.steps(.create, ["mood": "low"])[0]).values == "'low'")
    #expect(planParts(try fixture.steps(.update, ["id": 1])[0]).values == "NULL, 1")
  }

  @Test func partialUpdateWritesWhatIsPresent() throws {
    let fixture = try PlanFixture(Self.post, on: .sqlite)
    let answer = #"SELECT \#(Self.columns) FROM "post" AS t WHERE t."id" = ?1 <- captured"#
    #expect(
      try fixture.steps(.partialUpdate, ["id": 7, "title": ""]) == [
        #"UPDATE "post" AS t SET "title" = ?1, "changed" = ?2 WHERE t."id" = ?3 RETURNING "id" <- '', \#(Self.now), 7"#,
        answer,
      ])
    #expect(
      try fixture.steps(.partialUpdate, ["id": 7, "body": nil, "views": 0]) == [
        #"UPDATE "post" AS t SET "body" = ?1, "views" = ?2, "changed" = ?3 WHERE t."id" = ?4 RETURNING "id" <- NULL, 0, \#(Self.now), 7"#,
        answer,
      ])
  }

  /// With nothing present it only reads; `auto_now` is not a reason to write.
  @Test func partialUpdateOfNothing() throws {
    let fixture = try PlanFixture(Self.post, on: .sqlite)
    #expect(
      try fixture.steps(.partialUpdate, ["id": 7]) == [
        #"SELECT \#(Self.columns) FROM "post" AS t WHERE t."id" = ?1 <- 7"#
      ])
    #expect(try fixture.operation(.partialUpdate, ["id": 7]).isWrite == false)
    #expect(try fixture.operation(.partialUpdate, ["id": 7, "title": "x"]).isWrite)
  }

  /// The same set of fields finds the same statements again.
  @Test func statementsAreKept() throws {
    let fixture = try PlanFixture(Self.post, on: .postgresql)
    func statement(_ request: PlanRequest) throws -> Int {
      try fixture.operation(.partialUpdate, request).steps[0].statement.id
    }
    let first = try statement(["id": 1, "title": "x"])
    #expect(try statement(["id": 2, "title": "y"]) == first)
    #expect(try statement(["id": 2, "body": "y"]) != first)
    #expect(try statement(["id": 2, "title": "y", "body": nil]) != first)
  }

  @Test func compositeKey() throws {
    let fixture = try PlanFixture(ReadPlanTests.member, model: "Member", on: .sqlite)
    #expect(
      try fixture.steps(.create, ["tenant": "acme", "number": 2, "name": "Jo"]) == [
        #"INSERT INTO "member" AS t ("number", "tenant", "name") VALUES (?1, ?2, ?3) RETURNING "tenant", "number" <- 2, 'acme', 'Jo'"#,
        #"SELECT t."number", t."tenant", t."name" FROM "member" AS t WHERE t."tenant" = ?1 AND t."number" = ?2 <- captured"#,
      ])
    #expect(
      try fixture.steps(.partialUpdate, ["tenant": "acme", "number": 2, "name": "Jo"])[0]
        == #"UPDATE "member" AS t SET "name" = ?1 WHERE t."tenant" = ?2 AND t."number" = ?3 RETURNING "tenant", "number" <- 'Jo', 'acme', 2"#
    )
  }

  /// Every violation is reported, and nothing is written.
  @Test func violations() throws {
    let yaml = """
      models:
        Post:
          fields:
            id: { type: uuid, primary_key: true }
            due: { type: date }
            price: { type: decimal, null: true }
            at: { type: timestamp }
            size: { type: uint64 }
      """
    let request: PlanRequest = ["id": "x", "due": "tomorrow", "price": "1e5", "size": -1]
    let sqlite = try PlanFixture(yaml, on: .sqlite).violations(.update, request)
    #expect(sqlite.map { $0.prefix { $0 != ":" } } == ["id", "due", "price", "at", "size"])
    #expect(sqlite.contains("at: is required"))
    // PostgreSQL's numeric(20) holds every uint64.
    let postgresql = try PlanFixture(yaml, on: .postgresql).violations(.create, request)
    #expect(postgresql.map { $0.prefix { $0 != ":" } } == ["id", "due", "price", "at"])
  }

  /// More writable fields than a machine word has bits.
  @Test func manyFields() throws {
    let fields = (1...130).map { "      f\($0): { type: int32 }" }.joined(separator: "\n")
    let yaml = "models:\n  Wide:\n    fields:\n      id: { type: int64, primary_key: true }\n\(fields)\n"
    let fixture = try PlanFixture(yaml, model: "Wide", on: .sqlite)
    #expect(
      try fixture.steps(.partialUpdate, ["id": 1, "f1": 10, "f64": 64, "f65": 65, "f130": 130])[0]
        == #"UPDATE "wide" AS t SET "f1" = ?1, "f64" = ?2, "f65" = ?3, "f130" = ?4 WHERE t."id" = ?5 RETURNING "id" <- 10, 64, 65, 130, 1"#
    )
    #expect(try fixture.operation(.update, ["id": 1]).parameters.entries.count == 131)
  }
}

/// SQL and parameters of a described step.
func planParts(_ step: String) -> (sql: String, values: String) {
  guard let arrow = step.firstRange(of: " <- ") else { return (step, "") }
  return (String(step[..<arrow.lowerBound]), String(step[arrow.upperBound...]))
}
