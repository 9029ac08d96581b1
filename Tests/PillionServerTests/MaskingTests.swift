@testable import PillionServer
import Testing

/// A password never appears in anything that is printed: not in the settings, not in a complaint about them.
@Suite struct MaskingTests {
  /// Every one of these holds the secret `hush`; some are legal, some are not.
  static let secrets = [
    "postgresql://u:hush@h/d", "postgres://u:hush@h/d", "postgresql://u:hush@h:5432/d?sslmode=require",
    "postgresql://:hush@h/d", "postgresql://u:hush@/d", "postgresql://u:hush@", "postgresql://u:hush@[::1]:5/d",
    "postgresql://u:hush@a:1,b:2/d", "postgresql://u:%68ush@h/d?password=hush",
    // Characters that should have been percent-encoded.
    "postgresql://u:p@hush@h/d", "postgresql://u:p/hush@h/d", "postgresql://u:1/hush@h/d", "postgresql://u:hush/x@h/d",
    "postgresql://u:p?hush@h/d", "postgresql://u:p?a=hush@h/d", "postgresql://u:p#hush@h/d",
    "postgresql://u:p:hush@h/d",
    "postgresql://u:100%hush@h/d", "postgresql://u:%zzhush@h/d", "postgresql://u:hush%@h/d",
    "postgresql://u:p hush@h/d",
    "postgresql://u:p&hush@h/d", "postgresql://u:1/w?x=hush@h/d", "postgresql://u:hush%00@h/d",
    // A combining mark must not hide the sign before it.
    "postgresql://u:hush@\u{301}h/d", "postgresql://u:\u{301}hush@h/d", "postgresql://u:hush@h/d?password\u{301}=hush",
    // Passwords in the query.
    "postgresql://h/d?password=hush", "postgresql://h/d?user=u&password=hush&sslmode=disable",
    "postgresql://h/d?password=hush&password=hush", "postgresql://h/d?%70assword=hush",
    "postgresql://h/d?sslpassword=hush",
    "postgresql://h/d?PASSWORD=hush", "postgresql://h/d?pass=hush", "postgresql://h/d?oauth_client_secret=hush",
    "postgresql://h/d?scram_client_key=hush", "postgresql://h/d?password=a=hush", "postgresql://h/d?password=a&hush",
    "postgresql://h/d?dbname=postgresql%3A//u:hush%40h/d", "postgresql://?password=hush",
    // Written in the wrong place.
    "postgresql://h/d;password=hush", "postgresql://h/password=hush", "postgresql://u:hush", "postgresql://u:hush/d",
    "postgresql://h/d?options=-c%20x.password%3Dhush",
    // Keyword strings.
    "host=h password=hush", "password=hush", "password='hush' host=h", "host=h password = hush user=u",
    "host=h password\t=\n'hu\\'hush' user=u", "host=h password=a\\ hush user=u", "password='a b hush'",
    "password='it\\\\' x=hush",
    "application_name=password password=hush", "password=a password=hush", "sslpassword=a password=hush",
    "sslpassword=hush", "host=h;password=hush", "Server=h;Database=d;User Id=u;Password=hush;",
    "options='-c x.secret=hush'", "PASSWORD=hush", "host=h passwd=hush", "pwd=hush", "oauth_client_secret=hush",
    "dbname='postgresql://u:hush@h/d'", "dbname='host=h password=hush'", "host=h\u{b}password=hush",
    // Keyword strings that libpq refuses.
    "host=h password=my hush", "host=h password='hush", "host=h password=a b hush=", "password hush",
    "host=h password='a'hush",
    "=hush password=hush",
    // Of other databases, and of none.
    "mysql://u:hush@h/d", "POSTGRESQL://u:hush@h/d", "oracle:u/hush@h", "jdbc:postgresql://h/d?password=hush", "hush",
    " postgresql://u:hush@h/d", "postgresql:u:hush@h", "postgresql:/u:hush@h/d", "mysql://h/d?password=hush",
  ]

  @Test(arguments: secrets)
  func neverPrinted(_ url: String) throws {
    let quoted =
      "\""
      + url.unicodeScalars.reduce(into: "") { text, scalar in
        text += ["\"": "\\\"", "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\u{b}": "\\v"][scalar] ?? String(scalar)
      } + "\""
    let yaml = "database: { url: \(quoted) }"
    for loaded in [
      try load(yaml), try load(environment: ["PILLION_DATABASE_URL": url]), try load(flags: ["database.url": [url]]),
      try load("database: { url: '${DB}' }", environment: ["DB": url]),
    ] {
      let said = (loaded.configuration?.printed ?? "") + loaded.diagnostics.joined()
      #expect(!said.isEmpty && !said.contains("hush"))
    }
    if let url = DatabaseURL(url) { #expect(!url.masked.contains("hush")) }
    // A file may be wrong in more ways than one: the value must not be in any complaint.
    for broken in [
      "database: \(quoted)", quoted, "- \(quoted)", "database:\n  url: \(quoted)\n bad", "\(yaml)\nserver: { x: y }",
      "database: { url: [\(quoted)] }", "database: { url: { x: \(quoted) } }", "database: { url: [[\(quoted)]] }",
      "database: { url: \(quoted)", "database: { url: \"${-\(url.filter { $0 != "\"" && $0 != "\\" })}\" }",
    ] {
      #expect(!(try load(broken).diagnostics.joined().contains("hush")), "\(broken)")
    }
  }

  /// What is no secret stays readable.
  @Test(arguments: [
    ("sqlite:some.db", "sqlite:some.db"), ("sqlite:///tmp/x.db", "sqlite:/tmp/x.db"),
    ("sqlite::memory:", "sqlite::memory:"),
    ("sqlite://rel.db", "sqlite:rel.db"), ("postgresql:", "postgresql:"),
    ("postgresql://h/d", "postgresql://h/d"), ("postgresql://u@h:5432/d", "postgresql://u@h:5432/d"),
    ("postgresql://u:p@h/d", "postgresql://u:***@h/d"), ("postgresql://u:@h/d", "postgresql://u:***@h/d"),
    ("postgres://a:1,b:2/d?target_session_attrs=read-write", "postgres://a:1,b:2/d?target_session_attrs=read-write"),
    ("postgresql://%2Fvar%2Frun/d?user=a%40b", "postgresql://%2Fvar%2Frun/d?user=a%40b"),
    (
      "postgresql://u:p@[::1]:5/d?password=x&sslmode=require&x=y",
      "postgresql://u:***@[::1]:5/d?password=***&sslmode=require&x=***"
    ),
    ("postgresql://", "postgresql://"), ("postgresql:///d?host=/tmp", "postgresql:///d?host=/tmp"),
    ("host=h port=5 user=u dbname=d", "host=h port=5 user=u dbname=d"),
    ("host=h password=p user='me and you'", "host=h password=*** user='me and you'"),
    ("user = 'it\\'s' dbname=a\\\\b host=''", "user='it\\'s' dbname='a\\\\b' host=''"),
    ("options='-c search_path=x'", "options=***"), ("user=password_reader", "user=password_reader"),
    ("postgresql://h/password_store?user=x", "postgresql://h/password_store?user=x"),
  ])
  func masked(_ text: String, _ expected: String) throws {
    let url = try #require(DatabaseURL(text))
    #expect(url.masked == expected)
    // The driver gets what was written.
    if case .postgresql(let conninfo) = url, text != "postgresql:" { #expect(conninfo == text) }
  }

  @Test(arguments: [
    "", "sqlite:", "sqlite://", "sqlite:a\0b", "postgres", "x", "/tmp/x.db", "mysql://h/d", "host", "host=h user", "=x",
    "postgresql://u:p@x@h/d", "postgresql://u:a/b@h/d", "postgresql://u:%@h/d", "postgresql://h:x/d",
    "postgresql://[::1/d",
    "postgresql://[::1]x/d", "postgresql://h/d?x", "postgresql://h/d?a=b=c", "postgresql://h/%zz", "host='h", " ",
    "postgresql://h/%00", "postgresql://h/d;password=x", "postgresql://h/d?user=u%3Dx", "host=h;password=x",
    "dbname='host=h password=x'", "dbname=postgresql://u:p@h/d", "user=u;pwd=x",
  ])
  func refused(_ text: String) {
    #expect(DatabaseURL(text) == nil)
  }

  @Test(arguments: [
    ("a=b", [["a", "b"]]), ("  a = b  c='d e' ", [["a", "b"], ["c", "d e"]]), ("a=\\'b\\ c", [["a", "'b c"]]),
    ("a='\\'\\\\'", [["a", "'\\"]]), ("a= b", [["a", "b"]]), ("a=", [["a", ""]]), ("a=b\\", [["a", "b"]]),
    ("a='x'b=y", [["a", "x"], ["b", "y"]]), ("a=ü", [["a", "ü"]]), ("", []),
  ])
  func keywords(_ text: String, _ expected: [[String]]) throws {
    #expect(try #require(ConnectionKeywords(text)).pairs.map { [$0.name, $0.value] } == expected)
  }
}
