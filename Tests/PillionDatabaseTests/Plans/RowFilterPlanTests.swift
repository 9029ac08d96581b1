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
