import Glibc
import PillionQuery
import Testing

/// Random and mutated filters: each is read or refused with a place in the text, and none takes the process down. A reader
/// that keeps what it has seen says the same of each.
///
/// `PILLION_FILTER_CASES` says how many (100,000), `PILLION_SEED` which.
@Suite struct FilterFuzzTests {
  private static let cases = getenv("PILLION_FILTER_CASES").flatMap { Int(String(cString: $0)) } ?? 100_000
  private static let seed = getenv("PILLION_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1

  private let model: FilteredModel

  init() throws { model = try FilteredModel() }

  private static let pieces = [
    "id", "title", "flag", "when", "price", "span", "code", "raw", "meta", "words", "author", "tags", "meta.a",
    "author.title",
    "tags.id", "author.author.author.author.id", "nope", " ", " ", " ", "=", "!=", "<", "<=", ">", ">=", ":", "AND",
    "OR", "NOT", "-",
    "(", ")", "(", ")", ",", ".", "*", "null", "true", "1", "-1", "1.5", "\"x\"", "'y'", "\"a*b\"", "\"", "'", "\\",
    "\\*", "ieq(",
    "regex(", "range(", "isnull(", "contains(", "2024-02-29T00:00:00Z", "P1D", "90s", "12.50", "é", "\u{301}", "\u{0}",
    "😀",
    "123e4567-e89b-12d3-a456-426614174000", "99999999999999999999", "1e400", "{1000}", "[", "]",
  ]

  /// So many share the cases, each with a seed of its own.
  private static let workers = 4

  @Test(arguments: 0..<workers) func everythingIsReadOrRefused(worker: Int) throws {
    var random = SeededGenerator(state: Self.seed &+ UInt64(worker) << 32)
    let count = Self.cases / Self.workers
    var read = 0
    let reader = model.makeReader()
    for _ in 0..<count {
      let text = makeText(&random)
      if isRead(text) { read += 1 }
      if !model.agrees(reader, on: text) { Issue.record("\(text.debugDescription) read again") }
    }
    // The generator would be of no use if nearly all were wrong.
    #expect(read > count / 100)
  }

  /// What random input has found or come close to, and what could run off the end, recurse for ever or be read twice.
  @Test(arguments: [
    "\"", "'", "\\", "\"\\", "\"\\\"", "a.", "a..b", ".", "-", "--", "- -flag", "NOT", "NOT NOT flag", "NOTflag",
    "ORflag",
    "flag OR", "flag AND", "AND", "flag OROR flag", "()", "(", ")", "((flag)", "flag)", "title = ()", "title = (",
    "title = (NOT)",
    "title = (1 OR", "title:", "title:*", "title = *", "title = **", "title = \"*\"", "ieq(", "ieq()", "ieq(title",
    "ieq(title,",
    "ieq(title,)", "ieq(title, x", "range(id, 1)", "regex(title, \"{1000}\")", "regex(title, \"((((\")",
    "meta.\"\" = 1",
    "meta.\"a.b\".c = 1", "meta = 1", "id = 1e400", "id = 99999999999999999999", "price = 1e400", "price = .",
    "span = P", "span = PT",
    "when = 0000-00-00T00:00:00Z", "code = 123e4567", "raw = \"====\"", "\u{0}", "title = \"\u{0}\"", "e\u{301} = 1",
    "\u{301}=1",
    "😀", "title = 😀", "words:*", "words = 1", "tags", "tags:", "tags.tags.tags.tags.id = 1", "author.author",
    "author = null",
    String(repeating: "(", count: 5_000), String(repeating: "-", count: 5_000),
    String(repeating: "NOT ", count: 2_000) + "flag",
    String(repeating: "a.", count: 4_000), String(repeating: "title = (", count: 900),
    String(repeating: "*", count: 8_000),
    "title = \"" + String(repeating: "\\*", count: 4_000) + "\"",
  ])
  func findings(text: String) { _ = isRead(text) }

  /// Whether it is read; whatever it is, what comes of it has to make sense. Macros would cost more than the parser.
  private func isRead(_ text: String) -> Bool {
    switch model.parse(text) {
    case .success(let filter?):
      if filter.values.count != takes(filter.predicate) { Issue.record("values of \(text.debugDescription)") }
      return true
    case .success(nil): return false
    case .failure(let error):
      let isInText = error.position >= 1 && error.position <= text.unicodeScalars.count + 1
      let isOneLine = error.excerpt.utf8.count { $0 == UInt8(ascii: "\n") } == 1
      if !isInText || !isOneLine || error.message.isEmpty { Issue.record("\(text.debugDescription): \(error)") }
      return false
    }
  }

  private func makeText(_ random: inout SeededGenerator) -> String {
    if Int.random(in: 0..<8, using: &random) == 0 {
      return String(
        decoding: (0..<Int.random(in: 0..<40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) },
        as: UTF8.self)
    }
    if Int.random(in: 0..<2, using: &random) == 0 { return comparison(&random, depth: 3) }
    return (0..<Int.random(in: 1..<14, using: &random)).map { _ in piece(&random) }.joined()
  }

  private func piece(_ random: inout SeededGenerator) -> String {
    Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &random)]
  }

  /// Nearly right.
  private func comparison(_ random: inout SeededGenerator, depth: Int) -> String {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 4), using: &random) {
    case 4: "(\(comparison(&random, depth: depth - 1)))"
    case 5: "\(comparison(&random, depth: depth - 1)) OR \(comparison(&random, depth: depth - 1))"
    case 6: "\(comparison(&random, depth: depth - 1)) AND \(comparison(&random, depth: depth - 1))"
    case 7: "NOT \(comparison(&random, depth: depth - 1))"
    default: "\(piece(&random)) \(["=", "!=", "<", ":"][Int.random(in: 0..<4, using: &random)]) \(piece(&random))"
    }
  }

  /// How many values a predicate's tests take.
  private func takes(_ predicate: Predicate) -> Int {
    switch predicate {
    case .all(let parts), .any(let parts): parts.reduce(0) { $0 + takes($1) }
    case .not(let part): takes(part)
    case .test(let test):
      switch test.condition {
      case .isNull, .isNotNull, .isNotEmpty: 0
      case .compare, .like, .notLike, .equalsIgnoringCase, .matches, .contains: 1
      case .between: 2
      case .oneOf(let count): count
      case .json(.exists), .json(.isNull), .json(.isNotNull): 1
      case .json(.compare), .json(.contains): 2
      }
    }
  }
}

/// SplitMix64, so that a seed means the same everywhere.
private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
