import PillionSchema
import Testing

/// `expand` and `reverse`: what they become, and mistakes in them.
@Suite struct ExpansionTests {
  /// `User` and `Post` with a foreign key to it; `user` and `post` are more fields of theirs.
  private static func blog(user: String = "", post: String = "", note: String = "") -> String {
    """
    models:
      User:
        fields:
          id: { type: int64, primary_key: true }
          \(user.isEmpty ? "name: { type: string }" : user)
      Post:
        fields:
          id: { type: int64, primary_key: true }
          author: { type: foreign_key, model: User }
          \(post.isEmpty ? "title: { type: string }" : post)
      Note:
        primary_key: [post, number]
        fields:
          post: { type: foreign_key, model: Post }
          number: { type: int32 }
          \(note.isEmpty ? "text: { type: string }" : note)
    """
  }

  @Test func names() throws {
    let models = try schema(
      Self.blog(
        user: "posts: { type: reverse, model: Post, field: author, limit: 7, ordering: [-id] }",
        post: "editor: { type: foreign_key, model: User, expand: true, null: true }",
        note: "reader: { type: foreign_key, model: User, expand: reading_user }")
    ).models
    #expect(models[1].fields[2].expansion?.name == "editor")
    #expect(models[1].fields[2].protoNames == ["editor_id", "editor"])
    #expect(models[2].fields[2].protoNames == ["reader", "reading_user"])
    guard case .reverse(let relation) = models[0].fields[1].type else {
      Issue.record("no reverse")
      return
    }
    #expect(
      relation
        == ReverseRelation(
          model: 1, field: 1, key: 0, type: .int64, limit: 7, ordering: [OrderTerm(field: 0, descending: true)]))
    #expect(models[0].fields[1].isReadOnly)
    #expect(models[0].fieldIndex(forClient: "posts") == 1)
  }

  @Test(arguments: mistakes) func isReported(_ mistake: Mistake) {
    #expect(diagnostics(mistake.yaml) == mistake.expected)
  }

  static let mistakes = [
    Mistake(
      blog(user: "posts: { type: reverse, field: author }"),
      "blog.yaml:5:7: error: field 'posts' has no 'model' whose rows it lists; add 'model: Name'"),
    Mistake(
      blog(user: "posts: { type: reverse, model: Post }"),
      "blog.yaml:5:7: error: field 'posts' has no 'field', the foreign key of 'Post' to 'User'; add 'field: author'"),
    Mistake(
      blog(user: "posts: { type: reverse, model: Post, field: autor }"),
      "blog.yaml:5:51: error: model 'Post' has no field 'autor'; did you mean 'author'?"),
    Mistake(
      blog(user: "posts: { type: reverse, model: Post, field: title }"),
      "blog.yaml:5:51: error: 'Post.title' is of type string, not a foreign_key; there is only 'author'"),
    Mistake(
      blog(user: "posts: { type: reverse, model: Note, field: post }"),
      "blog.yaml:5:51: error: 'Note.post' refers to 'Post', not to 'User'"),
    Mistake(
      blog(post: "notes: { type: reverse, model: Note, field: post }"),
      "blog.yaml:10:7: error: model 'Note' has a primary key of several fields, so its rows cannot be sent as keys; "
        + "add 'expand: true' to send them whole"),
    Mistake(
      blog(user: "posts: { type: reverse, model: Post, field: author, limit: 0, ordering: [name], column: x }"),
      "blog.yaml:5:66: error: 'limit' must be from 1 to 2147483647, found 0",
      "blog.yaml:5:80: error: model 'Post' has no field 'name'; known: id, author, title",
      "blog.yaml:5:87: error: 'column' does not apply to reverse; it is for every type but many_to_many and reverse"),
    Mistake(
      blog(user: "posts: { type: reverse, model: Post, field: author, expand: rows }"),
      "blog.yaml:5:67: error: a reverse relation is sent as keys or as messages, under its own name; "
        + "write 'expand: true'"),
    Mistake(
      blog(user: "name: { type: string, expand: true }"),
      "blog.yaml:5:29: error: 'expand' does not apply to string; it is for foreign_key, many_to_many and reverse"),
    Mistake(
      blog(post: "editor: { type: foreign_key, model: User, expand: yes }"),
      "blog.yaml:10:57: error: 'expand' expected true, false or a name, found the text 'yes'; write true"),
    Mistake(
      blog(post: "editor: { type: foreign_key, model: User, expand: editor }"),
      "blog.yaml:10:57: error: 'editor' is the field of the key already; "
        + "give the rows another name, or write 'expand: true'"),
    Mistake(
      blog(post: "editor: { type: foreign_key, model: User, expand: author }"),
      "blog.yaml:10:49: error: 'author', which 'expand' adds, and 'author' have the same JSON name, "
        + "which protobuf forbids; give the expanded rows a name of their own: 'expand: NAME'"),
    Mistake(
      blog(post: "editor: { type: foreign_key, model: User, expand: true, write_only: true }"),
      "blog.yaml:10:49: error: a field that is write_only is not sent, so there is nothing to expand"),
  ]

  /// Seven models in a row, each expanding the next.
  @Test func tooDeep() {
    let models = (0..<7).map { number in
      "  M\(number):\n    fields:\n      id: { type: int64, primary_key: true }\n"
        + (number < 6 ? "      next: { type: foreign_key, model: M\(number + 1), expand: true }\n" : "")
    }
    #expect(
      diagnostics("models:\n" + models.joined()) == [
        "blog.yaml:25:7: error: 'M5.next' is expanded 6 levels deep in 'M0', 5 is the most; "
          + "take 'expand' from a relation on the way"
      ])
  }

  /// Models that all expand each other have more ways than anybody can send.
  @Test func tooMany() {
    let models = (0..<6).map { number in
      let fields = (0..<6).filter { $0 != number }.map {
        "      to\($0): { type: foreign_key, model: M\($0), expand: true }\n"
      }
      return "  M\(number):\n    fields:\n      id: { type: int64, primary_key: true }\n" + fields.joined()
    }
    let found = diagnostics("models:\n" + models.joined())
    #expect(found.count == 6)
    #expect(
      found.first
        == "blog.yaml:2:3: error: a row of 'M0' expands more than 64 relations, those of the rows in it included; "
        + "take 'expand' from some of them")
  }

  @Test func packagesInACircle() {
    let one = """
      models:
        One:
          fields:
            id: { type: int64, primary_key: true }
            two: { type: foreign_key, model: b.Two, expand: true }
      """
    let two = """
      models:
        Two:
          fields:
            id: { type: int64, primary_key: true }
            ones: { type: reverse, model: a.One, field: two, expand: true }
      """
    let (_, found) = SchemaLoader.load(files: [("a.yaml", one), ("b.yaml", two)])
    #expect(
      found.map(\.description) == [
        "a.yaml:5:7: error: expanded relations make protos import each other in a circle: a.One.two → b.Two.ones; "
          + "take 'expand' from one of them, or put the models into one package"
      ])
    let keys = two.replacing(", expand: true", with: "")
    #expect(SchemaLoader.load(files: [("a.yaml", one), ("b.yaml", keys)]).diagnostics.isEmpty)
  }
}
