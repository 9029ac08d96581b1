import Foundation
import PillionSchema
@testable import PillionServer
import Testing

/// Where settings come from and what they may be.
@Suite struct ConfigurationTests {
  @Test func defaults() throws {
    let (loaded, diagnostics) = try load()
    let configuration = try #require(loaded)
    #expect(diagnostics.isEmpty)
    #expect(configuration.listen == [.tcp(host: "127.0.0.1", port: 50051)])
    #expect(configuration.limits.messageBytes == 4 << 20)
    #expect(configuration.shutdownGraceMilliseconds == 20_000)
    #expect(configuration.statementTimeoutMilliseconds == 30_000)
    #expect(configuration.database == nil)
    #expect(configuration.models == "models" && configuration.protos == "protos")
    #expect(configuration.serviceNamePattern == SchemaLoader.defaultServiceNamePattern)
    #expect(!configuration.isVerbose && configuration.synchronous == "full")
    #expect(configuration.logLevel == "info" && configuration.logFormat == "json")
  }

  /// Defaults, file, environment, flags: the later one counts.
  @Test func precedence() throws {
    let environment = ["PILLION_MODELS": "from-environment"]
    let flags = ["models": ["from-flag"]]
    #expect(try load().configuration?.models == "models")
    #expect(try load("models: from-file").configuration?.models == "from-file")
    #expect(try load("models: from-file", environment: environment).configuration?.models == "from-environment")
    #expect(try load("models: from-file", environment: environment, flags: flags).configuration?.models == "from-flag")
    #expect(try load("models: from-file", flags: flags).configuration?.models == "from-flag")
    #expect(try load(environment: environment).configuration?.models == "from-environment")
    #expect(try load(environment: environment, flags: ["models": []]).configuration?.models == "from-environment")
    #expect(try load("models: from-file", environment: ["PILLION_MODELS": ""]).configuration?.models == "from-file")
  }

  /// Every setting can be given in each way; the printed text says from where.
  @Test(arguments: Setting.all.map(\.path))
  func everySettingInEveryWay(_ path: String) throws {
    let setting = try #require(Setting.all.first { $0.path == path })
    let value =
      switch setting.kind {
      case .urls: "postgresql://replica/app"
      case .address, .addresses: "127.0.0.1:1234"
      case .bytes: "123KiB"
      case .duration: "123ms"
      case .integer: "123"
      case .permissions: "0640"
      case .choice: setting.choices.last ?? ""
      case .url: "sqlite:some.db"
      case .path, .text, .texts, .mapping, .list: "some-text"
      case .flag: "true"
      case .rate: "123/s"
      }
    func line(_ loaded: (configuration: Configuration?, diagnostics: [String])) -> String? {
      #expect(loaded.diagnostics.isEmpty)
      return loaded.configuration?.printed.split(separator: "\n").first { $0.hasPrefix("\(path): ") }.map(String.init)
    }
    let keys = path.split(separator: ".")
    let nested =
      keys.enumerated().map { String(repeating: "  ", count: $0) + "\($1):" }.joined(separator: "\n") + " \(value)"
    let file = try #require(line(try load(nested)))
    // A secret that is no URL is masked whole.
    let shown = setting.isSecret && setting.kind != .url && setting.kind != .urls ? "\"***\"" : value
    #expect(file.hasPrefix("\(path): \(shown)  # /") && file.hasSuffix("/pillion.yaml"))
    #expect(line(try load("\(path): \(value)"))?.hasPrefix("\(path): \(shown)  # /") == true)
    #expect(line(try load(environment: [setting.environmentName: value])) == "\(path): \(shown)  # environment")
    #expect(line(try load(flags: [path: [value]])) == "\(path): \(shown)  # flag")
  }

  @Test(arguments: [
    ("server.listen", "PILLION_SERVER_LISTEN"),
    ("database.pool.acquire_timeout", "PILLION_DATABASE_POOL_ACQUIRE_TIMEOUT"),
    ("models", "PILLION_MODELS"),
  ])
  func environmentNames(_ path: String, _ name: String) {
    #expect(Setting.all.first { $0.path == path }?.environmentName == name)
    #expect(Set(Setting.all.map(\.environmentName)).count == Setting.all.count)
  }

  @Test(arguments: [
    ("server: { listn: x }", "pillion.yaml:1:11: error: unknown setting 'server.listn'; did you mean 'server.listen'?"),
    ("servr:\n  listen: a:1", "pillion.yaml:2:3: error: unknown setting 'servr.listen'; did you mean 'server.listen'?"),
    ("server: a:1", "pillion.yaml:1:1: error: unknown setting 'server'"),
    ("models: [a, b]", "pillion.yaml:1:1: error: 'models' expected one value, found a list"),
    ("models: { a: b }", "pillion.yaml:1:11: error: unknown setting 'models.a'"),
    ("models: a\nmodels: b", "pillion.yaml:2:1: error: the key 'models' is written twice"),
    ("- a", "pillion.yaml:1:1: error: the settings must be a mapping"),
    ("models: 'a", "pillion.yaml:1:"),
    ("log: { level: loud }", "pillion.yaml:1:8: error: 'log.level' expected one of trace, debug, info, "),
    ("log: { level: INFO }", "pillion.yaml:1:8: error: 'log.level' expected one of "),
    (
      "server:\n  threads: many",
      "pillion.yaml:2:3: error: 'server.threads' expected a whole number from 0 to 1000000, found 'many'"
    ),
    ("server: { threads: -1 }", "pillion.yaml:1:11: error: 'server.threads' expected a whole number"),
    ("server: { threads: 99999999999999999999 }", "pillion.yaml:1:11: error: 'server.threads' expected a whole number"),
    (
      "server: { max_message_bytes: 0 }",
      "pillion.yaml:1:11: error: 'server.max_message_bytes' expected a size such as 4MiB"
    ),
    ("server: { max_message_bytes: 4MiBs }", "pillion.yaml:1:11: error: 'server.max_message_bytes' expected a size"),
    (
      "server: { max_message_bytes: 9223372036854775807GiB }",
      "pillion.yaml:1:11: error: 'server.max_message_bytes' expected a size"
    ),
    (
      "server: { shutdown_grace: 5 }",
      "pillion.yaml:1:11: error: 'server.shutdown_grace' expected a duration such as 250ms"
    ),
    ("server: { shutdown_grace: 25h }", "pillion.yaml:1:11: error: 'server.shutdown_grace' expected a duration"),
    ("server: { shutdown_grace: -1s }", "pillion.yaml:1:11: error: 'server.shutdown_grace' expected a duration"),
    ("server: { shutdown_grace: 1.5s }", "pillion.yaml:1:11: error: 'server.shutdown_grace' expected a duration"),
    (
      "server: { listen: localhost }",
      "pillion.yaml:1:11: error: 'server.listen' expected addresses as host:port or unix:path, found 'localhost'"
    ),
    ("server: { listen: 'a:65536' }", "pillion.yaml:1:11: error: 'server.listen' expected addresses"),
    ("server: { listen: 'a:+1' }", "pillion.yaml:1:11: error: 'server.listen' expected addresses"),
    ("server: { listen: [] }", "pillion.yaml:1:11: error: 'server.listen' expected addresses"),
    (
      "server: { listen: ['a:1', b] }",
      "pillion.yaml:1:11: error: 'server.listen' expected addresses as host:port or unix:path, found 'a:1, b'"
    ),
    ("database: { url: 'oracle:x' }", "pillion.yaml:1:13: error: 'database.url' expected sqlite:path, "),
  ])
  func mistakes(_ yaml: String, _ expected: String) throws {
    let (configuration, diagnostics) = try load(yaml)
    #expect(configuration == nil)
    #expect(diagnostics.count == 1 && diagnostics[0].hasPrefix(expected), "\(diagnostics)")
  }

  /// One run names everything, and each in its place.
  @Test func everyMistakeAtOnce() throws {
    let (configuration, diagnostics) = try load(
      "server: { threads: x }\nlgo: { level: info }",
      environment: ["PILLION_LOG_FORMAT": "xml"], flags: ["server.listen": ["nowhere"]])
    #expect(configuration == nil && diagnostics.count == 4)
    #expect(
      diagnostics.contains {
        $0.hasPrefix("environment PILLION_LOG_FORMAT: error: 'log.format' expected one of json, text, found 'xml'")
      })
    #expect(diagnostics.contains { $0.hasPrefix("command line: error: 'server.listen' expected") })
    #expect(diagnostics.contains { $0.hasPrefix("pillion.yaml:2:") && $0.contains("did you mean 'log.level'?") })
  }

  @Test func files() throws {
    let missing = Configuration.load(file: "/nowhere/pillion.yaml", environment: [:], flags: [:])
    #expect(missing.configuration == nil)
    #expect(missing.diagnostics.map(\.description) == ["/nowhere/pillion.yaml: error: the file cannot be read"])
    #expect(try load("# only a comment\n\n").configuration != nil)
    #expect(try load("models:\nprotos: x").configuration?.models == "models", "an empty value is not set")
  }

  @Test(arguments: [
    ("4MiB", 4 << 20), ("512KiB", 512 << 10), ("1GiB", 1 << 30), ("1MB", 1_000_000), ("3kB", 3000), ("10B", 10),
    ("1000", 1000), ("4 MiB", 4 << 20),
  ])
  func sizes(_ text: String, _ bytes: Int) throws {
    #expect(try load(flags: ["server.max_message_bytes": [text]]).configuration?.limits.messageBytes == bytes)
  }

  @Test(arguments: [
    ("250ms", 250), ("5s", 5000), ("10m", 600_000), ("1h", 3_600_000), ("24h", 86_400_000), ("0", 0), ("0s", 0),
  ])
  func durations(_ text: String, _ milliseconds: Int) throws {
    #expect(
      try load(flags: ["database.statement_timeout": [text]]).configuration?.statementTimeoutMilliseconds
        == milliseconds)
  }

  @Test(arguments: [
    ("localhost:1", "localhost:1"), (":50051", "0.0.0.0:50051"), ("[::1]:7", "[::1]:7"), ("[::]:0", "[::]:0"),
    ("10.0.0.1:65535", "10.0.0.1:65535"), ("plaintext://[::1]:7", "plaintext://[::1]:7"), ("unix:a/b:1", "unix:a/b:1"),
    ("unix:///run/a.sock", "unix:/run/a.sock"), ("plaintext://:1", "plaintext://0.0.0.0:1"),
  ])
  func addresses(_ text: String, _ expected: String) throws {
    #expect(try load(flags: ["server.listen": [text]]).configuration?.listen.map(\.description) == [expected])
  }

  @Test(arguments: [
    "unix:", "unix://a/b", "plaintext://", "plaintext://unix:/a", "tls://a:1", "http://a:1", "plaintext:a:1/x",
  ])
  func badAddresses(_ text: String) throws {
    let loaded = try load(flags: ["server.listen": [text]])
    #expect(loaded.configuration == nil)
    #expect(loaded.diagnostics.first?.contains("expected addresses as host:port or unix:path") == true)
  }

  @Test(arguments: [("0660", 0o660), ("600", 0o600), ("0777", 0o777)])
  func permissions(_ text: String, _ expected: UInt32) throws {
    #expect(try load(flags: ["server.socket_permissions": [text]]).configuration?.socketPermissions == expected)
  }

  @Test(arguments: ["", "66", "0888", "+660", "1777", "rw-rw----"])
  func badPermissions(_ text: String) throws {
    let loaded = try load(flags: ["server.socket_permissions": [text]])
    #expect(loaded.diagnostics.first?.contains("'server.socket_permissions' expected permissions") == true)
  }

  @Test func severalAddresses() throws {
    let expected = ["a:1", "b:2"]
    #expect(try load("server: { listen: ['a:1', 'b:2'] }").configuration?.listen.map(\.description) == expected)
    #expect(
      try load(environment: ["PILLION_SERVER_LISTEN": "a:1 , b:2"]).configuration?.listen.map(\.description) == expected
    )
    #expect(try load(flags: ["server.listen": expected]).configuration?.listen.map(\.description) == expected)
  }

  // MARK: References

  @Test(arguments: [
    ("${A}", "one"), ("x-${A}-y", "x-one-y"), ("${A}${B}", "onetwo"), ("${C:-three}", "three"), ("${A:-three}", "one"),
    ("${C:-}x", "x"), ("${EMPTY:-three}", "three"), ("$A", "$A"), ("{A}", "{A}"), ("${C:-a:-b}", "a:-b"),
  ])
  func environmentReferences(_ text: String, _ expected: String) throws {
    let (configuration, diagnostics) = try load(
      "models: \"\(text)\"", environment: ["A": "one", "B": "two", "EMPTY": ""])
    #expect(diagnostics.isEmpty && configuration?.models == expected)
  }

  @Test(arguments: [
    ("${C}", "pillion.yaml:1:1: error: the environment has no 'C'; ${C:-default}"),
    ("${EMPTY}", "pillion.yaml:1:1: error: the environment has no 'EMPTY'; ${EMPTY:-default}"),
    ("${A", "pillion.yaml:1:1: error: '${' without '}'"),
    ("${}", "pillion.yaml:1:1: error: '${' expected the name of an environment variable behind it"),
    ("${C-hush}", "pillion.yaml:1:1: error: '${' expected the name of an environment variable behind it"),
  ])
  func brokenReferences(_ text: String, _ expected: String) throws {
    let (configuration, diagnostics) = try load("models: \"\(text)\"", environment: ["A": "one", "EMPTY": ""])
    #expect(configuration == nil && diagnostics == [expected])
  }

  /// What a variable holds is taken as it is, references in it too.
  @Test func expandedOnce() throws {
    let environment = ["A": "${B}", "B": "two", "PILLION_PROTOS": "${B}"]
    let configuration = try #require(try load("models: ${A}", environment: environment).configuration)
    #expect(configuration.models == "${B}" && configuration.protos == "${B}")
  }

  /// A secret may stand in a file of its own; the line break at its end does not count.
  @Test(arguments: ["sqlite:some.db", "sqlite:some.db\n", "sqlite:some.db\r\n", "sqlite:some.db\n\n"])
  func secretFiles(_ content: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("secret", content)
    let reference = "file:\(path)"
    for loaded in [
      try load("database: { url: '\(reference)' }"), try load(environment: ["PILLION_DATABASE_URL": reference]),
      try load(flags: ["database.url": [reference]]),
      try load("database: { url: 'file:${WHERE}' }", environment: ["WHERE": path]),
    ] {
      #expect(loaded.configuration?.database == .sqlite(path: "some.db"), "\(loaded.diagnostics)")
    }
  }

  @Test func missingSecretFile() throws {
    let (configuration, diagnostics) = try load(flags: ["database.url": ["file:/nowhere/secret"]])
    #expect(configuration == nil)
    #expect(diagnostics.contains("command line: error: 'database.url': the file /nowhere/secret cannot be read"))
  }

  // MARK: --print-config

  /// What is printed is a settings file that means the same.
  @Test func printedTextReadsBack() throws {
    let environment = [
      "PILLION_MODELS": "a b # c: 'd' \"e\" {f}", "PILLION_PROTOS": "null", "PILLION_SERVICE_NAME": "- x",
      "PILLION_SERVER_LISTEN": "[::1]:7,b:2", "PILLION_DATABASE_URL": "sqlite::memory:",
    ]
    let first = try #require(try load(environment: environment).configuration)
    let (again, diagnostics) = try load(first.printed)
    let second = try #require(again, "\(diagnostics)\n\(first.printed)")
    func values(_ text: String) -> [Substring] {
      text.split(separator: "\n").map { line in
        line.prefix(upTo: line.ranges(of: "  # ").last?.lowerBound ?? line.endIndex)
      }
    }
    #expect(values(first.printed) == values(second.printed))
    #expect(second.models == environment["PILLION_MODELS"] && second.protos == "null")
    #expect(second.listen == first.listen && second.database == .sqlite(path: ":memory:"))
    #expect(try load().configuration?.printed.contains("database.url: null  # not set") == true)
  }
}
