import PillionProto
import PillionSchema
import Testing

/// What the lock does when definitions change.
struct LockEvolutionTests {
  private let first = schema(model("Post", [field("id", .int64), field("title", .string), field("content", .string)]))

  private func generate(
    _ schema: Schema, _ lock: Lock = Lock(), accepting accepted: Set<String> = []
  ) -> GeneratedProtos {
    ProtoGenerator(schema: schema, lock: lock, accepting: accepted).generate()
  }

  /// `name = number` of the message's fields, in printed order.
  private func numbers(_ protos: GeneratedProtos, _ message: String) -> [String] {
    protos.protoFiles.flatMap(\.messages).first { $0.name == message }?.fields.map { "\($0.name) = \($0.number)" } ?? []
  }

  @Test("an inserted field takes the next number and stands where it is defined")
  func insert() {
    let changed = schema(
      model(
        "Post", [field("id", .int64), field("author", .string), field("title", .string), field("content", .string)]))
    let protos = generate(changed, generate(first).lock)
    #expect(protos.diagnostics == [])
    #expect(numbers(protos, "Post") == ["id = 1", "author = 4", "title = 2", "content = 3"])
    #expect(numbers(protos, "PostPartialUpdateRequest") == ["id = 1", "author = 4", "title = 2", "content = 3"])
  }

  @Test("reordering fields renumbers nothing and leaves the lock as it is")
  func reorder() {
    let lock = generate(first).lock
    let protos = generate(
      schema(model("Post", [field("content", .string), field("title", .string), field("id", .int64)], keyAt: 2)), lock)
    #expect(protos.lock == lock)
    #expect(numbers(protos, "Post") == ["content = 3", "title = 2", "id = 1"])
  }

  @Test("a removed field leaves its number and name reserved")
  func remove() {
    let protos = generate(
      schema(model("Post", [field("id", .int64), field("content", .string)])), generate(first).lock)
    #expect(protos.diagnostics == [])
    #expect(protos.files[0].text.contains("message Post {\n  reserved 2;\n  reserved \"title\";\n\n  // Primary key"))
    #expect(protos.lock.text.contains("\n  2 title string reserved\n"))
    #expect(protos.lock.text.contains("\n  2 title google.protobuf.StringValue reserved\n"))
    let next = generate(
      schema(model("Post", [field("id", .int64), field("summary", .string), field("content", .string)])), protos.lock)
    #expect(numbers(next, "Post") == ["id = 1", "summary = 4", "content = 3"])
    #expect(next.files[0].text.contains("  reserved 2;\n  reserved \"title\";\n"))
  }

  @Test("without `was`, a renamed field is a new field")
  func rename() {
    let protos = generate(
      schema(model("Post", [field("id", .int64), field("headline", .string), field("content", .string)])),
      generate(first).lock)
    #expect(numbers(protos, "Post") == ["id = 1", "headline = 4", "content = 3"])
    #expect(protos.lock.messages["test.Post"]?.field("title") == nil)
    #expect(protos.lock.messages["test.Post"]?.field("headline")?.number == 4)
  }

  @Test("a field that comes back with its type gets its number back")
  func comesBack() {
    let without = generate(
      schema(model("Post", [field("id", .int64), field("content", .string)])), generate(first).lock)
    let protos = generate(first, without.lock)
    #expect(protos.changes.map(\.id) == ["field-restored:test.Post.title"])
    #expect(protos.diagnostics.map(\.severity) == [.warning])
    #expect(protos.lock == generate(first).lock)
    #expect(protos.files[0].text == generate(first).files[0].text)
  }

  @Test("a field that comes back with another type gets a new number, and its name is not reserved")
  func comesBackChanged() {
    let without = generate(
      schema(model("Post", [field("id", .int64), field("content", .string)])), generate(first).lock)
    let changed = schema(model("Post", [field("id", .int64), field("title", .int32), field("content", .string)]))
    let protos = generate(changed, without.lock)
    #expect(protos.changes.map(\.id) == ["field-restored:test.Post.title"])
    #expect(numbers(protos, "Post") == ["id = 1", "title = 4", "content = 3"])
    #expect(protos.files[0].text.contains("  reserved 2;\n"))
    #expect(!protos.files[0].text.contains("reserved \"title\""))
    // And once more as it was: both tombstones are known.
    let again = generate(first, generate(schema(model("Post", [field("id", .int64)])), protos.lock).lock)
    #expect(numbers(again, "Post") == ["id = 1", "title = 2", "content = 3"])
  }

  @Test("a removed model stays in the lock and comes back as it was")
  func removedModel() {
    let other = model("Tag", [field("id", .int64), field("name", .string)])
    let both = schema(first.models[0], other)
    let lock = generate(both).lock
    #expect(generate(schema(other), lock).hasErrors)
    let without = generate(schema(other), lock, accepting: ["service-removed:test.PostController"])
    #expect(without.diagnostics.map(\.severity) == [.note])
    #expect(without.lock.text.contains("\nmessage test.Post reserved\n  1 id optional int64 reserved\n"))
    #expect(without.lock.text.contains("\nservice test.PostController reserved\n  Create Post -> Post reserved\n"))
    #expect(!without.files[0].text.contains("Post"))
    #expect(generate(both, without.lock).lock == lock)
  }

  @Test("a removed action's request stays in the lock, and the model's new fields keep off its numbers")
  func removedAction() {
    let groups = [field("id", .int64), manyToMany("groups", model: 0)]
    let lock = generate(schema(model("User", groups))).lock
    #expect(lock.messages["test.UserPartialUpdateRequest"]?.field("is_groups_set")?.number == 3)
    let gone = Set(Action.standard.dropFirst().map { "rpc-removed:test.UserController.\($0.rawValue)" })
    let without = generate(schema(model("User", actions: [.list], groups)), lock, accepting: gone)
    #expect(without.changes.count == 5 && !without.hasErrors)
    #expect(without.lock.services["test.UserController"]?.methods["PartialUpdate"]?.isReserved == true)
    let grown = generate(schema(model("User", actions: [.list], groups + [field("name", .string)])), without.lock)
    #expect(numbers(grown, "User") == ["id = 1", "groups = 2", "name = 4"])
    let back = generate(schema(model("User", groups + [field("name", .string)])), grown.lock)
    #expect(
      numbers(back, "UserPartialUpdateRequest") == ["id = 1", "groups = 2", "name = 4", "is_groups_set = 3"])
  }

  @Test("a renamed lookup field of the requests does not take the old one's number")
  func renamedLookup() {
    let fields = [field("id", .int64), field("name", .string)]
    let lock = generate(schema(model("Tag", lookupRequestField: "pk", fields))).lock
    let changed = schema(model("Tag", lookupRequestField: "key", fields))
    #expect(generate(changed, lock).changes.map(\.id) == ["lookup-removed:test.Tag.pk"])
    let protos = generate(changed, lock, accepting: ["lookup-removed:test.Tag.pk"])
    #expect(numbers(protos, "TagRetrieveRequest") == ["key = 3", "read_mask = 2"])
    #expect(numbers(protos, "TagPartialUpdateRequest") == ["key = 3", "name = 2"])
  }

  @Test("a type that changes under a number in use is an error, and the lock keeps the old type")
  func changedType() {
    let lock = generate(first).lock
    let changed = schema(
      model("Post", [field("id", .int64), field("title", .int32), field("content", .string)]))
    let protos = generate(changed, lock)
    #expect(
      protos.diagnostics.map(\.description) == [
        "models/test.yaml:7:3: error: breaking change field-type:test.Post.title: its type changes from string to int32; "
          + "clients still send and expect string; give the field its old type back or a new name, "
          + "or accept it: --accept-breaking field-type:test.Post.title"
      ])
    #expect(protos.hasErrors)
    #expect(protos.lock == lock)
  }

  @Test("an accepted type change buries the old number, in the requests too")
  func acceptedType() {
    let lock = generate(first).lock
    let changed = schema(
      model("Post", [field("id", .int64), field("title", .int32), field("content", .string)]))
    let protos = generate(
      changed, lock, accepting: ["field-type:test.Post.title", "rpc-removed:test.PostController.List"])
    #expect(
      protos.diagnostics.map(\.severity) == [.note, .warning], "the second change that is accepted is not there")
    #expect(numbers(protos, "Post") == ["id = 1", "title = 4", "content = 3"])
    #expect(numbers(protos, "PostPartialUpdateRequest") == ["id = 1", "title = 4", "content = 3"])
    #expect(protos.files[0].text.contains("  reserved 2;\n"))
    #expect(generate(changed, protos.lock).diagnostics == [])
    // Whoever changes his mind gets the old number back: it never meant anything else.
    let back = generate(first, protos.lock, accepting: ["field-type:test.Post.title"])
    #expect(numbers(back, "Post") == ["id = 1", "title = 2", "content = 3"])
  }

  @Test("what becomes repeated is a change of cardinality")
  func changedCardinality() {
    let before = schema(model("Post", actions: [.create], [field("id", .int64), field("tags", .int32)]))
    let after = schema(model("Post", actions: [.create], [field("id", .int64), manyToMany("tags", model: 0)]))
    let protos = generate(after, generate(before).lock)
    #expect(protos.changes.map(\.id) == ["field-cardinality:test.Post.tags"])
    #expect(protos.changes.map(\.change) == ["it changes from int32 to repeated int32"])
  }

  @Test("rpcs that lose their name, their types or their stream")
  func changedMethods() {
    var lock = generate(schema(model("Post", actions: [.list, .retrieve], [field("id", .int64)]))).lock
    lock.services["test.PostController"]?.methods["List"]?.isServerStreaming = false
    lock.services["test.PostController"]?.methods["Retrieve"]?.request = "Post"
    lock.services["test.PostController"]?.methods["Retrieve"]?.response = "google.protobuf.Empty"
    lock.services["test.PostController"]?.methods["Count"] = Lock.Method(request: "Post", response: "Post")
    lock.services["test.OldController"] = Lock.Service()
    let protos = generate(schema(model("Post", actions: [.list, .retrieve], [field("id", .int64)])), lock)
    #expect(
      protos.changes.map(\.id) == [
        "rpc-removed:test.PostController.Count", "rpc-streaming:test.PostController.List",
        "rpc-request:test.PostController.Retrieve", "rpc-response:test.PostController.Retrieve",
        "service-removed:test.OldController",
      ])
    #expect(protos.diagnostics.allSatisfy { $0.severity == .error })
  }

  @Test("a default only adds presence: no error, the lock follows")
  func changedPresence() {
    let lock = generate(schema(model("Post", actions: [.list], [field("id", .int64), field("count", .int32)]))).lock
    let protos = generate(
      schema(model("Post", actions: [.list], [field("id", .int64), field("count", .int32, default: .int(1))])), lock)
    #expect(protos.diagnostics == [])
    #expect(protos.lock.messages["test.Post"]?.field("count")?.type == "optional int32")
  }

  @Test("numbers that protobuf keeps for itself are stepped over")
  func reservedRange() {
    let lock = Lock(messages: [
      "test.Post": Lock.Message(fields: [Lock.Field(number: 18_999, name: "id", type: "int64")])
    ])
    let protos = generate(
      schema(model("Post", actions: [.create], [field("id", .int64), field("title", .string)])), lock)
    #expect(numbers(protos, "Post") == ["id = 18999", "title = 20000"])
  }

  @Test("when no number is left it is an error")
  func noNumberLeft() {
    let last = Lock.Field(number: 536_870_911, name: "id", type: "int64")
    let lock = Lock(messages: ["test.Post": Lock.Message(fields: [last])])
    let protos = generate(
      schema(model("Post", actions: [.create], [field("id", .int64), field("title", .string)])), lock)
    #expect(protos.diagnostics.map(\.message) == ["test.Post.title: no field number is left"])
  }

  @Test("a lock that gives a nullable message other numbers is an error")
  func foreignNumbers() {
    let nullable = schema(
      model("Post", actions: [.create], [field("id", .int64), field("title", .string, null: true)]))
    var lock = generate(nullable).lock
    lock.messages["test.NullableString"]?.fields[0].number = 7
    #expect(
      generate(nullable, lock).diagnostics.map(\.message) == [
        "test.NullableString.value has number 1 but 7 in the lock"
      ])
    lock.messages["test.NullableString"]?.fields = [
      Lock.Field(number: 1, name: "old", type: "string", isReserved: true)
    ]
    #expect(
      generate(nullable, lock).diagnostics.map(\.message) == [
        "test.NullableString.value: number 1 belongs to `old` in the lock"
      ])
  }
}

/// A model whose key is not its first field.
private func model(_ name: String, _ fields: [Field], keyAt key: Int) -> Model {
  model(name, key: [key], fields)
}
