/// A libpq keyword string: `host=db user='me and you' password=…`.
///
/// The grammar is that of `conninfo_parse` in PostgreSQL's fe-connect.c (its manual, section 34.1.1.1): blanks around `=`
/// do not matter, values with blanks stand in single quotes, a backslash takes what follows it as it is.
struct ConnectionKeywords {
  /// What stands for a secret.
  static let mask = "***"

  /// Names and values, in the order of the text.
  private(set) var pairs: [(name: String, value: String)] = []

  /// Nil for a text that libpq would refuse, or read in a sense that was not meant.
  init?(_ text: String) {
    var rest = Array(text.utf8)[...]
    while true {
      rest = rest.drop(while: Self.isBlank)
      if rest.isEmpty { return }
      let name = rest.prefix(while: Self.isNamePart)
      rest = rest.dropFirst(name.count).drop(while: Self.isBlank)
      guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "=") else { return nil }
      rest = rest.drop(while: Self.isBlank)
      guard let value = Self.takeValue(&rest) else { return nil }
      let pair = (name: String(decoding: name, as: UTF8.self), value: value)
      if Self.isMisplaced(value, of: pair.name) { return nil }
      pairs.append(pair)
    }
  }

  /// The values that are known to be harmless; the others by `mask`.
  var masked: String {
    pairs.map { name, value in
      let shown = Self.shows(value, of: name) ? value : Self.mask
      guard shown.isEmpty || shown.utf8.contains(where: { Self.isBlank($0) || $0 == quote || $0 == backslash }) else {
        return "\(name)=\(shown)"
      }
      let escaped = shown.utf8.flatMap { $0 == quote || $0 == backslash ? [backslash, $0] : [$0] }
      return "\(name)='\(String(decoding: escaped, as: UTF8.self))'"
    }.joined(separator: " ")
  }

  /// Whether a keyword's value may be shown: never for a keyword that is not known.
  static func shows(_ value: String, of name: String) -> Bool {
    harmless.contains(name) && !value.contains("://") && !value.lowercased().contains("password=")
  }

  /// Whether a value is a second connection string (`h;password=…`), which libpq and the server would take for a name
  /// and repeat in their messages.
  static func isMisplaced(_ value: String, of name: String) -> Bool {
    ["host", "hostaddr", "port", "user", "dbname"].contains(name) && (value.contains("=") || value.contains("://"))
  }

  /// Keywords of libpq whose values are no secrets (PostgreSQL 18's manual, section 34.1.2); `options` may hold some.
  private static let harmless: Set<String> = [
    "application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname",
    "fallback_application_name", "gssdelegation", "gssencmode", "gsslib", "host", "hostaddr", "keepalives",
    "keepalives_count", "keepalives_idle", "keepalives_interval", "krbsrvname", "load_balance_hosts",
    "max_protocol_version", "min_protocol_version", "passfile", "port", "replication", "require_auth",
    "requirepeer", "requiressl", "service", "ssl_max_protocol_version", "ssl_min_protocol_version", "sslcert",
    "sslcertmode", "sslcompression", "sslcrl", "sslcrldir", "sslkey", "sslmode", "sslnegotiation", "sslrootcert",
    "sslsni", "target_session_attrs", "tcp_user_timeout", "user",
  ]

  private static func takeValue(_ rest: inout ArraySlice<UInt8>) -> String? {
    let isQuoted = rest.first == quote
    if isQuoted { rest.removeFirst() }
    var value: [UInt8] = []
    while let byte = rest.first, isQuoted ? byte != quote : !isBlank(byte) {
      rest.removeFirst()
      // A backslash at the very end stands for nothing.
      if byte != backslash { value.append(byte) } else if let escaped = rest.popFirst() { value.append(escaped) }
    }
    if isQuoted, rest.popFirst() == nil { return nil }
    return String(decoding: value, as: UTF8.self)
  }

  /// What `isspace` says in the C locale.
  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

private let quote = UInt8(ascii: "'")
private let backslash = UInt8(ascii: "\\")
