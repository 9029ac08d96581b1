import PillionQuery
import Testing

/// A reader that has seen filters before says of each text what one that has seen none says.
@Suite struct FilterReaderTests {
  private let model: FilteredModel

  init() throws { model = try FilteredModel() }

  /// Texts that look alike, among them such as mean different things, and such as are wrong.
  @Test(arguments: [
    [
      "id = 1", "id = 2", "id = -3", "id = x", "id = 99999999999999999999", "id = null", "id = *", "id = \"4\"", "id:5",
    ],
    [
      "title = a", "title = b", "title = null", "title = nullx", "title = a*", "title = *", "title = true", "title = 1",
    ],
    ["title = \"a\"", "title = 'b'", "title = \"a*b\"", "title = \"a\\\"b\"", "title = \"\"", "title = \"null\""],
    ["title = \"a\" \"b\"", "title = \"a\"", "title = 1 2", "title = \"a", "title = \"a\\\"", "title = \"é😀\""],
    [
      "title = AND", "title = ANDy", "title = OR", "title = ORy", "title = NOT", "title = NOTy", "title = A",
      "title = N",
    ],
    ["title:a", "title:b", "title:\"c\"", "title:\"c*d\"", "title:1", "title:*", "title: e", "title : f", "title : g"],
    ["title != \"a\"", "title != \"b*\"", "title != c", "title < d", "title <= e", "title > f", "title >= g"],
    ["flag", "NOT flag", "-flag", "flag = true", "flag = false", "flag = \"true\"", "flag = \"no\"", "flag = 1"],
    ["when > 2024-02-29T00:00:00Z", "when > 2025-01-01T00:00:00+01:00", "when > 2024-02-30T00:00:00Z", "when > 1"],
    [
      "day = 2024-02-29", "day = 2024-02-30", "day = \"2024-03-01\"", "day:2024-03-01",
      "day = (2024-03-01 OR 2024-03-02)",
    ],
    ["price = 1.50", "price = 2", "price = 1e3", "price = x", "rate = 1.5", "rate = 1e400", "rate = .5", "rate = -.5"],
    ["code = 123e4567-e89b-12d3-a456-426614174000", "code = abcdef01-e89b-12d3-a456-426614174000", "code = abc"],
    ["id = (1 OR 2)", "id = (3 OR 4)", "id = (1 OR 2 OR 3)", "id = (1 OR x)", "id = (1 OR null)", "id = (1 OR -2)"],
    ["id = (1 AND 2)", "id = (NOT 1)", "id = (NOT 2)", "id:(1 OR 2)", "id = (\"1\" OR '2')", "id = (1 2)", "id = (1"],
    ["meta.a = 1", "meta.a = 2", "meta.a = 2024-01-01", "meta.a = +1", "meta.a = true", "meta.a = x", "meta.a = null"],
    ["meta.a = x", "meta.a = y", "meta.a = true", "meta.a = Infinity", "meta.a = .5", "meta.a = +5", "meta.a = \"1\""],
    ["meta.a = 2024-01-01", "meta.a = 1", "meta.a = 2024-01-02", "meta.a > \"a\"", "meta.a > \"b\"", "meta.a:\"c\""],
    [
      "meta.\"a\" = 1", "meta.\"b\" = 1", "meta.'a' = 1", "meta.\"a.b\".c = 1", "meta.\"a\":1", "meta.0 = 1",
      "meta.1 = 1",
    ],
    ["meta.a:1", "meta.a:2", "meta.b:1", "meta.a: 1", "meta.a:*", "meta.\"a\".b:x", "meta.\"a\".b:y"],
    ["words:a", "words:b", "words:\"c\"", "words:*", "words = a", "tags:1", "tags:2", "tags:x", "tags.id = 1"],
    ["author = 1", "author = 2", "author.title = \"a\"", "author.title = \"b\"", "author.id = 3", "author.nope = 3"],
    [
      "ieq(title, \"a\")", "ieq(title, \"b\")", "ieq(title, c)", "ieq(title, d)", "ieq(\"title\", \"a\")",
      "ieq(title, 1)",
    ],
    ["icontains(title, \"a\")", "icontains(title, \"b\")", "contains(title, \"b\")", "startswith(title, \"a\")"],
    ["startswith(title, \"a\")", "startswith(title, \"b\")", "endswith(title, \"a\")", "endswith(title, \"b\")"],
    ["regex(title, \"a+\")", "regex(title, \"b+\")", "regex(title, \"\")", "regex(title, \"a{1001}\")"],
    ["range(id, 1, 5)", "range(id, 2, 6)", "range(id, 1, x)", "range(id, \"1\", '5')", "range(1, 2, 3)"],
    [
      "isnull(title)", "isnull(title, true)", "isnull(title, false)", "isnull(title, \"true\")",
      "isnull(title, \"false\")",
    ],
    [
      "id >= 1 AND note = 1", "id >= 1 AND title != \"x1\"", "id >= 2 AND title != \"x2\"",
      "id >= 3 AND title != \"x*\"",
    ],
    ["id = 1 OR id = 2", "id = 3 OR id = 4", "(id = 1) id = 2", "-id = 1", "- id = 1", "id = 1 -id = 2", "id = 1-2"],
    [
      "id=1", "id = 1", "id  =  1", "id =\t1", " id = 1 ", "id = 1)", "1 = id", "1", "-1", "\"a\"", "", " ", "id = =",
      "id ! 1",
    ],
    [
      "id = 5\"x\"", "id = \"5\"x", "a\"b\" = 1", "id.\"b\" = 1", "title = a:b", "title = c:d", "title = a : b",
      "title:a:b",
    ],
  ])
  func textsThatLookAlike(_ texts: [String]) {
    for first in texts {
      let reader = model.makeReader()
      for text in [first] + texts + texts {
        #expect(model.agrees(reader, on: text), "\(text) after \(first)")
      }
    }
  }

  @Test func aTextThatIsTooLongIsRefusedThoughItsOutlineIsKnown() {
    var limits = FilterLimits()
    limits.maximumBytes = 20
    let reader = model.makeReader(limits: limits)
    for text in ["title = \"a\"", "title = \"abcdefghij\"", "title = \"abcdefghijk\""] {
      #expect(model.agrees(reader, on: text, limits: limits), "\(text)")
    }
    #expect(throws: QueryError.self) { try reader.filter("title = \"abcdefghijk\"") }
  }

  @Test func moreOutlinesThanAreKept() {
    let reader = model.makeReader()
    for round in 0..<3 {
      for number in 1...90 {
        for count in 1...4 {
          let text = (0..<count).map { "id != \($0) AND meta.k\(number) = \(round)" }.joined(separator: " AND ")
          #expect(model.agrees(reader, on: text))
        }
      }
    }
  }
}
