/// One value of `server.listen`.
package enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
  /// `host:port`; with a certificate configured it speaks TLS, unless it is written `plaintext://host:port`.
  case tcp(host: String, port: Int, isPlaintext: Bool = false)
  /// `unix:path`, always plaintext.
  case unix(path: String)

  private static let plaintextPrefix = "plaintext://"
  private static let unixPrefix = "unix:"

  /// `127.0.0.1:50051`, `[::1]:50051`, `:50051` for all addresses, `plaintext://127.0.0.1:50051`,
  /// `unix:/run/pillion.sock`, `unix:///run/pillion.sock`; nil: none of these.
  package init?(_ text: String) {
    if text.hasPrefix(Self.unixPrefix) {
      var path = text.dropFirst(Self.unixPrefix.count)
      if path.hasPrefix("//") {
        path = path.dropFirst(2)
        // As in gRPC's naming.md: two slashes are followed by an absolute path.
        guard path.hasPrefix("/") else { return nil }
      }
      guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
      self = .unix(path: String(path))
      return
    }
    let isPlaintext = text.hasPrefix(Self.plaintextPrefix)
    let rest = isPlaintext ? text.dropFirst(Self.plaintextPrefix.count) : text[...]
    guard let colon = rest.lastIndex(of: ":"), let port = Self.port(rest[rest.index(after: colon)...]) else {
      return nil
    }
    var host = rest[..<colon]
    guard !host.contains("/") else { return nil }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    self = .tcp(host: host.isEmpty ? "0.0.0.0" : String(host), port: Int(port), isPlaintext: isPlaintext)
  }

  /// `UInt16.init` would take a sign.
  private static func port(_ text: Substring) -> UInt16? { text.first == "+" ? nil : UInt16(text) }

  package var description: String {
    switch self {
    case .tcp(let host, let port, let isPlaintext):
      "\(isPlaintext ? Self.plaintextPrefix : "")\(host.contains(":") ? "[\(host)]" : host):\(port)"
    case .unix(let path): Self.unixPrefix + path
    }
  }
}
