import PillionSchema
import Testing

/// What is wrong before a definition is even looked at: YAML's syntax, keys that are there twice, forbidden characters.
@Suite struct SyntaxMistakesTests {
  @Test(arguments: all) func isReported(_ mistake: Mistake) {
    #expect(diagnostics(mistake.yaml) == mistake.expected)
  }

  static let all = [
    Mistake("", "blog.yaml:1:1: error: the file is empty; expected 'models:'"),
    Mistake("# nothing\n", "blog.yaml:1:1: error: the file is empty; expected 'models:'"),
    Mistake(
      "models:\n\tPost: {}",
      "blog.yaml:2:1: error: while scanning for the next token, found character that cannot start any token; "
        + "indent with spaces, YAML knows no tabs"),
    Mistake(
      "models: { A: { fields: }",
      "blog.yaml:1:25: error: while parsing a flow mapping, did not find expected ',' or '}'"),
    Mistake("models:\n  A: *gone\n", "blog.yaml:2:6: error: found undefined alias"),
    Mistake(
      "models: 'never closed",
      "blog.yaml:1:22: error: while scanning a quoted scalar, found unexpected end of stream"),
    Mistake(withModel("") + "\n---\na: 1\n", "blog.yaml:9:1: error: a second YAML document; make it a file of its own"),
    Mistake(withModel("doc: \u{7}"), "blog.yaml:7:10: error: the character U+0007 is not allowed in YAML"),
    Mistake(
      "models:\n  Ä\u{FEFF}: {}",
      "blog.yaml:2:4: error: the character U+FEFF is not allowed in YAML"),
    Mistake(
      withModel("<<: { table: posts }"),
      "blog.yaml:7:5: error: merge keys ('<<') are not supported; write the keys out"),
    Mistake(withModel("? [a]\n    : b"), "blog.yaml:7:7: error: a key must be text, found a list"),
    Mistake(
      withModel("doc: !!binary aGk="),
      "blog.yaml:7:10: error: the tag 'tag:yaml.org,2002:binary' means nothing here; leave it out"),
    Mistake(
      withModel("doc: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40)),
      "blog.yaml:7:10: error: 'doc' expected text, found a list",
      "blog.yaml:7:39: error: nested deeper than 32 levels"),
    Mistake(
      withField("{ type: string, null: true, null: false }"),
      "blog.yaml:5:39: error: the key 'null' is written twice in this mapping, first at 5:27"),
    // Three of one key, and one of another mapping.
    Mistake(
      withModel("table: a\n    'table': b\n    \"table\": c\n    service: { name: P, \"name\": Q, nam: 1 }"),
      "blog.yaml:8:5: error: the key 'table' is written twice in this mapping, first at 7:5",
      "blog.yaml:9:5: error: the key 'table' is written twice in this mapping, first at 7:5",
      "blog.yaml:10:25: error: the key 'name' is written twice in this mapping, first at 10:16",
      "blog.yaml:10:36: error: unknown key 'nam' of a service; did you mean 'name'?"),
    Mistake(
      "models:\n  Post: &p { fields: { id: { type: int64, primary_key: true } } }\n  Post: *p\n",
      "blog.yaml:3:3: error: the key 'Post' is written twice in this mapping, first at 2:3"),
    // Keys with anchors, and keys that are aliases of them.
    Mistake(
      "models: {}\n&a doc: x\ndoc: y\n*a : z\n",
      "blog.yaml:1:9: error: 'models' is empty",
      "blog.yaml:3:1: error: the key 'doc' is written twice in this mapping, first at 2:1",
      "blog.yaml:4:1: error: the key 'doc' is written twice in this mapping, first at 2:1"),
    Mistake(
      "models: {}\na: &a [1]\n? *a\n: b\n",
      "blog.yaml:1:9: error: 'models' is empty",
      "blog.yaml:2:1: error: unknown key 'a' of a definition file; known: package, doc, models",
      "blog.yaml:3:3: error: a key must be text, found a list"),
    // A syntax error after a duplicate: both.
    Mistake(
      "models: { A: { doc: a, doc: b } }\ndoc: {",
      "blog.yaml:1:24: error: the key 'doc' is written twice in this mapping, first at 1:16",
      "blog.yaml:2:7: error: while parsing a flow node, did not find expected node content"),
  ]

  @Test func deepNestingIsRefused() {
    for open in ["[", "{a: ", "- ", "? "] {
      let found = diagnostics("models: \n" + String(repeating: open, count: 20_000))
      #expect(found.count >= 1)
      #expect(found.allSatisfy { $0.contains("error") })
    }
  }

  @Test func aliasesCannotGrowWithoutLimit() {
    var yaml = "models: {}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...60 {
      let alias = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      yaml += "a\(level): &a\(level) [\(alias)]\n"
    }
    #expect(diagnostics(yaml).contains("blog.yaml: error: holds more than 1000000 values, aliases counted"))
  }
}
