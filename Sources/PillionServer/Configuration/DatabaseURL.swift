/// Which database, as `database.url` says it.
package enum DatabaseURL: Sendable, Hashable {
  /// A path, or `:memory:`.
  case sqlite(path: String)
  /// A URI or keyword string that libpq reads; libpq fills the gaps from `PG*` variables.
  case postgresql(conninfo: String)

  /// Nil for what neither SQLite nor libpq would take, so that no library gets to quote a broken URL, with what may be a
  /// password, in a message of its own.
  package init?(_ text: String) {
    if text.hasPrefix("sqlite:") {
      var path = text.dropFirst("sqlite:".count)
      // sqlite:///absolute and sqlite://relative, as SQLAlchemy and Rails write them, mean the path behind.
      if path.hasPrefix("//") { path = path.dropFirst(2) }
      guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
      self = .sqlite(path: String(path))
    } else if text == "postgresql:" {
      self = .postgresql(conninfo: "")
    } else if PostgreSQLURI(text) != nil || ConnectionKeywords(text)?.pairs.isEmpty == false {
      self = .postgresql(conninfo: text)
    } else {
      return nil
    }
  }

  /// For people and logs: only what is known not to be a secret.
  package var masked: String {
    switch self {
    case .sqlite(let path): "sqlite:\(path)"
    case .postgresql(""): "postgresql:"
    case .postgresql(let conninfo):
      PostgreSQLURI(conninfo)?.masked ?? ConnectionKeywords(conninfo)?.masked ?? ConnectionKeywords.mask
    }
  }
}
