import PillionInterceptors
import PillionQuery
import Testing

@Suite struct AccessRulesTests {
  private let editor = CallFacts(
    identity: Identity(principal: "amy", claims: ["role": .string("editor")]), address: "127.0.0.1")
  private let reader = CallFacts(identity: Identity(principal: "bob"), address: "127.0.0.1")

  private func rule(_ methods: String, denies: Bool = false, when condition: String? = nil) throws -> AccessRules.Rule {
    AccessRules.Rule(
      isDenial: denies, methods: try MethodPattern(methods),
      condition: try condition.map { try CallCondition.parse($0) })
  }

  @Test func rulesOfTheIssue() throws {
    let rules = AccessRules([
      try rule("blog.PostController/*", when: "claims.role = \"editor\""), try rule("*/{List,Retrieve}"),
    ])
    #expect(rules.decision(on: "/blog.PostController/Create").allows(editor))
    #expect(!rules.decision(on: "/blog.PostController/Create").allows(reader))
    #expect(rules.decision(on: "/blog.PostController/List").allows(reader))
    #expect(!rules.decision(on: "/blog.TagController/Create").allows(editor))
    #expect(!rules.decision(on: "/blog.TagController/List/").allows(editor))
  }

  @Test func denialWinsWhateverTheOrder() throws {
    let both = [try rule("*/*"), try rule("*/Destroy", denies: true, when: "NOT claims.role = editor")]
    for rules in [both, both.reversed()] {
      let rules = AccessRules(Array(rules))
      #expect(rules.decision(on: "/a/Destroy").allows(editor))
      #expect(!rules.decision(on: "/a/Destroy").allows(reader))
      #expect(rules.decision(on: "/a/List").allows(reader))
    }
    let never = AccessRules([try rule("a/*", denies: true), try rule("*")])
    #expect(!never.decision(on: "/a/List").allows(editor))
    #expect(never.decision(on: "/b/List").allows(editor))
  }

  @Test func nothingIsAllowedByNothing() {
    #expect(!AccessRules([]).decision(on: "/a/List").allows(editor))
  }

  /// What needs no condition is settled before a call comes.
  @Test func decisionsWithoutConditions() throws {
    let rules = AccessRules([try rule("*/List", when: "claims.role = editor"), try rule("a/List")])
    if case .always = rules.decision(on: "/a/List") {} else { Issue.record("not settled") }
    if case .when = rules.decision(on: "/b/List") {} else { Issue.record("settled") }
    if case .never = rules.decision(on: "/b/Create") {} else { Issue.record("not settled") }
  }
}
