import PillionSchema
@testable import PillionService
import Testing

@Suite struct TextFormatTests {
  @Test(arguments: [
    ("a@b.co", true), ("first.last+tag@sub.example.org", true), ("!#$%&'*+/=?^_`{|}~-@example.org", true),
    ("üser@bücher.example", true), ("a@1.2", true), ("\(String(repeating: "a", count: 64))@example.org", true),
    ("", false), ("a", false), ("@example.org", false), ("a@", false), ("a@b", false), ("a b@example.org", false),
    (".a@example.org", false), ("a.@example.org", false), ("a..b@example.org", false), ("a@-b.example", false),
    ("a@b-.example", false), ("a@b..example", false), ("a@example.org.", false), ("a@b@example.org", false),
    ("a\n@example.org", false), ("a@example.org\n", false), ("a@exa mple.org", false),
    ("\(String(repeating: "a", count: 65))@example.org", false),
    ("a@\(String(repeating: "a", count: 64)).org", false), ("a@b.co\0", false), ("\"a b\"@example.org", false),
  ])
  func email(_ text: String, _ isGood: Bool) { #expect(TextFormat.email.accepts(text) == isGood) }

  @Test(arguments: [
    ("http://a", true), ("https://example.org/a?b=c#d", true), ("HTTPS://EXAMPLE.ORG", true),
    ("ftp://user:pw@host:21/x", true), ("ftps://host", true), ("http://localhost:8080", true),
    ("http://127.0.0.1/", true), ("http://[::1]:80/x", true), ("http://[2001:db8::1]", true),
    ("https://bücher.example/ü", true), ("http://a?x", true), ("http://a:65535", true),
    ("", false), ("example.org", false), ("http://", false), ("http:///x", false), ("mailto:a@b.co", false),
    ("javascript://x", false), ("http:/a", false), ("http://a b", false), ("http://a/\n", false),
    ("http://a/\u{7f}", false),
    ("http://a:", false), ("http://a:x", false), ("http://a:65536", false), ("http://a:+80", false),
    ("http://a:-1", false), ("http://[::1", false), ("http://[x]", false), ("http://[::1]80", false),
    ("http://-a", false), ("http://a..b", false), ("http://a@", false), ("http://a\0", false),
    ("http://a/\(String(repeating: "a", count: 2048))", false),
  ])
  func url(_ text: String, _ isGood: Bool) { #expect(TextFormat.url.accepts(text) == isGood) }

  @Test(arguments: [
    ("a", true), ("a-b_C9", true), ("-", true), ("", false), ("a b", false), ("a.b", false), ("ä", false),
    ("a\n", false), ("a/b", false), ("a\0", false),
  ])
  func slug(_ text: String, _ isGood: Bool) { #expect(TextFormat.slug.accepts(text) == isGood) }

  @Test(arguments: [
    ("0.0.0.0", true), ("255.255.255.255", true), ("127.0.0.1", true), ("256.0.0.1", false), ("1.2.3", false),
    ("1.2.3.4.5", false), ("1.2.3.4 ", false), (" 1.2.3.4", false), ("1.2.3.4\0x", false), ("::1", false), ("", false),
    ("0x7f.0.0.1", false), ("1.2.3.a", false),
  ])
  func ipv4(_ text: String, _ isGood: Bool) { #expect(TextFormat.ipv4.accepts(text) == isGood) }

  @Test(arguments: [
    ("::", true), ("::1", true), ("2001:db8::1", true), ("::ffff:1.2.3.4", true), ("1:2:3:4:5:6:7:8", true),
    ("1:2:3:4:5:6:7:8:9", false), ("::1::2", false), ("127.0.0.1", false), ("[::1]", false), ("fe80::1%eth0", false),
    ("::g", false), ("", false), ("::1\0", false),
  ])
  func ipv6(_ text: String, _ isGood: Bool) { #expect(TextFormat.ipv6.accepts(text) == isGood) }

  /// What is not accepted is named.
  @Test func phrases() {
    for format in TextFormat.allCases { #expect(format.phrase.hasPrefix("a ") || format.phrase.hasPrefix("an ")) }
  }
}
