import PillionProto
import PillionSchema
import Testing

/// The lock file's text.
struct LockParserTests {
  static let file = "protos/pillion.lock"

  @Test("what is printed is read back, and printed the same")
  func roundTrip() {
    var lock = Lock(
      messages: [
        "Top": Lock.Message(fields: [Lock.Field(number: 1, name: "id", type: "optional int64")]),
        "a.b.Post": Lock.Message(fields: [
          Lock.Field(number: 1, name: "id", type: "int64"),
          Lock.Field(number: 2, name: "x", type: "repeated string", isReserved: true),
          Lock.Field(number: 3, name: "x", type: "google.protobuf.Timestamp", isReserved: true),
          Lock.Field(number: 4, name: "y", type: "int32", formerNames: ["z", "w"]),
          Lock.Field(number: 5, name: "v", type: "int32", formerNames: ["u"], isReserved: true),
          Lock.Field(number: 536_870_911, name: "x", type: "NullableString"),
        ]),
        "a.Gone": Lock.Message(
          fields: [Lock.Field(number: 1, name: "id", type: "int64", isReserved: true)], isReserved: true),
        "a.Empty": Lock.Message(formerNames: ["Void"]),
      ],
      services: [
        "a.PostController": Lock.Service(methods: [
          "List": Lock.Method(request: "PostListRequest", response: "Post", isServerStreaming: true),
          "Destroy": Lock.Method(request: "Post", response: "google.protobuf.Empty", isReserved: true),
        ]),
        "a.GoneController": Lock.Service(isReserved: true),
      ])
    lock.enums = [
      "a.PostLanguage": Lock.Message(fields: [
        Lock.Field(number: 1, name: "POST_LANGUAGE_DE", type: "enum", isReserved: true),
        Lock.Field(number: 2, name: "POST_LANGUAGE_EN", type: "enum"),
      ]),
      "a.Gone": Lock.Message(isReserved: true),
    ]
    let (parsed, diagnostics) = Lock.parse(lock.text, file: Self.file)
    #expect(diagnostics == [])
    #expect(parsed == lock)
    #expect(parsed.text == lock.text)
  }

  @Test("order, blanks, comments and line ends do not matter")
  func looseText() {
    let text =
      "# made by hand\r\n\r\nversion 1 # the only one\r\nmessage b.B\r\n\t2  name   string\r\n 1 id int64 # key\r\nmessage a.A\r\n"
    let (lock, diagnostics) = Lock.parse(text, file: Self.file)
    #expect(diagnostics == [])
    #expect(
      lock.messages == [
        "a.A": Lock.Message(),
        "b.B": Lock.Message(fields: [
          Lock.Field(number: 1, name: "id", type: "int64"), Lock.Field(number: 2, name: "name", type: "string"),
        ]),
      ])
  }

  /// Lines after `version 1`, which is line 1, and what is found: `line:column: message`.
  static let table: [(String, [String])] = [
    ("nonsense", ["2:1: unknown line; expected `message NAME`, `enum NAME` or `service NAME`"]),
    ("  1 id int64", ["2:3: unknown line; expected `message NAME`, `enum NAME` or `service NAME`"]),
    ("message", ["2:8: a name is missing"]),
    ("message a..B", ["2:9: `a..B` is not a name"]),
    ("message a.B gone", ["2:13: `gone` where the line should end or say `reserved`"]),
    ("message a.B reserved x", ["2:22: `x` where the line should end"]),
    (
      "message a.B\nmessage a.B\n  x y z",
      ["3:9: message a.B a second time; the first is at protos/pillion.lock:2; put the lines of both under one"]
    ),
    (
      "service a.B\nservice a.B",
      ["3:9: service a.B a second time; the first is at protos/pillion.lock:2; put the lines of both under one"]
    ),
    ("message a.B\n  x id int64", ["3:3: `x` is not a field number; expected `NUMBER NAME TYPE`"]),
    ("message a.B\n  -1 id int64", ["3:3: `-1` is not a field number; expected `NUMBER NAME TYPE`"]),
    ("message a.B\n  0 id int64", ["3:3: number 0 is out of range: 1 to 536870911, less 19000 to 19999"]),
    (
      "message a.B\n  536870912 id int64",
      ["3:3: number 536870912 is out of range: 1 to 536870911, less 19000 to 19999"]
    ),
    ("message a.B\n  19000 id int64", ["3:3: number 19000 is out of range: 1 to 536870911, less 19000 to 19999"]),
    (
      "message a.B\n  99999999999999999999 id int64",
      ["3:3: number 99999999999999999999 is out of range: 1 to 536870911, less 19000 to 19999"]
    ),
    ("message a.B\n  1", ["3:4: the field's name is missing"]),
    ("message a.B\n  1 2x int64", ["3:5: `2x` is not a field's name"]),
    ("message a.B\n  1 é int64", ["3:5: `é` is not a field's name"]),
    ("message a.B\n  1 id", ["3:7: the field's type is missing"]),
    ("message a.B\n  1 id repeated", ["3:16: the field's type is missing"]),
    ("message a.B\n  1 id reserved", ["3:8: `reserved` is not a type"]),
    ("message a.B\n  1 id int-64", ["3:8: `int-64` is not a type"]),
    ("message a.B\n  1 id int64 removed", ["3:14: `removed` where the line should end or say `reserved`"]),
    (
      "message a.B\n  1 id int64\n  1 x int32 reserved",
      [
        "4:3: number 1 a second time in a.B; `id` has it at protos/pillion.lock:3; give the field that is not released yet the next free number"
      ]
    ),
    (
      "message a.B\n  1 id int64\n  2 id int32",
      ["4:5: field `id` a second time in a.B; it has number 1 at protos/pillion.lock:3; keep the line that is released"]
    ),
    (
      "message a.B reserved\n  1 id int64",
      ["3:5: `id` is in use in a reserved message; add `reserved` to the line"]
    ),
    ("message a.B was", ["2:16: the former name is missing"]),
    ("service a.B was A", ["2:13: `was` where the line should end or say `reserved`"]),
    ("message a.B\n  1 id int64 was", ["3:17: the former name is missing"]),
    (
      "message a.B\n  1 id int64 was a,,b",
      ["3:18: `a,,b` is not a name, or names with commas between them"]
    ),
    ("message a.B\n  1 id int64 was a b", ["3:20: `b` where the line should end or say `reserved`"]),
    ("enum", ["2:5: a name is missing"]),
    (
      "enum a.E\nenum a.E",
      ["3:6: enum a.E a second time; the first is at protos/pillion.lock:2; put the lines of both under one"]
    ),
    ("enum a.E\n  1", ["3:4: the value's name is missing"]),
    ("enum a.E\n  0 E_A", ["3:3: number 0 is out of range: 1 to 536870911, less 19000 to 19999"]),
    ("enum a.E\n  1 E-A", ["3:5: `E-A` is not a value's name"]),
    ("enum a.E\n  1 E_A int32", ["3:9: `int32` where the line should end or say `reserved`"]),
    (
      "enum a.E\n  1 E_A\n  1 E_B",
      [
        "4:3: number 1 a second time in a.E; the first is at protos/pillion.lock:3; give the value that is not released yet the next free number"
      ]
    ),
    (
      "enum a.E\n  1 E_A\n  2 E_A reserved",
      [
        "4:5: value E_A a second time in a.E; the first is at protos/pillion.lock:3; keep the line that is released"
      ]
    ),
    ("enum a.E reserved\n  1 E_A", ["3:5: `E_A` is in use in a reserved enum; add `reserved` to the line"]),
    ("service a.C\n  List", ["3:7: the request's type is missing"]),
    ("service a.C\n  9 A -> B", ["3:3: `9` is not an rpc's name"]),
    ("service a.C\n  List a- -> B", ["3:8: `a-` is not a type"]),
    ("service a.C\n  List A", ["3:9: `->` is missing"]),
    ("service a.C\n  List A B", ["3:10: `B` where `->` should be"]),
    ("service a.C\n  List A ->", ["3:12: the response's type is missing"]),
    ("service a.C\n  List A -> stream", ["3:19: the response's type is missing"]),
    ("service a.C\n  List A -> stream 1", ["3:20: `1` is not a type"]),
    ("service a.C\n  List A -> B C", ["3:15: `C` where the line should end or say `reserved`"]),
    (
      "service a.C\n  List A -> B\n  List A -> B",
      ["4:3: rpc List a second time in a.C; the first is at protos/pillion.lock:3; keep one of the two lines"]
    ),
    (
      "service a.C reserved\n  List A -> B",
      ["3:3: `List` is in use in a reserved service; add `reserved` to the line"]
    ),
    (
      "message a.B\n<<<<<<< HEAD\n  1 id int64\n=======\n  1 key int64\n>>>>>>> topic\n  2 z",
      [
        "3:1: merge conflict; keep the lines of both sides and give no number twice",
        "5:1: merge conflict; keep the lines of both sides and give no number twice",
        "6:3: number 1 a second time in a.B; `id` has it at protos/pillion.lock:4; give the field that is not released yet the next free number",
        "7:1: merge conflict; keep the lines of both sides and give no number twice",
        "8:6: the field's type is missing",
      ]
    ),
  ]

  @Test("mistakes are found with line and column, all at once", arguments: table)
  func mistakes(text: String, expected: [String]) {
    let (_, diagnostics) = Lock.parse("version 1\n\(text)\n", file: Self.file)
    let found = diagnostics.map { finding in
      "\(finding.location.line):\(finding.location.column): \(finding.message)"
        + (finding.suggestion.map { "; \($0)" } ?? "")
    }
    #expect(found == expected)
    #expect(diagnostics.allSatisfy { $0.severity == .error && $0.location.file == Self.file })
  }

  @Test(
    "a lock without its version is refused: it may have lost its numbers",
    arguments: [
      (
        "",
        "\(LockParserTests.file): error: the lock file is empty; restore it from version control; without it fields would be numbered anew"
      ),
      (
        "# only this\n",
        "\(LockParserTests.file): error: the lock file is empty; restore it from version control; without it fields would be numbered anew"
      ),
      ("version 2\n", "\(LockParserTests.file):1:1: error: unknown version of the lock file; expected `version 1`"),
      (
        "\nmessage a.B\n", "\(LockParserTests.file):2:1: error: the lock file has no version line; expected `version 1`"
      ),
    ])
  func version(text: String, expected: String) {
    #expect(Lock.parse(text, file: Self.file).diagnostics.map(\.description) == [expected])
  }

  @Test("no text makes the parser trap")
  func mutated() {
    let text = Array(
      Lock(messages: ["a.B": Lock.Message(fields: [Lock.Field(number: 1, name: "id", type: "int64")])]).text.utf8)
    for index in text.indices {
      for byte in [UInt8(0), 10, 13, 32, 35, 48, 0xC3, 0xFF] {
        var mutated = text
        mutated[index] = byte
        let (lock, diagnostics) = Lock.parse(String(decoding: mutated, as: UTF8.self), file: Self.file)
        #expect(!diagnostics.isEmpty || Lock.parse(lock.text, file: Self.file).lock == lock)
      }
    }
  }
}
