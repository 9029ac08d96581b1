import PillionProto
import PillionSchema
import Testing

/// Whole files, byte for byte.
struct GoldenTests {
  private func expect(_ schema: Schema, _ name: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) {
    let protos = ProtoGenerator(schema: schema, lock: Lock()).generate()
    #expect(protos.diagnostics == [], sourceLocation: sourceLocation)
    #expect(protos.files.map(\.name) == ["\(name).proto"], sourceLocation: sourceLocation)
    for file in protos.files { expectGolden(file.text, file.name, sourceLocation: sourceLocation) }
    expectGolden(protos.lock.text, "\(name).lock", sourceLocation: sourceLocation)
  }

  @Test("the ancestor's tutorial: Post")
  func tutorialPost() {
    var title = field("title", .string, doc: "What the post is called.")
    title.maximumLength = 100
    expect(
      schema(
        model(
          "Post", package: "blog_proto", doc: "A blog post.",
          [field("id", .int32, readOnly: true), title, field("content", .string)]),
        docs: ["blog_proto": "The blog.\n\nFor the tutorial.  \n"]),
      "blog_proto")
  }

  @Test("the ancestor's quickstart: User with its groups")
  func quickstartUser() {
    var username = field("username", .string)
    username.isUnique = true
    username.maximumLength = 150
    var email = field("email", .string)
    email.format = .email
    expect(
      schema(
        model("User", package: "account", [field("id", .int32), username, email, manyToMany("groups", model: 1)]),
        model("Group", package: "account", actions: [.list, .retrieve], [field("id", .int32), field("name", .string)])),
      "account")
  }

  @Test("the ancestor's partial update: Person with wrappers and a repeated field")
  func partialUpdatePerson() {
    expect(
      schema(
        model(
          "Person", package: "hrm", actions: [.partialUpdate],
          [
            field("id", .int32), field("name", .string), field("email", .string),
            Field(name: "groups", type: .array(.int32), location: SourceLocation(file: "models/hrm.yaml", line: 9)),
          ])),
      "hrm")
  }

  @Test("the ancestor's null support: Snippet with a nullable string")
  func nullableSnippet() {
    expect(
      schema(
        model(
          "Snippet", package: "snippets", actions: [.update],
          [field("id", .int32), field("title", .string), field("language", .string, null: true)])),
      "snippets")
  }

  @Test("composite keys, a lookup field, a package with dots")
  func keys() {
    var slug = field("slug", .string)
    slug.isUnique = true
    slug.format = .slug
    expect(
      schema(
        model(
          "Invoice", package: "shop.v1", key: [0, 1],
          [
            field("tenant", .uuid), field("number", .int64), field("total", .decimal),
            foreignKey("page", model: 1, null: true),
          ]),
        model(
          "Page", package: "shop.v1", actions: [.retrieve, .partialUpdate, .destroy], lookupField: 1,
          lookupRequestField: "name", [field("id", .int64), slug, field("body", .json)])),
      "shop.v1")
  }

  @Test("every type", arguments: NullStyle.allCases)
  func everyType(style: NullStyle) {
    var fields = [field("id", .int64)]
    for type in ScalarType.allCases {
      fields.append(field("plain_\(type.rawValue)", type))
      fields.append(field("null_\(type.rawValue)", type, null: true))
    }
    for type in [ScalarType.timestamp, .duration, .json] {
      var asString = field("text_\(type.rawValue)", type)
      asString.usesStringInProto = true
      fields.append(asString)
    }
    fields.append(field("count", .int32, default: .int(3)))
    expect(
      schema(model("Everything", package: "types_\(style.rawValue)", style: style, fields)), "types_\(style.rawValue)")
  }

  @Test("one model alone, some of its fields, numbered from 1")
  func oneModel() {
    let schema = schema(
      model(
        "Post", package: "blog",
        [
          field("id", .int64), field("secret", .string), field("language", .string, null: true),
          field("title", .string),
        ]))
    let lock = Lock(messages: [
      "blog.Post": Lock.Message(fields: [Lock.Field(number: 9, name: "title", type: "string")])
    ])
    let generator = ProtoGenerator(schema: schema, lock: lock)
    let (text, diagnostics) = generator.generate(model: schema.models[0], fields: ["title", "id", "language"])
    #expect(diagnostics == [])
    expectGolden(text, "one_model.proto")
  }

  @Test("one model alone: a field that it does not have")
  func oneModelUnknownField() {
    let schema = schema(model("Post", [field("id", .int64), field("title", .string)]))
    let (text, diagnostics) = ProtoGenerator(schema: schema).generate(
      model: schema.models[0], fields: ["id", "titel", "x"])
    #expect(text == "")
    #expect(
      diagnostics.map(\.description) == [
        "--fields: error: test.Post has no field `titel`; it has id, title",
        "--fields: error: test.Post has no field `x`; it has id, title",
      ])
  }
}
