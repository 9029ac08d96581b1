/// A libpq URI: `postgresql://user:password@host:port,host/dbname?keyword=value`.
///
/// Parted as `conninfo_uri_parse_options` in PostgreSQL's fe-connect.c does it, byte by byte. What libpq would take in
/// another sense than its writer meant is refused: an `@` or `/` of a password that is not percent-encoded, a
/// `;password=` behind the database.
struct PostgreSQLURI {
  private typealias Bytes = ArraySlice<UInt8>

  private let scheme: String
  private let user: Bytes?
  private let hasPassword: Bool
  /// Hosts, ports and the database's name.
  private let target: Bytes
  private let parameters: [(name: Bytes, value: Bytes)]

  /// Nil for a text that is no URI of this kind.
  init?(_ text: String) {
    guard let scheme = ["postgresql://", "postgres://"].first(where: { text.utf8.starts(with: $0.utf8) }) else {
      return nil
    }
    self.scheme = scheme
    var rest = Array(text.utf8)[...].dropFirst(scheme.utf8.count)
    if let end = rest.firstIndex(where: { $0 == at || $0 == slash }), rest[end] == at {
      let credentials = rest[..<end]
      let user = credentials.prefix { $0 != colon }
      self.user = user
      hasPassword = user.count < credentials.count
      rest = rest[(end + 1)...]
      guard Self.isEncoded(credentials) else { return nil }
    } else {
      (user, hasPassword) = (nil, false)
    }
    target = rest.prefix { $0 != question }
    guard !target.contains(at), !target.contains(UInt8(ascii: "=")), Self.isEncoded(target), Self.hasPortNumbers(target)
    else { return nil }
    guard let parameters = Self.parameters(rest.dropFirst(target.count + 1)) else { return nil }
    self.parameters = parameters
  }

  /// The URI without the password and without the values of parameters that are not known to be harmless.
  var masked: String {
    var text = scheme
    if let user { text += Self.text(user) + (hasPassword ? ":\(ConnectionKeywords.mask)@" : "@") }
    text += Self.text(target)
    for (number, (name, value)) in parameters.enumerated() {
      let isShown = ConnectionKeywords.shows(Self.decoded(value), of: Self.decoded(name))
      text += "\(number == 0 ? "?" : "&")\(Self.text(name))=\(isShown ? Self.text(value) : ConnectionKeywords.mask)"
    }
    return text
  }

  private static func parameters(_ query: Bytes) -> [(name: Bytes, value: Bytes)]? {
    if query.isEmpty { return [] }
    var parameters: [(name: Bytes, value: Bytes)] = []
    for part in query.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false) {
      let sides = part.split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
      guard sides.count == 2, isEncoded(part),
        !ConnectionKeywords.isMisplaced(decoded(sides[1]), of: decoded(sides[0]))
      else { return nil }
      parameters.append((sides[0], sides[1]))
    }
    return parameters
  }

  /// Whether every `%` is one of a byte's encoding, and none encodes NUL.
  private static func isEncoded(_ bytes: Bytes) -> Bool {
    bytes.indices.filter { bytes[$0] == percent }.allSatisfy { byte(bytes[$0...]) ?? 0 != 0 } && !bytes.contains(0)
  }

  /// Whether what follows a host's colon is digits, or nothing.
  private static func hasPortNumbers(_ target: Bytes) -> Bool {
    target.prefix { $0 != slash }.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).allSatisfy {
      host in
      var host = host
      if host.first == UInt8(ascii: "[") {
        guard let end = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
        host = host[(end + 1)...]
        guard host.isEmpty || host.first == colon else { return false }
      }
      guard let start = host.firstIndex(of: colon) else { return true }
      return host[(start + 1)...].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
  }

  private static func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }

  private static func decoded(_ bytes: Bytes) -> String {
    var rest = bytes
    var result: [UInt8] = []
    while let first = rest.first {
      result.append(first == percent ? byte(rest) ?? first : first)
      rest = rest.dropFirst(first == percent ? 3 : 1)
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The byte that `%40` at the start stands for.
  private static func byte(_ bytes: Bytes) -> UInt8? {
    let digits = bytes.dropFirst().prefix(2)
    // `UInt8.init` would take a sign.
    guard digits.count == 2, digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else {
      return nil
    }
    return UInt8(text(digits), radix: 16)
  }
}

private let at = UInt8(ascii: "@")
private let colon = UInt8(ascii: ":")
private let slash = UInt8(ascii: "/")
private let question = UInt8(ascii: "?")
private let percent = UInt8(ascii: "%")
