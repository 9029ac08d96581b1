import Logging
import PillionSchema
import PillionTransport
import Testing

@testable import PillionInterceptors

/// `interceptors:` from text to layers.
@Suite struct InterceptorListTests {
  private func read(
    _ yaml: String, environment: [String: String] = [:], registry: InterceptorRegistry = InterceptorRegistry()
  ) throws -> (list: InterceptorList, diagnostics: [String]) {
    let (node, problems) = FlatSettings.value(name: "p.yaml", text: yaml)
    #expect(problems.isEmpty)
    let read = InterceptorList.read(try #require(node), environment: environment, registry: registry)
    return (read.list, read.diagnostics.map(\.description))
  }

  private var context: InterceptorContext {
    InterceptorContext(loops: 1, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test func `names, settings and defaults`() throws {
    let (list, diagnostics) = try read(
      """
      - request_id
      - logging: { slow: 200ms }
      - deadline:
          max: 60s
      - rate_limit: { rate: 6000/m, burst: 20, key: peer }
      - read_only: { when: "false" }
      """)
    #expect(diagnostics == [])
    #expect(
      list.printed == [
        "- request_id: { header: x-request-id, sql_comment: false }", "- logging: { level: info, slow: 200ms }",
        "- deadline: { default: 0, max: 60s }",
        "- rate_limit: { key: peer, rate: 6000/m, burst: 20 }", "- read_only: { when: false }",
      ])
    let settings = try #require(list.settings(of: "rate_limit"))
    #expect(settings.rate("rate") == 100 && settings.integer("burst") == 20 && settings.text("key") == "peer")
    #expect(list.settings(of: "deadline")?.nanoseconds("max") == 60_000_000_000)
    #expect(list.settings(of: "deadline")?.nanoseconds("default") == nil)
    #expect(!list.contains("concurrency_limit"))
    let layers = try list.make(context)
    #expect(layers.count == 4, "read_only has nothing to do")
    #expect(layers.first is RequestIDInterceptor && layers.last is RateLimitInterceptor)
  }

  @Test(arguments: [
    ("request_id", "p.yaml:1:1: error: 'interceptors' expected a list, found the text 'request_id'; interceptors: ["),
    ("- loging", "p.yaml:1:3: error: unknown interceptor 'loging'; did you mean 'logging'?"),
    (
      "- [a]",
      "p.yaml:1:3: error: 'interceptors' expected a name or a mapping of one name to its settings, found a list"
    ),
    ("- logging: { slo: 1s }", "p.yaml:1:14: error: unknown setting 'slo' of 'logging'; did you mean 'slow'?"),
    (
      "- logging:\n  slow: 1s",
      "p.yaml:2:3: error: an interceptor's mapping has one key, its name, found 'slow' too; settings are indented"
    ),
    (
      "- logging: { slow: 5 }",
      "p.yaml:1:20: error: 'logging.slow' expected a duration such as 250ms, 5s, 10m or 1h, at most 24h, found the number 5"
    ),
    ("- logging: { level: loud }", "p.yaml:1:21: error: 'logging.level' expected one of trace, debug, "),
    ("- logging: loud", "p.yaml:1:12: error: the settings of 'logging' must be a mapping, found the text 'loud'"),
    ("- rate_limit: { rate: 5 }", "p.yaml:1:23: error: 'rate_limit.rate' expected a rate such as 100/s"),
    ("- rate_limit: { rate: 0/s }", "p.yaml:1:23: error: 'rate_limit.rate' expected a rate such as 100/s"),
    ("- read_only: { when: maybe }", "p.yaml:1:22: error: 'read_only.when' expected true or false"),
    ("- concurrency_limit: { queue: -1 }", "p.yaml:1:31: error: 'concurrency_limit.queue' expected a whole number"),
    ("- logging\n- logging", "p.yaml:2:3: error: the interceptor 'logging' is in the list twice"),
    ("- read_only: { when: [true] }", "p.yaml:1:22: error: 'read_only.when' expected one value, found a list"),
  ])
  func mistakes(_ yaml: String, _ expected: String) throws {
    let diagnostics = try read(yaml).diagnostics
    #expect(diagnostics.count == 1 && diagnostics[0].hasPrefix(expected), "\(diagnostics)")
  }

  @Test(arguments: [
    ("- rate_limit", "p.yaml:1:3: error: 'rate_limit' needs a rate; rate: 100/s"),
    ("- rate_limit: { rate: 1/s, burst: 0 }", "p.yaml:1:35: error: 'rate_limit.burst' must be 1 or more"),
    ("- concurrency_limit: { in_flight: 0 }", "p.yaml:1:35: error: 'concurrency_limit.in_flight' must be 1 or more"),
    ("- deadline: { default: 2s, max: 1s }", "p.yaml:1:24: error: 'deadline.default' is longer than 'deadline.max'"),
    ("- request_id: { header: X-Id }", "p.yaml:1:25: error: 'request_id.header' expected a metadata key"),
    ("- plugin: Mine", "p.yaml:1:11: error: no plugin 'Mine' is registered; plugins are registered by executables"),
  ])
  func `what does not go together`(yaml: String, expected: String) throws {
    let (list, diagnostics) = try read(yaml)
    #expect(diagnostics == [])
    let error = #expect(throws: InterceptorError.self) { try list.make(context) }
    #expect(error?.diagnostics.first?.description.hasPrefix(expected) == true, "\(error?.diagnostics ?? [])")
  }

  @Test func `the environment overrides what is in the list`() throws {
    let environment = [
      "PILLION_INTERCEPTORS_LOGGING_SLOW": "1s", "PILLION_INTERCEPTORS_READ_ONLY_WHEN": "false",
      "PILLION_INTERCEPTORS_DEADLINE_MAX": "nonsense",
    ]
    let (list, diagnostics) = try read("[{ logging: { slow: 2s } }, read_only]", environment: environment)
    #expect(diagnostics == [])
    #expect(list.settings(of: "logging")?.milliseconds("slow") == 1000)
    #expect(list.settings(of: "read_only")?.flag("when") == false)
    #expect(
      try read("[deadline]", environment: environment).diagnostics.first?.hasPrefix(
        "environment PILLION_INTERCEPTORS_DEADLINE_MAX: error: 'deadline.max' expected a duration") == true)
  }

  @Test func `an executable registers types of its own`() throws {
    struct Mine: Interceptor {
      func begin(_ call: ServerCall) -> Verdict { .proceed }
    }
    var registry = InterceptorRegistry()
    registry.register("Mine") { (_, _) throws(InterceptorError) in Mine() }
    let (list, diagnostics) = try read("[{ plugin: Mine }, request_id, { plugin: Mine }]", registry: registry)
    #expect(diagnostics == [])
    #expect(try list.make(context).map { $0 is Mine } == [true, false, true])
    let error = #expect(throws: InterceptorError.self) {
      try read("[{ plugin: Mini }]", registry: registry).list.make(context)
    }
    #expect(error?.diagnostics.first?.suggestion == "did you mean 'Mine'?")
  }

  @Test func `nested sections, lists of mappings and mappings of one's own keys`() throws {
    let definition = InterceptorDefinition(
      name: "rules", summary: "For this test.",
      settings: [
        Setting(path: "jwt.issuer", kind: .text, summary: "."),
        Setting(path: "jwt.secret", kind: .text, summary: ".", isSecret: true),
        Setting(path: "anonymous", kind: .texts, summary: "."),
        Setting(path: "filters", kind: .mapping, summary: "."),
        Setting(
          path: "rules", kind: .list, summary: ".",
          items: [Setting(path: "allow", kind: .text, summary: "."), Setting(path: "when", kind: .text, summary: ".")]),
      ]
    ) { (_, _) throws(InterceptorError) in nil }
    let (node, _) = FlatSettings.value(
      name: "p.yaml",
      text: """
        jwt: { issuer: https://id.example, secret: hush }
        anonymous: [grpc.health.v1.Health/*]
        filters:
          blog.Post: "author = claims.sub"
        rules:
          - { allow: "blog.*/*", when: 'a = "b"' }
          - { alow: x }
        """)
    var reader = InterceptorSettingsReader(owner: "rules", environment: [:])
    let settings = reader.read(node, at: SourceLocation(file: "p.yaml"), definition)
    #expect(
      reader.diagnostics.map(\.description) == [
        "p.yaml:7:7: error: unknown setting 'alow' of 'rules'; did you mean 'allow'?"
      ])
    #expect(settings.text("jwt.issuer") == "https://id.example" && settings.text("jwt.secret") == "hush")
    #expect(settings.texts("anonymous").map(\.value) == ["grpc.health.v1.Health/*"])
    #expect(settings.mapping("filters").map(\.key.value) == ["blog.Post"])
    #expect(settings.mapping("filters").first?.value.location.line == 4)
    #expect(settings.items("rules").first?.text("when") == "a = \"b\"")
    #expect(settings.printed.contains { $0.path == "jwt.secret" && $0.text == "\"***\"" })
    #expect(!settings.printed.contains { $0.text.contains("hush") })
  }
}
