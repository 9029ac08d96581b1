import PillionQuery
import Testing

@Suite struct CallConditionTests {
  private let facts = CallFacts(
    identity: Identity(
      principal: "amy",
      claims: [
        "role": .string("editor"), "level": .int(7), "ratio": .double(0.5), "admin": .bool(true), "off": .bool(false),
        "groups": .array([.string("staff"), .string("news"), .int(3)]), "nothing": .null,
        "org": .object(["id": .int(12), "plan": .object(["name": .string("Gold")]), "a key": .string("x")]),
        "sub": .string("42"), "https://example.org/role": .string("r"),
      ]),
    address: "10.1.2.3", subject: "CN=orders,O=Shop", dnsNames: ["orders.shop", "b.shop"],
    uris: ["spiffe://shop/orders"])

  @Test(arguments: [
    "claims.role = \"editor\"", "claims.role = editor", "claims.role != \"reader\"", "claims.role = \"edi*\"",
    "claims.role != \"rea*\"", "claims.role = (reader OR editor)", "NOT claims.role = reader", "-claims.role = reader",
    "claims.role:editor", "claims.level = 7", "claims.level = 7.0", "claims.level > 6 AND claims.level <= 7",
    "claims.ratio < 1", "claims.ratio = 0.5", "claims.admin", "claims.admin = true", "claims.off = false",
    "NOT claims.off", "claims.groups:staff", "claims.groups:(staff AND news)", "claims.groups:(none OR news)",
    "claims.groups:3", "claims.groups:*", "claims.groups:\"st*\"", "claims.org.id = 12", "claims.org.plan.name = Gold",
    "claims.org:plan", "claims.org.\"a key\" = x", "claims.\"https://example.org/role\" = r", "claims.sub = \"42\"",
    "claims.nothing = null", "claims.none = null", "claims.role != null", "claims.role:*", "NOT claims.none:*",
    "principal = amy", "principal = \"a*\"", "principal:*", "peer.address = \"10.*\"", "peer.subject = \"*O=Shop\"",
    "peer.dns:\"b.shop\"", "peer.uris:\"spiffe://shop/*\"", "peer.uris:*", "contains(claims.role, \"dit\")",
    "icontains(claims.role, \"DIT\")", "startswith(claims.role, \"ed\")", "endswith(claims.role, \"or\")",
    "ieq(claims.role, \"EDITOR\")", "regex(claims.role, \"^ed.*r$\")", "regex(claims.sub, \"^\\\\d+$\")",
    "range(claims.level, 7, 9)", "isnull(claims.none)", "isnull(claims.role, false)",
    "claims.none = 1 OR claims.role = editor AND principal = amy", "NOT (claims.none = 1 AND claims.level = 8)",
    "claims.level = 7 claims.admin", "claims.level != \"7\"",
  ])
  func holds(_ text: String) throws {
    let condition = try CallCondition.parse(text)
    #expect(condition.holds(facts, grants: true) && condition.holds(facts, grants: false))
  }

  @Test(arguments: [
    "claims.none = 1", "claims.none != 1", "claims.none < 1", "claims.none", "claims.none:*", "claims.nothing:*",
    "claims.role = Editor", "claims.role", "claims.level = \"7\"", "claims.sub = 42", "claims.groups = staff",
    "claims.groups:none", "claims.groups:\"3\"", "claims.org.id.x = 1", "claims.role.x = 1", "claims.org:none",
    "claims.off", "claims.level > 7", "principal = bob", "peer.address = \"11.*\"", "peer.dns:\"shop\"",
    "regex(claims.role, \"^x\")", "contains(claims.level, \"7\")", "range(claims.level, 8, 9)", "isnull(claims.role)",
    "NOT claims.role = editor", "claims.admin = false", "claims.role < 1", "claims.level < a",
  ])
  func doesNotHold(_ text: String) throws {
    let condition = try CallCondition.parse(text)
    #expect(!condition.holds(facts, grants: true) && !condition.holds(facts, grants: false))
  }

  /// What is not known lets nobody in and keeps nobody who is denied by the lack of it.
  @Test(arguments: [
    "NOT claims.none = 1", "NOT claims.none != 1", "NOT claims.none", "NOT claims.none:x",
    "NOT ieq(claims.none, \"x\")",
    "NOT contains(claims.none, \"x\")", "NOT regex(claims.none, \"x\")", "NOT (claims.none = 1 OR claims.level = 8)",
    "NOT (claims.none = 1 AND claims.level = 7)", "NOT (NOT claims.role = reader AND claims.none = 1)",
  ])
  func notOfWhatIsMissing(_ text: String) throws {
    let condition = try CallCondition.parse(text)
    #expect(!condition.holds(facts, grants: true) && condition.holds(facts, grants: false))
  }

  /// Nobody is authenticated: every comparison with the caller is false.
  @Test(arguments: ["claims.role = editor", "principal = amy", "principal != bob", "peer.subject:*", "peer.dns:*"])
  func nobody(_ text: String) throws {
    #expect(try !CallCondition.parse(text).holds(CallFacts(identity: nil, address: "unix:"), grants: true))
  }

  @Test(arguments: [
    ("", 1), ("claims", 1), ("claims.", 8), ("claim.role = 1", 1), ("role = 1", 1), ("claims.role =", 14),
    ("claims.role = 1 AND", 20), ("claims.a = claims.b", 12), ("claims.a = principal", 12), ("principal.x = 1", 11),
    ("peer = 1", 1), ("peer.port = 1", 6), ("peer.address", 1), ("peer.dns = a", 10), ("claims.a < null", 10),
    ("claims.a > true", 10), ("claims.a < \"a*\"", 10), ("claims.a != (1 OR 2)", 10), ("nope(claims.a, \"x\")", 1),
    ("contains(claims.a)", 1), ("contains(\"a\", \"b\")", 1), ("contains(peer.dns, \"x\")", 10),
    ("regex(claims.a, \"(\")", 17), ("regex(claims.a, \"(a)\\\\1\")", 17), ("isnull(claims.a, 1)", 18), ("\"x\"", 1),
    ("(claims.a = 1", 14), ("contains(claims.a, \"x\") = true", 25),
  ])
  func mistakesHaveAPlace(_ text: String, _ position: Int) {
    let error = #expect(throws: QueryError.self) { try CallCondition.parse(text) }
    #expect(error?.position == position, "\(error?.message ?? "")")
  }
}

@Suite struct JSONClaimsTests {
  private func parse(_ text: String) -> ClaimValue? { try? JSONClaims.parse(Array(text.utf8)) }

  @Test func values() {
    #expect(
      parse(" {\"a\" : [1, -2, 0.5, 1e3, true, false, null, \"x\"] }")
        == .object([
          "a": .array([.int(1), .int(-2), .double(0.5), .double(1000), .bool(true), .bool(false), .null, .string("x")])
        ]))
    #expect(parse("9223372036854775807") == .int(.max))
    #expect(parse("9223372036854775808") == .double(9223372036854775808))
    #expect(parse(#""\u00e9\ud83d\ude00\n\/""#) == .string("é😀\n/"))
  }

  @Test(arguments: [
    "", "{", "}", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{a:1}", "01", "1.", ".5", "+1", "1e", "--1", "NaN", "tru",
    "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\n\"", "1 2", "[1] x",
    "1e999",
    "'a'", "{\"a\" 1}", "[1 2]", String(repeating: "[", count: 40),
  ])
  func malformed(_ text: String) { #expect(parse(text) == nil) }

  @Test func bytesThatAreNoText() { #expect((try? JSONClaims.parse([0x22, 0xFF, 0x22])) == nil) }

  @Test func printed() {
    let value = ClaimValue.object(["b": .array([.int(1), .double(0.5), .null]), "a": .string("x\"\\\n\u{1}é")])
    #expect(value.json == #"{"a":"x\"\\\u000a\u0001é","b":[1,0.5,null]}"#)
    #expect(parse(value.json) == value)
  }
}
