import PillionDatabase
import PillionQuery
import PillionSchema
import PillionWire
import Testing

/// Fields that hooks fill in: no statement has them, and what they are made of is read for a mask that names them.
@Suite struct ComputedFieldTests {
  private static let blog = """
    models:
      Post:
        fields:
          id: { type: int64, primary_key: true }
          title: { type: string }
          minutes: { type: int32, computed: true }
          words: { type: array, items: string, computed: true }
          author: { type: foreign_key, model: User, expand: true }
      User:
        fields:
          id: { type: int64, primary_key: true }
          name: { type: string }
          label: { type: string, null: true, computed: true }
    """

  private func rows(_ fields: FieldSelection, isPresented: Bool) throws -> BoundList {
    let fixture = try PlanFixture(Self.blog, on: .sqlite, isPresented: isPresented)
    var query = ListQuery()
    query.fields = fields
    return try #require(fixture.plans.list).bind(query)
  }

  private static let author =
    #"(SELECT pillion_row(a1."id", a1."name") FROM "user" AS a1 WHERE a1."id" = t."author" LIMIT 1)"#

  @Test(arguments: [Dialect.sqlite, .postgresql]) func noStatementHasThem(_ dialect: Dialect) throws {
    let fixture = try PlanFixture(Self.blog, on: dialect)
    var statements = try fixture.steps(.retrieve, ["id": 7]) + fixture.steps(.create, ["title": "a", "minutes": 5])
    statements += try fixture.steps(.update, ["id": 7, "title": "a", "minutes": 5])
    statements += try fixture.steps(.partialUpdate, ["id": 7]) + [fixture.list().0.sql]
    statements += SchemaDDL(schema: fixture.schema, dialect: dialect).statements()
    for statement in statements {
      #expect(["minutes", "words", "label"].allSatisfy { !statement.contains($0) })
    }
  }

  @Test func aFilterOnOneIsAMistake() throws {
    let fixture = try PlanFixture(Self.blog, on: .sqlite)
    for text in ["minutes > 3", "words:\"a\"", "author.label = null", "isnull(minutes)"] {
      #expect(throws: QueryError.self) {
        try Filter.parse(text, model: fixture.model, schema: fixture.schema, limits: FilterLimits())
      }
    }
    let error = #expect(throws: QueryError.self) {
      try Filter.parse(
        "title = \"a\" AND minutes > 3", model: fixture.model, schema: fixture.schema, limits: FilterLimits(),
        isTrusted: true)
    }
    #expect(error?.message == "`minutes` is computed, not stored, and takes no part in queries")
    #expect(error?.position == 17)
  }

  /// With nobody to fill it in there is nothing to read for it either.
  @Test func masksWithoutHooks() throws {
    let bound = try rows(FieldSelection(values: [1, 2]), isPresented: false)
    #expect(bound.statement.sql.hasPrefix(#"SELECT t."title" FROM"#) && bound.mask == nil)
  }

  @Test func aMaskThatNamesOneReadsTheWholeRow() throws {
    let bound = try rows(FieldSelection(values: [1, 2]), isPresented: true)
    #expect(bound.statement.sql.contains(#"t."id", t."title", "#) && bound.statement.sql.contains(#""name""#))
    // id = 1, title = "a", minutes = 3, words = ["w"], author = {id: 1, name: "n"}
    let row: [UInt8] = [8, 1, 18, 1, 97, 24, 3, 34, 1, 119, 42, 5, 8, 1, 18, 1, 110]
    #expect(try bound.mask?.applied(to: row) == [18, 1, 97, 24, 3])
  }

  @Test func otherMasksReadWhatTheyName() throws {
    let bound = try rows(FieldSelection(values: [1]), isPresented: true)
    #expect(bound.statement.sql.hasPrefix(#"SELECT t."title" FROM"#))
    // Hooks fill in what they like; what goes out is what was asked for.
    #expect(try bound.mask?.applied(to: [18, 1, 97, 24, 3]) == [18, 1, 97])
  }

  @Test func masksOfRowsInRows() throws {
    let named = FieldSelection(rows: [4: FieldSelection(values: [1])])
    var bound = try rows(named, isPresented: true)
    #expect(!bound.statement.sql.contains("title"))
    let row: [UInt8] = [8, 1, 24, 3, 42, 8, 8, 1, 18, 1, 110, 26, 1, 120]
    #expect(try bound.mask?.applied(to: row) == [42, 3, 18, 1, 110])
    bound = try rows(FieldSelection(rows: [4: FieldSelection(values: [2])]), isPresented: true)
    #expect(bound.statement.sql.contains("title"))
    #expect(try bound.mask?.applied(to: row) == [42, 3, 26, 1, 120])
    bound = try rows(FieldSelection(rows: [4: .whole]), isPresented: true)
    #expect(try bound.mask?.applied(to: row) == [42, 8, 8, 1, 18, 1, 110, 26, 1, 120])
  }
}
