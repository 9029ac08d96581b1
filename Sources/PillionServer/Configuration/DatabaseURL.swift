/// Which database, as `database.url` says it.
package enum DatabaseURL: Sendable, Hashable {
  /// A path, or `:memory:`.
  case sqlite(path: String)
  /// A URI or keyword string that libpq reads; libpq fills the gaps from `PG*` variables.
  case postgresql(conninfo: String)

  package init?(_ text: String) {
    if text.hasPrefix("sqlite:") {
      var path = text.dropFirst("sqlite:".count)
      // sqlite:///absolute and sqlite://relative, as SQLAlchemy and Rails write them, mean the path behind.
      if path.hasPrefix("//") { path = path.dropFirst(2) }
      guard !path.isEmpty else { return nil }
      self = .sqlite(path: String(path))
    } else if text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") || text == "postgresql:" {
      self = .postgresql(conninfo: text == "postgresql:" ? "" : text)
    } else if text.contains("="), !text.contains("://") {
      self = .postgresql(conninfo: text)
    } else {
      return nil
    }
  }

  /// For people and logs: without the password.
  package var masked: String {
    switch self {
    case .sqlite(let path): return "sqlite:\(path)"
    case .postgresql(let conninfo):
      guard let scheme = conninfo.firstRange(of: "://") else { return Self.maskKeywords(conninfo) }
      let rest = conninfo[scheme.upperBound...]
      // The last @ before the path ends the user part: a password may hold one of its own.
      let authority = rest.prefix { $0 != "/" && $0 != "?" }
      var masked = String(conninfo[..<scheme.upperBound])
      if let at = authority.lastIndex(of: "@") {
        let user = authority[..<at].prefix { $0 != ":" }
        masked += user.count < authority[..<at].count ? "\(user):***" : "\(user)"
        masked += rest[at...]
      } else {
        masked += rest
      }
      guard let parameter = masked.firstRange(of: "password=") else { return masked }
      return masked[..<parameter.upperBound] + "***" + masked[parameter.upperBound...].drop { $0 != "&" }
    }
  }

  private static func maskKeywords(_ text: String) -> String {
    guard let start = text.firstRange(of: "password") else { return text.isEmpty ? "postgresql:" : text }
    var rest = text[start.upperBound...].drop { $0 == " " || $0 == "=" }
    if rest.first == "'" {
      var escaped = false
      rest = rest.dropFirst().drop { character in
        if escaped { escaped = false; return true }
        if character == "\\" { escaped = true; return true }
        return character != "'"
      }.dropFirst()
    } else {
      rest = rest.drop { $0 != " " }
    }
    return text[..<start.upperBound] + "=***" + rest
  }
}
