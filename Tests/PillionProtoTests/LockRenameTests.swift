import PillionProto
import PillionSchema
import Testing

/// `was:` on fields and models.
struct LockRenameTests {
  private static let place = SourceLocation(file: "models/test.yaml", line: 5, column: 20)

  private func generate(_ schema: Schema, _ lock: Lock = Lock()) -> GeneratedProtos {
    ProtoGenerator(schema: schema, lock: lock).generate()
  }

  private func field(_ name: String, was: String? = nil, _ type: ScalarType = .string) -> Field {
    var field = PillionProtoTests.field(name, type)
    field.was = was.map { FormerName($0, at: Self.place) }
    return field
  }

  private func post(_ fields: Field..., name: String = "Post", was: String? = nil) -> Model {
    var model = model(name, [field("id", .int64)] + fields)
    model.was = was.map { FormerName($0, at: Self.place) }
    return model
  }

  private func numbers(_ protos: GeneratedProtos, _ message: String) -> [String] {
    protos.protoFiles.flatMap(\.messages).first { $0.name == message }?.fields.map { "\($0.name) = \($0.number)" } ?? []
  }

  @Test("a renamed field keeps its number in every message, and its old name is reserved")
  func rename() {
    let lock = generate(schema(post(field("title"), field("content")))).lock
    let renamed = schema(post(field("headline", was: "title"), field("content")))
    let protos = generate(renamed, lock)
    #expect(numbers(protos, "Post") == ["id = 1", "headline = 2", "content = 3"])
    #expect(numbers(protos, "PostPartialUpdateRequest") == ["id = 1", "headline = 2", "content = 3"])
    #expect(protos.changes.map(\.id) == ["field-renamed:test.Post.headline"])
    #expect(protos.diagnostics.map(\.severity) == [.warning])
    #expect(protos.files[0].text.contains("message Post {\n  reserved \"title\";\n\n"))
    #expect(protos.lock.text.contains("\n  2 headline string was title\n"))
    // Once it is in the lock it is no news, with `was` or without.
    for schema in [renamed, schema(post(field("headline"), field("content")))] {
      let again = generate(schema, protos.lock)
      #expect(again.diagnostics == [])
      #expect(again.lock == protos.lock)
    }
  }

  @Test("a second rename and a way back")
  func renameAgain() {
    let first = generate(schema(post(field("title")))).lock
    let second = generate(schema(post(field("headline", was: "title"))), first).lock
    let third = generate(schema(post(field("caption", was: "headline"))), second).lock
    #expect(third.text.contains("\n  2 caption string was title,headline\n"))
    let back = generate(schema(post(field("title", was: "caption"))), third)
    #expect(back.lock.text.contains("\n  2 title string was headline,caption\n"))
    #expect(back.changes.map(\.id) == ["field-renamed:test.Post.title"])
  }

  @Test("a repeated field takes its flag along, a lookup field its requests")
  func renameInRequests() {
    func user(_ key: String, _ groups: String, was: Bool) -> Schema {
      var id = field(key, was: was ? "id" : nil, .int64)
      id.isUnique = true
      var relation = manyToMany(groups, model: 0)
      relation.was = was ? FormerName("groups", at: Self.place) : nil
      return schema(model("User", [id, relation]))
    }
    let protos = generate(user("number", "teams", was: true), generate(user("id", "groups", was: false)).lock)
    #expect(numbers(protos, "UserPartialUpdateRequest") == ["number = 1", "teams = 2", "is_teams_set = 3"])
    #expect(numbers(protos, "UserRetrieveRequest") == ["number = 1", "read_mask = 2"])
    #expect(protos.changes.map(\.kind) == [.fieldRenamed, .fieldRenamed])
  }

  @Test("a renamed model keeps all numbers, and its rpcs their types, if its service keeps its name")
  func renameModel() {
    let lock = generate(schema(post(field("title")))).lock
    var article = post(field("title"), name: "Article", was: "Post")
    article.service.name = "PostController"
    let protos = generate(schema(article), lock)
    #expect(protos.changes.map(\.id) == ["model-renamed:test.Article"])
    #expect(!protos.hasErrors)
    #expect(protos.lock.text.contains("\nmessage test.Article was Post\n  1 id optional int64\n  2 title string\n"))
    #expect(!protos.lock.text.contains("message test.Post"))
    #expect(generate(schema(article), protos.lock).diagnostics == [])
    article.service.name = "ArticleController"
    #expect(
      generate(schema(article), lock).changes.map(\.id) == [
        "model-renamed:test.Article", "service-removed:test.PostController",
      ])
  }

  @Test("a lock that does not know the model takes `was` at its word")
  func freshLock() {
    let renamed = schema(post(field("headline", was: "title"), name: "Article", was: "Post"))
    let protos = generate(renamed)
    #expect(protos.diagnostics == [])
    #expect(protos.lock.text.contains("message test.Article was Post\n"))
    #expect(generate(renamed, protos.lock).diagnostics == [])
  }

  @Test("a `was` that leads nowhere is an error at its place")
  func leadsNowhere() {
    func messages(_ schema: Schema, _ lock: Lock) -> [String] {
      generate(schema, lock).diagnostics.filter { $0.location == Self.place }.map(\.message)
    }
    let lock = generate(schema(post(field("title"), field("content")))).lock
    #expect(
      messages(schema(post(field("headline", was: "titel"), field("title"), field("content"))), lock) == [
        "test.Post.headline never was 'titel': the lock knows no field of that name"
      ])
    #expect(
      messages(schema(post(field("title", was: "titel"), field("content"))), lock) == [
        "test.Post.title never was 'titel': the lock knows no field of that name"
      ])
    let late = generate(schema(post(field("headline"), field("content"))), lock).lock
    #expect(
      messages(schema(post(field("headline", was: "title"), field("content"))), late) == [
        "test.Post.headline has number 4 in the lock, so it cannot take that of 'title'"
      ])
    #expect(
      messages(schema(post(field("caption", was: "title"), field("content"))), late) == [
        "'title' was removed, so test.Post.caption cannot take its number"
      ])
    #expect(
      messages(schema(post(field("title"), field("content"), name: "Article", was: "Pots")), lock) == [
        "test.Article never was 'Pots': the lock knows no model of that name"
      ])
    #expect(
      messages(schema(post(field("title"), field("content"), was: "Note")), lock) == [
        "test.Post is in the lock already and never was 'Note'"
      ])
  }
}
