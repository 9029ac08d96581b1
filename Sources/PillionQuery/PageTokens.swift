import Crypto

/// Seals where a page ended into the token that a client brings back, and opens it again.
///
/// A token is base64url of: a version, the time it was made, a digest of what was asked, the position, and an
/// HMAC-SHA-256 of all that, cut to 128 bits (RFC 2104, section 5). It hides nothing: the values that rows are ordered
/// by can be read in it, as the client has read the row that they are of.
package struct PageTokens: Sendable {
  /// Why a token is not taken.
  package enum Problem: Error, Sendable {
    case malformed
    /// Made with another key, or changed.
    case forged
    case expired
    /// Of another filter, order or service.
    case otherQuery

    package var message: String {
      switch self {
      case .malformed: "is no page token"
      case .forged: "was not made by this server or has been changed"
      case .expired: "has expired; begin again with the first page"
      case .otherQuery: "belongs to another filter, order or service; begin again with the first page"
      }
    }
  }

  private static let version: UInt8 = 1
  private static let headerBytes = 1 + 8 + 16
  private static let signatureBytes = 16

  /// Has taken in the key; copied for each token, as to take it in costs as much as the rest.
  private let keyed: HMAC<SHA256>
  /// Seconds after which a token is no longer taken; 0: never.
  private let lifetime: Int64

  /// `secret` of any length; with nil a random key holds as long as the process.
  package init(secret: String?, lifetimeSeconds: Int64) {
    let key = secret.map { SymmetricKey(data: SHA256.hash(data: Array($0.utf8))) } ?? SymmetricKey(size: .bits256)
    keyed = HMAC(key: key)
    lifetime = lifetimeSeconds
  }

  /// What a token is bound to: every part counts, and where one ends.
  package static func digest(_ parts: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(parts.reduce(0) { $0 + 8 + $1.utf8.count })
    for part in parts {
      PagePosition.append(UInt64(part.utf8.count), 8, to: &bytes)
      bytes += part.utf8
    }
    return Array(SHA256.hash(data: bytes).prefix(16))
  }

  /// `now` in Unix seconds; `digest` as of `digest(_:)`.
  package func seal(_ position: PagePosition, digest: [UInt8], now: Int64) -> String {
    var bytes = [Self.version]
    PagePosition.append(UInt64(bitPattern: now), 8, to: &bytes)
    bytes += digest
    position.append(to: &bytes)
    bytes += signature(of: bytes)
    return Base64URL.text(bytes)
  }

  package func open(_ token: String, digest: [UInt8], now: Int64) throws(Problem) -> PagePosition {
    guard let bytes = Base64URL.bytes(token), bytes.count > Self.headerBytes + Self.signatureBytes,
      bytes[0] == Self.version
    else { throw .malformed }
    let content = bytes.dropLast(Self.signatureBytes)
    // All bytes are compared, whatever the first difference is.
    let difference = zip(signature(of: Array(content)), bytes.suffix(Self.signatureBytes)).reduce(0 as UInt8) {
      $0 | ($1.0 ^ $1.1)
    }
    guard difference == 0 else { throw .forged }
    var rest = content.dropFirst()
    guard let made = PagePosition.take(8, from: &rest).map(Int64.init(bitPattern:)) else { throw .malformed }
    guard lifetime == 0 || now < made || now - made <= lifetime else { throw .expired }
    guard Array(rest.prefix(16)) == digest else { throw .otherQuery }
    guard let position = PagePosition(rest.dropFirst(16)) else { throw .malformed }
    return position
  }

  private func signature(of bytes: [UInt8]) -> ArraySlice<UInt8> {
    var hash = keyed
    hash.update(data: bytes)
    return Array(hash.finalize()).prefix(Self.signatureBytes)
  }
}
