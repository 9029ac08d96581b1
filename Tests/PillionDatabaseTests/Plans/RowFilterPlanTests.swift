import PillionDatabase
import PillionQuery
import PillionSchema
import Testing

/// Row filters in the plans of every action, on both databases.
@Suite struct RowFilterPlanTests {
  static let blog = """
    models:
      Author:
        fields:
          id: { type: int64, primary_key: true }
          org: { type: string }
      Tag:
        fields:
          id: { type: int64, primary_key: true }
          secret: { type: bool, default: false }
      Post:
        fields:
          id: { type: int64, primary_key: true }
          author: { type: foreign_key, model: Author }
          title: { type: string, unique: true }
          published: { type: bool, default: false }
          tags: { type: many_to_many, model: Tag }
      Note:
        fields:
          id: { type: int64, primary_key: true }
          post: { type: foreign_key, model: Post, null: true }
        service: { filter: "NOT post.title = \\"never\\"" }
    """
  static let filters = [
    "Post": "author = claims.sub OR published = true OR author.org = claims.orgs OR tags:claims.tag",
    "Tag": "secret = false",
  ]

  private func filled() throws -> [PlanRun] {
    try PlanRun.onBoth(Self.blog).map { run in
      for (org, secret) in [("red", 0), ("blue", 0), ("red", 1)] as [(PlanValue, PlanValue)] {
        _ = try run.row("Author", .create, ["org": org])
        _ = try run.row("Tag", .create, ["secret": secret])
      }
      _ = try run.row("Post", .create, ["author": 1, "title": "mine", "tags": [1, 3]])
      _ = try run.row("Post", .create, ["author": 2, "title": "theirs", "tags": [3]])
      _ = try run.row("Post", .create, ["author": 2, "title": "all", "published": 1])
      for post in [1, 2, nil] as [PlanValue] { _ = try run.row("Note", .create, ["post": post]) }
      run.call(with: ["sub": .string("1")], filters: Self.filters)
      return run
    }
  }

  @Test func reading() throws {
    for run in try filled() {
      #expect(try run.rows("Post").map(\.first) == ["1", "3"])
      #expect(try run.row("Post", .retrieve, ["id": 1]) == ["1", "1", "mine", "0", "[1]"])
      #expect(try run.outcome("Post", .retrieve, ["id": 2]).isNotFound)
      #expect(try run.rows("Tag").map(\.first) == ["1", "2"])
      run.call(with: ["orgs": .array([.string("red"), .string("blue"), .string("green")])], filters: Self.filters)
      #expect(try run.rows("Post").map(\.first) == ["1", "2", "3"])
      run.call(with: ["tag": .string("3")], filters: Self.filters)
      #expect(try run.rows("Post").map(\.first) == ["1", "2", "3"], "a definition sees hidden tags")
      run.call(with: [:], filters: Self.filters)
      #expect(try run.rows("Post").map(\.first) == ["3"])
      #expect(try run.rows("Note").map(\.first) == ["1", "2", "3"])
    }
  }

  /// Of the rows that a List has: the scope's, and of them the caller's.
  @Test func aggregates() throws {
    for run in try filled() {
      #expect(try run.number("Post", .count) == 2)
      #expect(try run.number("Post", .sum(0)) == 4)
      #expect(try run.number("Post", .maximum(0)) == 3)
      #expect(try run.number("Note", .count) == 3)
      _ = try run.row("Post", .create, ["author": 1, "title": "never"])
      _ = try run.row("Note", .create, ["post": 4])
      #expect(try run.number("Note", .maximum(0)) == 3)
      run.call(with: ["sub": .string("2")], filters: Self.filters.merging(["Note": "post.author = claims.sub"]) { $1 })
      #expect(try run.number("Note", .minimum(0)) == 2)
      #expect(try run.number("Note", .count) == 1)
      run.call(with: ["sub": .string("no number")], filters: Self.filters)
      #expect(try run.number("Post", .count) == 1)
      run.call(with: [:], filters: ["Post": "author = claims.sub"])
      #expect(try run.number("Post", .count) == 0)
      #expect(try run.number("Post", .maximum(0)) == nil)
    }
  }

  /// Code asks for a service's rows with the statement of its List, the rows of other models in it included.
  @Test(arguments: Dialect.allCases) func codeHasTheRowsOfAList(_ dialect: Dialect) throws {
    func list(isOfRecords: Bool) throws -> (Statement, Parameters) {
      let fixture = try PlanFixture(
        ExpansionPlanTests.blog, on: dialect, filters: ["Post": "title = claims.sub", "User": "name = claims.name"],
        claims: ["sub": .string("mine"), "name": .string("me")], isOfRecords: isOfRecords)
      return try fixture.list()
    }
    let (one, other) = (try list(isOfRecords: true), try list(isOfRecords: false))
    #expect(one.0.sql == other.0.sql)
    let values = one.1.entries.indices.map { one.1.described($0) }
    #expect(values == other.1.entries.indices.map { other.1.described($0) })
    #expect(Set(values) == ["'mine'", "'me'", "'hidden'", "'ghost'"])
  }

  /// Callers whose filters differ by values alone have the same plans, whose statements are made once.
  @Test(arguments: Dialect.allCases) func callersShareStatements(_ dialect: Dialect) throws {
    let fixture = try PlanFixture(Self.blog, on: dialect, filters: Self.filters)
    func access(_ claims: [String: ClaimValue], base: Filter? = nil) -> FilteredPlans.Access {
      fixture.filtered.access(for: Caller(identity: Identity(principal: "x", claims: claims), address: ""), base: base)
    }
    func base(_ title: String) throws -> Filter {
      let filter = try RowFilter.parse("title = claims.title", model: fixture.model, schema: fixture.schema)
      return filter.filter(for: Caller(identity: nil, address: "", values: ["title": .string(title)]))
    }
    func statements(_ access: FilteredPlans.Access) throws -> [Int] {
      let count = try #require(try access.plans.aggregates.bind(.count, nil, caller: access.values))
      let list = try #require(access.plans.list).bind(ListQuery(), caller: access.values)
      return count.steps.map(\.statement.id) + [list.statement.id]
    }
    let one = try statements(access(["sub": .string("1")]))
    #expect(try statements(access(["sub": .string("2")])) == one)
    #expect(try statements(access([:])) != one)
    let titled = try statements(access(["sub": .string("1")], base: try base("a")))
    #expect(try statements(access(["sub": .string("2")], base: try base("b"))) == titled)
    #expect(titled != one)
  }

  @Test func writing() throws {
    for run in try filled() {
      #expect(try run.outcome("Post", .create, ["author": 2, "title": "theirs"]).isDenied)
      #expect(try run.outcome("Post", .create, ["author": 99, "title": "x"]).isDenied)
      #expect(try run.outcome("Post", .create, ["author": 1, "title": "theirs"]).error != nil)
      #expect(try run.row("Post", .create, ["author": 1, "title": "new", "tags": [2]])?.last == "[2]")
      #expect(try run.outcome("Post", .update, ["id": 1, "author": 2, "title": "theirs"]).isDenied)
      #expect(try run.outcome("Post", .update, ["id": 2, "author": 1, "title": "x"]).isNotFound)
      #expect(try run.outcome("Post", .partialUpdate, ["id": 1, "author": 2]).isDenied)
      #expect(try run.outcome("Post", .partialUpdate, ["id": 2, "title": "x"]).isNotFound)
      #expect(try run.outcome("Post", .partialUpdate, ["id": 3, "published": 0]).isDenied)
      #expect(try run.outcome("Post", .partialUpdate, ["id": 2]).isNotFound)
      #expect(try run.outcome("Post", .destroy, ["id": 2]).isNotFound)
      #expect(try run.row("Post", .partialUpdate, ["id": 1, "tags": [2], "is_tags_set": 1])?.last == "[2]")
      run.call(with: [:], filters: [:])
      #expect(try run.row("Post", .retrieve, ["id": 1]) == ["1", "1", "mine", "0", "[2, 3]"], "a hidden tag stays")
      #expect(try run.rows("Post").count == 4)
    }
  }

  /// A filter by related rows is judged by the keys that are about to be written.
  @Test func newKeys() throws {
    for run in try filled() {
      run.call(with: ["tag": .string("2")], filters: Self.filters)
      #expect(try run.outcome("Post", .create, ["author": 2, "title": "x", "tags": [1]]).isDenied)
      #expect(try run.outcome("Post", .create, ["author": 2, "title": "x"]).isDenied)
      #expect(try run.row("Post", .create, ["author": 2, "title": "x", "tags": [1, 2]])?.last == "[1, 2]")
      #expect(try run.outcome("Post", .partialUpdate, ["id": 4, "tags": [1], "is_tags_set": 1]).isDenied)
      #expect(try run.row("Post", .partialUpdate, ["id": 4, "title": "y"])?.last == "[1, 2]")
      #expect(try run.outcome("Post", .partialUpdate, ["id": 4, "title": "z", "is_tags_set": 1]).isDenied)
    }
  }
}

extension PillionDatabase.Operation.Outcome {
  fileprivate var isDenied: Bool {
    if case .denied = self { true } else { false }
  }
}
