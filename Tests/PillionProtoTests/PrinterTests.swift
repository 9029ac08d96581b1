import PillionProto
import PillionSchema
import Testing

/// Text that people wrote, and names that proto would read otherwise.
struct PrinterTests {
  private func text(_ schema: Schema) -> String {
    ProtoGenerator(schema: schema).generate().files.first?.text ?? ""
  }

  @Test(
    "a doc becomes comment lines and nothing else",
    arguments: [
      ("one line", ["// one line"]),
      ("  kept indent\n\n\ntwo  \t\n", ["//   kept indent", "//", "//", "// two"]),
      ("\n\n  \n", []),
      ("ends */ here /* or // there", ["// ends */ here /* or // there"]),
      ("a\r\nb\rc\u{2028}d\u{0B}e\u{85}f", ["// a", "// b", "// c", "// d", "// e", "// f"]),
      ("nul \u{0} bell \u{7} tab\tdel \u{7F}.", ["// nul   bell   tab del  ."]),
      ("C:\\\nnext", ["// C:\\.", "// next"]),
      ("Grüße 👋🏽", ["// Grüße 👋🏽"]),
    ])
  func docs(doc: String, lines: [String]) {
    let text = text(schema(model("Post", doc: doc, actions: [], [field("id", .int64)])))
    let expected = lines.map { "\($0)\n" }.joined()
    #expect(text.contains("service PostController {}\n\n\(expected)message Post {\n"))
  }

  @Test("what a field's options say is in its comment")
  func notes() {
    func note(_ type: ScalarType, _ change: (inout Field) -> Void) -> String {
      var field = field("x", type)
      change(&field)
      let text = text(schema(model("Post", actions: [.create], [key, field])))
      let lines = text.split(separator: "\n")
      guard let line = lines.firstIndex(where: { $0.hasSuffix(" x = 2;") }), line > 0 else { return "" }
      return String(lines[line - 1].drop { $0 == " " })
    }
    #expect(
      note(.string) {
        $0.minimumLength = 2; $0.maximumLength = 5
      } == "// From 2 to 5 characters.")
    #expect(note(.string) { $0.maximumLength = 1 } == "// At most 1 character.")
    #expect(
      note(.bytes) {
        $0.minimumLength = 16; $0.maximumLength = 16
      } == "// Exactly 16 bytes.")
    #expect(
      note(.string) {
        $0.type = .array(.string); $0.maximumLength = 3
      } == "// At most 3 items.")
    #expect(
      note(.int32) {
        $0.minimum = .int(-1); $0.maximum = .int(9)
      } == "// From -1 to 9.")
    #expect(note(.double) { $0.minimum = .double(0.5) } == "// At least 0.5.")
    #expect(note(.string) { $0.choices = [.text("en"), .text("de")] } == "// One of \"en\", \"de\".")
    #expect(note(.int32) { $0.choices = [.int(1)] } == "// Always 1.")
    #expect(note(.string) { $0.regex = "^a  b$" } == "// Matches `^a  b$`.")
    #expect(
      note(.string) {
        $0.format = .ipv6; $0.isUnique = true
      } == "// An IPv6 address. Unique.")
    #expect(note(.timestamp) { $0.isAutoNow = true } == "// Read-only: set to the current time by every write.")
    #expect(note(.timestamp) { $0.isAutoNowAdd = true } == "// Read-only: set to the current time by Create.")
    #expect(
      note(.int32) {
        $0.isComputed = true; $0.isReadOnly = true
      } == "// Read-only: computed by the server.")
    #expect(note(.string) { $0.isWriteOnly = true } == "// Write-only: never sent.")
    #expect(note(.string) { $0.defaultValue = .text("a\nb") } == "// Default: \"a b\".")
    #expect(
      note(.int32) {
        $0.type = .array(.int32); $0.defaultValue = .list([.int(1), .int(2)])
      } == "// Default: [1, 2].")
    #expect(note(.timestamp) { $0.defaultValue = .now } == "// Default: now.")
    #expect(note(.string) { $0.doc = "Its name." } == "// Its name.")
  }

  @Test("a computed field is in the row's message alone, and what its enum stands for is stored nowhere")
  func computed() {
    var state = field("state", .string, readOnly: true)
    state.isComputed = true
    state.isEnum = true
    state.enumName = "PostState"
    state.choices = [.text("short"), .text("long")]
    let protos = ProtoGenerator(schema: schema(model("Post", [field("id", .int64), state]))).generate()
    let text = protos.files.first?.text ?? ""
    #expect(text.contains("  // Read-only: computed by the server.\n  PostState state = 2;\n}"))
    #expect(text.contains("message PostPartialUpdateRequest {\n  int64 id = 1;\n}"))
    #expect(text.contains("  POST_STATE_SHORT = 1;\n  POST_STATE_LONG = 2;\n}"))
    #expect(!text.contains("Stored"))
    #expect(protos.lock.messages["test.Post"]?.field("state")?.number == 2)
  }

  @Test("long notes are broken between words")
  func longNotes() {
    var language = field("language", .string)
    language.choices = (1...40).map { .text("language-\($0)") }
    let text = text(schema(model("Post", actions: [], [field("id", .int64), language])))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 })
    #expect(text.contains("  // One of \"language-1\", \"language-2\","))
    #expect(text.contains("\"language-40\".\n  string language = 2;\n"))
  }

  @Test("a model called like an rpc is named in full")
  func modelNamedList() {
    let text = text(schema(model("List", package: "blog", actions: [.list, .create], [field("id", .int64)])))
    #expect(text.contains("  rpc List(ListListRequest) returns (stream .blog.List) {}\n"))
    #expect(text.contains("  rpc Create(.blog.List) returns (.blog.List) {}\n"))
  }

  @Test("a package with a `google` of its own reaches the real one")
  func packageNamedGoogle() {
    let fields = [field("id", .int64), field("made", .timestamp), field("name", .string, null: true)]
    let text = text(schema(model("Post", package: "acme.google", actions: [.destroy], fields)))
    #expect(text.contains("returns (.google.protobuf.Empty) {}"))
    #expect(text.contains("  .google.protobuf.Timestamp made = 2;"))
    #expect(text.contains("    .google.protobuf.NullValue null = 2;"))
  }

  @Test("a package each, in the schema's order; imports only what is used")
  func packages() {
    let protos = ProtoGenerator(
      schema: schema(
        model("B", package: "b", actions: [.create], [field("id", .int64)]),
        model("A", package: "a", actions: [.create], [field("id", .int64), field("length", .duration)]),
        model("C", package: "b", actions: [.create], [field("id", .int64)]))
    ).generate()
    #expect(protos.files.map(\.name) == ["b.proto", "a.proto"])
    #expect(protos.protoFiles.map(\.imports) == [[], ["google/protobuf/duration.proto"]])
    #expect(protos.protoFiles.map { $0.messages.map(\.name) } == [["B", "C"], ["A"]])
    #expect(protos.shapes.map(\.model) == [0, 1, 2])
    #expect(protos.shapes.map(\.name) == ["BController", "AController", "CController"])
  }

  @Test("names that protoc would refuse are found")
  func names() {
    let clash = schema(
      model("Post", actions: [.list], [field("id", .int64), field("line_1", .string), field("line1", .string)]),
      model("PostListRequest", actions: [.create], [field("id", .int64)]),
      model("NullableString", actions: [.create], [field("id", .int64), field("name", .string, null: true)]),
      model(
        "Tag", actions: [.partialUpdate], lookupField: 0, lookupRequestField: "name",
        [field("id", .int64), field("name", .string)]))
    #expect(
      ProtoGenerator(schema: clash).generate().diagnostics.filter { !$0.message.contains("number") }.map(\.message)
        .sorted()
        == [
          "`line_1` and `line1` of test.Post have one name in JSON",
          "test.NullableString is needed a second time in the proto",
          "test.PostListRequest is needed a second time in the proto",
          "test.TagPartialUpdateRequest has two fields called `name`",
        ])
  }
}

private let key = field("id", .int64)
