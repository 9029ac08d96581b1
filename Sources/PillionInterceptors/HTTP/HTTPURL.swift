/// Where an HTTP request goes: `https://id.example:8443/keys?a=b`.
package struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
  package let isSecure: Bool
  /// Without the brackets of an IPv6 address.
  package let host: String
  package let port: Int
  /// Path and query, from the `/` on.
  package let target: String

  /// Nil for anything but `http` and `https` with a host, for a user or password in it, and for a fragment.
  package init?(_ text: String) {
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.contains("#"), !text.contains("\\") else {
      return nil
    }
    let rest: Substring
    if text.lowercased().hasPrefix("https://") {
      isSecure = true
      rest = text.dropFirst(8)
    } else if text.lowercased().hasPrefix("http://") {
      isSecure = false
      rest = text.dropFirst(7)
    } else {
      return nil
    }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let behind = rest.dropFirst(authority.count)
    guard !authority.contains("@") else { return nil }
    target = behind.hasPrefix("/") ? String(behind) : "/\(behind)"
    var portText: Substring?
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = String(authority[authority.index(after: authority.startIndex)..<end])
      let after = authority[authority.index(after: end)...]
      guard after.isEmpty || after.hasPrefix(":") else { return nil }
      if !after.isEmpty { portText = after.dropFirst() }
    } else {
      let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count <= 2, let first = parts.first else { return nil }
      host = String(first)
      if parts.count == 2 { portText = parts[1] }
    }
    guard !host.isEmpty else { return nil }
    guard let portText else {
      port = isSecure ? 443 : 80
      return
    }
    guard portText.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = UInt16(portText), port > 0 else {
      return nil
    }
    self.port = Int(port)
  }

  /// As the `host` field has it: the port only where it is not the scheme's own.
  package var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }

  package var description: String { "\(isSecure ? "https" : "http")://\(authority)\(target)" }
}
