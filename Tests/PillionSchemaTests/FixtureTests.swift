import PillionSchema
import Testing

/// Fixtures, in both of their shapes, and what is said where they are wrong.
@Suite struct FixtureTests {
  private static let models = """
    package: blog
    models:
      Tag:
        fields:
          name: { type: string, primary_key: true }
      Post:
        fields:
          id: { type: int64, primary_key: true }
          title: { type: string, default: untitled }
          price: { type: decimal, null: true }
          at: { type: timestamp, null: true }
          data: { type: json, default: {} }
          scores: { type: array, items: int32, default: [] }
          parent: { type: foreign_key, model: Post, null: true }
          tags: { type: many_to_many, model: Tag }
    """

  private func read(_ text: String) throws -> (rows: [(String, [String: DefaultValue])], problems: [String]) {
    let schema = try schema(Self.models)
    let (fixture, diagnostics) = Fixture.read(path: "rows.yaml", text: text, schema: schema)
    let rows = (fixture?.rows ?? []).map { row in
      let model = schema.models[row.model]
      let values = row.values.map { (model.fields[$0.field].name, $0.value) }
      return (model.fullName, Dictionary(uniqueKeysWithValues: values))
    }
    return (rows, diagnostics.map(\.description))
  }

  @Test(arguments: [
    """
    blog.Tag:
      - name: swift
    blog.Post:
      - { id: 1, title: "one", price: 1.50, at: 2026-01-01T12:00:00Z, data: {"a": [1, null]}, scores: [1, 2], tags: [swift] }
      - { id: 2, parent: 1, at: null }
    """,
    """
    [
      {"model": "blog.tag", "pk": "swift", "fields": {}},
      {"model": "blog.post", "pk": 1, "fields": {
        "title": "one", "price": "1.50", "at": "2026-01-01T12:00:00Z", "data": {"a": [1, null]}, "scores": [1, 2],
        "tags": ["swift"]}},
      {"model": "blog.Post", "pk": 2, "fields": {"parent": 1, "at": null}}
    ]
    """,
  ])
  func bothShapesSayTheSame(_ text: String) throws {
    let (rows, problems) = try read(text)
    #expect(problems == [])
    #expect(rows.map(\.0) == ["blog.Tag", "blog.Post", "blog.Post"])
    try #require(rows.count == 3)
    #expect(rows[0].1 == ["name": .text("swift")])
    #expect(
      rows[1].1 == [
        "id": .int(1), "title": .text("one"), "price": .text("1.50"), "at": .text("2026-01-01T12:00:00Z"),
        "data": .text(#"{"a":[1,null]}"#), "scores": .list([.int(1), .int(2)]), "tags": .list([.text("swift")]),
      ])
    #expect(rows[2].1 == ["id": .int(2), "parent": .int(1), "at": .null])
  }

  @Test(arguments: [
    ("5", "expected rows, found the number 5"),
    ("Poost: []", "there is no model 'Poost'"),
    ("Post: 5", "'Post' expected a list of rows, found the number 5"),
    ("Post: [5]", "expected a row's fields, found the number 5"),
    ("Post: [{ tittle: a }]", "blog.Post has no field 'tittle'"),
    ("Post: [{ id: a }]", "'id' expected a whole number"),
    ("Post: [{ id: null }]", "'id' is null, but the field may not be null"),
    ("Post: [{ id: 1, at: yesterday }]", "'at' expected a timestamp"),
    ("Post: [{ tags: [a] }]", "'tags' refers to the row's key, which is not written"),
    ("[{ pk: 1 }]", "the row has no 'model'"),
    ("[{ model: blog.Post, key: 1 }]", "unknown key 'key'"),
    ("[{ model: blog.Post, pk: 1, fields: { id: 2 } }]", "the row says 'id' twice"),
    ("- just a text", "expected a row of 'model', 'pk' and 'fields'"),
  ])
  func mistakesHaveAPlace(_ text: String, _ message: String) throws {
    let (rows, problems) = try read(text)
    #expect(rows.isEmpty)
    let problem = try #require(problems.first)
    #expect(problem.hasPrefix("rows.yaml:1:"))
    #expect(problem.contains(message), "\(problem)")
  }

  @Test func oneRunFindsAll() throws {
    let (_, problems) = try read("Post: [{ id: a, tittle: b }, { at: c }]")
    #expect(problems.count == 3)
  }
}
