import Glibc
import PillionSchema

extension TextFormat {
  /// For "is not …".
  var phrase: String {
    switch self {
    case .email: "an email address"
    case .url: "a URL with http, https, ftp or ftps"
    case .slug: "a slug of letters, digits, hyphens and underscores"
    case .ipv4: "an IPv4 address"
    case .ipv6: "an IPv6 address"
    }
  }

  func accepts(_ text: String) -> Bool {
    switch self {
    case .slug: !text.isEmpty && text.utf8.allSatisfy { Self.isSlug($0) }
    case .ipv4: Self.isAddress(text, family: AF_INET)
    case .ipv6: Self.isAddress(text, family: AF_INET6)
    case .email: Self.isEmail(text)
    case .url: Self.isURL(text)
    }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  private static func isSlug(_ byte: UInt8) -> Bool {
    isLetterOrDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }

  private static func isAddress(_ text: String, family: Int32) -> Bool {
    guard !text.utf8.contains(0) else { return false }
    var address = in6_addr()
    return inet_pton(family, text, &address) == 1
  }

  /// `local@domain`: a dot-atom (RFC 5322, 3.2.3) of at most 64 bytes, and a host name with a dot.
  private static func isEmail(_ text: String) -> Bool {
    guard text.utf8.count <= 320, let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return false }
    let local = text.utf8[..<at]
    let extra = Array("!#$%&'*+/=?^_`{|}~-.".utf8)
    guard (1...64).contains(local.count), local.first != UInt8(ascii: "."), local.last != UInt8(ascii: "."),
      local.allSatisfy({ isLetterOrDigit($0) || extra.contains($0) || $0 >= 0x80 }), !text[..<at].contains("..")
    else { return false }
    let domain = text.utf8[text.utf8.index(after: at)...]
    return domain.contains(UInt8(ascii: ".")) && isHost(domain)
  }

  /// Labels of 1 to 63 letters, digits and hyphens (RFC 1123, 2.1), or bytes of an internationalised name.
  private static func isHost(_ host: Substring.UTF8View) -> Bool {
    guard (1...253).contains(host.count) else { return false }
    return host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
      (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
        && label.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 >= 0x80 }
    }
  }

  /// A scheme, a host or address, an optional port, and anything without spaces and control characters behind.
  private static func isURL(_ text: String) -> Bool {
    guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }),
      let scheme = ["http://", "https://", "ftp://", "ftps://"].first(where: { text.lowercased().hasPrefix($0) })
    else { return false }
    let rest = text.dropFirst(scheme.count)
    var authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
    if authority.first == "[" {
      guard let close = authority.firstIndex(of: "]") else { return false }
      let address = String(authority[authority.index(after: authority.startIndex)..<close])
      return isAddress(address, family: AF_INET6) && isPort(authority[authority.index(after: close)...])
    }
    let host = authority.prefix { $0 != ":" }
    return isHost(host.utf8) && isPort(authority[host.endIndex...])
  }

  /// Nothing, or a colon and a number to 65535.
  private static func isPort(_ text: Substring) -> Bool {
    guard let colon = text.first else { return true }
    let digits = text.dropFirst()
    // `UInt16.init` would take a sign.
    return colon == ":" && digits.first != "+" && UInt16(digits) != nil
  }
}
