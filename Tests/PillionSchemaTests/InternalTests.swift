import Testing

@testable import PillionSchema

@Suite struct InternalTests {
  @Test(
    arguments: [
      ("", .null), ("~", .null), ("null", .null), ("true", .bool(true)), ("FALSE", .bool(false)), ("yes", .text),
      ("no", .text), ("on", .text), ("0", .integer(isNegative: false, magnitude: 0)),
      ("-0", .integer(isNegative: false, magnitude: 0)), ("+12", .integer(isNegative: false, magnitude: 12)),
      ("-12", .integer(isNegative: true, magnitude: 12)), ("0x1f", .integer(isNegative: false, magnitude: 31)),
      ("0o17", .integer(isNegative: false, magnitude: 15)), ("017", .text), ("-0x1", .text), ("1_000", .text),
      ("0b1", .text),
      ("12:30:45", .text), ("1.0", .float(1)), ("1.", .float(1)), (".5", .float(0.5)), ("-1e3", .float(-1_000)),
      ("+1.5E-1", .float(0.15)), (".", .text), ("1e", .text), ("e1", .text), ("1.2.3", .text),
      (".inf", .float(.infinity)),
      ("-.INF", .float(-.infinity)), ("inf", .text), ("nan", .text),
      ("18446744073709551616", .float(18_446_744_073_709_551_616)),
      ("2024-01-01", .text), ("--1", .text), ("+-1", .text), ("-", .text), ("+", .text), ("0x", .text), ("0xg", .text),
      ("00.5", .float(0.5)),
    ] as [(String, YAMLScalar.Meaning)])
  func plainScalars(_ text: String, _ meaning: YAMLScalar.Meaning) {
    #expect(YAMLScalar(text: text, isPlain: true).meaning == meaning)
    #expect(YAMLScalar(text: text, isPlain: false).meaning == .text)
  }

  @Test(
    arguments: [
      ("titel", "title"), ("Title", "title"), ("tilte", "title"), ("tite", "title"), ("id", nil), ("ttl", nil),
      ("", nil),
      ("created_on", "created_at"),
    ] as [(String, String?)])
  func suggestions(_ name: String, _ nearest: String?) {
    #expect(Suggestion.nearest(name, among: ["title", "created_at", "body"]) == nearest)
  }

  @Test func distances() {
    let distance = { (one: String, other: String) in
      Suggestion.distance(Array(one.unicodeScalars), Array(other.unicodeScalars))
    }
    #expect(distance("", "") == 0)
    #expect(distance("", "abc") == 3)
    #expect(distance("abc", "") == 3)
    #expect(distance("kitten", "sitting") == 3)
    #expect(distance("ab", "ba") == 1)
    #expect(distance("same", "same") == 0)
  }

  @Test func serviceNames() {
    #expect(ServiceBuilder.name(of: "Post", pattern: "{model}Controller") == "PostController")
    #expect(ServiceBuilder.name(of: "Post", pattern: "{x}{model}{model}") == "{x}PostPost")
    #expect(ServiceBuilder.name(of: "Post", pattern: "{") == "{")
    #expect(ServiceBuilder.name(of: "Post", pattern: "") == "")
  }
}
