import PillionSchema
import Testing

/// Where more models and fields go, in every style that YAML has.
@Suite struct DefinitionOutlineTests {
  private static let fields = "id: { type: int64, primary_key: true }"

  /// `text` with a field `new` added to model A.
  private func added(_ text: String) throws -> String {
    let outline = try #require(DefinitionOutline(path: "a.yaml", text: text))
    let names = try #require(outline.fields["A"])
    var indent = 0
    if case .block(_, let columns) = names.style { indent = columns }
    let line = String(repeating: " ", count: indent) + "new: { type: bool }"
    return outline.text(adding: [.init(to: names.style, lines: [line], items: ["new: { type: bool }"])])
  }

  @Test(arguments: [
    (
      "models:\n  A:\n    fields:\n      \(fields)",
      "models:\n  A:\n    fields:\n      \(fields)\n      new: { type: bool }"
    ),
    (
      "models:\n  A:\n    fields:\n      \(fields)\n",
      "models:\n  A:\n    fields:\n      \(fields)\n      new: { type: bool }\n"
    ),
    (
      "models:\n  A:\n    fields:\n      \(fields)\n\n    # below\n    ordering: id\n",
      "models:\n  A:\n    fields:\n      \(fields)\n      new: { type: bool }\n\n    # below\n    ordering: id\n"
    ),
    (
      "models: { A: { fields: { \(fields) } } } # end }\n",
      "models: { A: { fields: { \(fields), new: { type: bool } } } } # end }\n"
    ),
    (
      "models: { A: { fields: { id: { type: int64, doc: 'it''s }', primary_key: true }, } } }\n",
      "models: { A: { fields: { id: { type: int64, doc: 'it''s }', primary_key: true }, new: { type: bool } } } }\n"
    ),
    (
      "models:\n  A:\n    fields:\n      id:\n        type: int64\n        primary_key: true\n        doc: >\n          folded\n\n          # text\n    ordering: id\n",
      "models:\n  A:\n    fields:\n      id:\n        type: int64\n        primary_key: true\n        doc: >\n          folded\n\n          # text\n      new: { type: bool }\n    ordering: id\n"
    ),
    (
      "models:\n  A:\n    fields:\n      id: {\n        type: int64, primary_key: true\n      }\n  B:\n    fields:\n      \(fields)\n",
      "models:\n  A:\n    fields:\n      id: {\n        type: int64, primary_key: true\n      }\n      new: { type: bool }\n  B:\n    fields:\n      \(fields)\n"
    ),
    (
      "models:\r\n  A:\r\n    fields:\r\n      \(fields)\r\n",
      "models:\r\n  A:\r\n    fields:\r\n      \(fields)\r\n      new: { type: bool }\r\n"
    ),
    (
      "models:\n  A:\n    fields:\n      id: { type: int64, primary_key: true, doc: plain\n        and 'more'\n        text }\n",
      "models:\n  A:\n    fields:\n      id: { type: int64, primary_key: true, doc: plain\n        and 'more'\n        text }\n      new: { type: bool }\n"
    ),
  ])
  func additions(_ text: String, _ expected: String) throws {
    let result = try added(text)
    #expect(result == expected)
    let (schema, diagnostics) = SchemaLoader.load(files: [("a.yaml", result)])
    #expect(schema?.models.first?.fields.map(\.name) == ["id", "new"], "\(diagnostics)")
  }

  @Test func aliasesAreLeftAlone() throws {
    let text = "models:\n  B: { fields: &all { \(Self.fields) } }\n  A: { fields: *all }\n"
    let outline = try #require(DefinitionOutline(path: "a.yaml", text: text))
    #expect(outline.fields["A"]?.style == .alias)
    #expect(outline.fields["B"]?.style != .alias)
  }

  @Test func namesInComments() throws {
    let text = """
      models:
        A:
          fields:
            \(Self.fields)   # note: no name of its own line
            # title: { type: string }
            #  price : 5
            # Any sentence: with words before the colon
        # Secret: { … }
      """
    let outline = try #require(DefinitionOutline(path: "a.yaml", text: text))
    #expect(outline.fields["A"]?.commentedOut == ["title", "Secret"])
    #expect(outline.models.commentedOut == ["title", "Secret"])
  }

  @Test(arguments: ["", "a: 1", "models: 5", "models: [", "- a"])
  func whatIsNoDefinition(_ text: String) { #expect(DefinitionOutline(path: "a.yaml", text: text) == nil) }
}
