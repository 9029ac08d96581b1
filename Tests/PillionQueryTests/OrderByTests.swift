import PillionQuery
import PillionSchema
import Testing

@Suite struct OrderByTests {
  private let model: Model
  private let schema: Schema

  init() throws {
    let yaml = """
      models:
        Post:
          fields:
            id: { type: int64, primary_key: true }
            title: { type: string }
            created: { type: timestamp, null: true }
            author: { type: foreign_key, model: Post, null: true }
            secret: { type: string, write_only: true }
            minutes: { type: int32, computed: true }
            hidden: { type: string, null: true }
            meta: { type: json, null: true }
            labels: { type: array, items: string }
            tags: { type: many_to_many, model: Post }
            \((1...20).map { "f\($0): { type: int32 }" }.joined(separator: "\n      "))
          service: { fields: [id, title, created, author, secret, minutes, meta, labels, tags, \
      \((1...20).map { "f\($0)" }.joined(separator: ", "))] }
      """
    let (schema, diagnostics) = SchemaLoader.load(files: [("blog.yaml", yaml)])
    self.schema = try #require(schema, "\(diagnostics)")
    model = try #require(schema?.models.first)
  }

  private func parse(_ text: String) throws -> [String] {
    try OrderBy.parse(text, model: model, schema: schema).map {
      model.fields[$0.path.field].name + ($0.descending ? " desc" : "")
    }
  }

  @Test(arguments: [
    ("", []), ("   ", []), ("title", ["title"]), ("title asc", ["title"]), ("title desc", ["title desc"]),
    ("title DESC", ["title desc"]), ("title Asc", ["title"]), ("title desc, id", ["title desc", "id"]),
    ("title desc,id asc,created", ["title desc", "id", "created"]), ("  title   desc  ,  id  ", ["title desc", "id"]),
    ("author desc", ["author desc"]),
  ])
  func terms(_ text: String, _ expected: [String]) throws {
    #expect(try parse(text) == expected)
  }

  @Test(arguments: [
    (",", 1, "expected a field name"),
    ("title,", 7, "expected a field name"),
    ("title,,id", 7, "expected a field name"),
    ("title, ", 8, "expected a field name"),
    ("titel", 1, "`titel` is not a field of Post"),
    ("  titel", 3, "`titel` is not a field of Post"),
    ("id, titel desc", 5, "`titel` is not a field of Post"),
    ("Title", 1, "`Title` is not a field of Post"),
    ("title up", 1, "expected `asc`, `desc` or a comma after `title`"),
    ("id, title desc asc", 5, "expected `asc`, `desc` or a comma after `title`"),
    ("title;drop table post", 1, "expected `asc`, `desc` or a comma after `title;drop`"),
    ("title\tdesc", 1, "`title\tdesc` is not a field of Post"),
    ("-title", 1, "`-title` is not a field of Post"),
    ("hidden", 1, "`hidden` is not a field of Post"),
    ("id, secret", 5, "`secret` is write-only and takes no part in queries"),
    ("title, minutes desc", 8, "`minutes` is computed, not stored, and takes no part in queries"),
    ("author.minutes", 1, "`minutes` is computed, not stored, and takes no part in queries"),
    ("labels", 1, "`labels` has many values and cannot order rows"),
    ("tags desc", 1, "`tags` has many values and cannot order rows"),
    ("meta", 1, "`meta` is JSON and cannot order rows"),
    ("title, id, title desc", 12, "`title` is named twice"),
    ("é, ü", 1, "`é` is not a field of Post"),
    ("id , ü", 6, "`ü` is not a field of Post"),
  ])
  func mistakes(_ text: String, _ position: Int, _ message: String) {
    let error = #expect(throws: QueryError.self) { try parse(text) }
    #expect(error?.position == position && error?.message.hasPrefix(message) == true)
  }

  @Test func aRequestNamesOnlySoManyFields() throws {
    let names = (1...20).map { "f\($0)" }
    #expect(try parse(names.prefix(OrderBy.maximumTerms).joined(separator: ",")).count == OrderBy.maximumTerms)
    let error = #expect(throws: QueryError.self) { try parse(names.prefix(17).joined(separator: ",")) }
    #expect(error?.position == 56 && error?.message == "more than 16 fields")
  }

  /// What is quoted in a message becomes a header: it must stay short, however long the text, or one character of it.
  @Test(arguments: [
    String(repeating: "a", count: 1 << 20), "a" + String(repeating: "\u{301}", count: 1 << 20),
    "id " + String(repeating: "x", count: 1 << 20),
  ])
  func messagesStayShort(_ text: String) throws {
    let error = try #require(throws: QueryError.self) { try parse(text) }
    #expect(error.message.utf8.count < 400)
  }
}
