import Crypto
import CryptoExtras
import PillionQuery

/// The keys that tokens may be signed with at a time: never changed, only replaced whole.
package struct KeySet: Sendable {
  package let keys: [VerificationKey]
  /// Whether a token's `kid` says which key is meant. Of a secret or a public key that stands by itself it says nothing.
  let isNamed: Bool
  /// Keys of a set that cannot be used, and why.
  package private(set) var ignored: [String] = []

  /// A key that is configured by itself.
  package init(_ key: VerificationKey) {
    keys = [key]
    isNamed = false
  }

  /// No keys: no token is good.
  package init() {
    keys = []
    isNamed = true
  }

  /// A JSON Web Key Set (RFC 7517 §5). What is no such set is thrown; a key of a kind that is not known, or that is not
  /// for signatures, is ignored, as §5 wants.
  ///
  /// - Parameter allowed: the algorithms that a key may be for; nil: those of its `alg`, or without it RS256, HS256, or
  ///   the one of its curve.
  package init(json bytes: [UInt8], allowed: Set<SignatureAlgorithm>?) throws(VerificationKey.Unreadable) {
    guard let value = try? JSONClaims.parse(bytes), let members = value.members,
      case .array(let items)? = members["keys"]
    else { throw VerificationKey.Unreadable("is no JSON object with a list `keys`") }
    var keys: [VerificationKey] = []
    for (index, item) in items.enumerated() {
      let name = item.members?["kid"]?.text.map { "key '\($0)'" } ?? "key \(index + 1)"
      do throws(VerificationKey.Unreadable) {
        keys.append(try VerificationKey(jwk: item, allowed: allowed))
      } catch {
        ignored.append("\(name) \(error.description)")
      }
    }
    self.keys = keys
    isNamed = true
  }

  /// Those that a token with this `kid` may be signed with. The names have to agree: a token without one is of a key
  /// without one.
  func candidates(_ id: String?) -> [VerificationKey] {
    isNamed ? keys.filter { $0.id == id } : keys
  }
}

extension VerificationKey {
  /// RFC 7517 §4, RFC 7518 §6, RFC 8037 §2.
  fileprivate init(jwk: ClaimValue, allowed: Set<SignatureAlgorithm>?) throws(Unreadable) {
    guard let members = jwk.members else { throw Unreadable("is no JSON object") }
    var id: String?
    if let kid = members["kid"] {
      guard let text = kid.text else { throw Unreadable("has a `kid` that is no text") }
      id = text
    }
    if let use = members["use"], use != .string("sig") { throw Unreadable("is not for signatures") }
    if let operations = members["key_ops"] {
      guard case .array(let items) = operations, items.contains(.string("verify")) else {
        throw Unreadable("is not for verifying")
      }
    }
    let (material, usual) = try Self.material(members)
    var algorithms: Set<SignatureAlgorithm> = allowed ?? [usual]
    if let name = members["alg"] {
      guard let algorithm = name.text.flatMap(SignatureAlgorithm.init(rawValue:)),
        material.algorithms.contains(algorithm)
      else { throw Unreadable("has an `alg` that is not for a key of its kind") }
      algorithms = [algorithm]
      if let allowed { algorithms.formIntersection(allowed) }
    }
    self.init(id: id, material: material, algorithms: algorithms)
    if self.algorithms.isEmpty { throw Unreadable("is for none of the `algorithms` that are configured") }
  }

  private static func material(
    _ members: [String: ClaimValue]
  ) throws(Unreadable) -> (material: Material, usual: SignatureAlgorithm) {
    func bytes(_ name: String) throws(Unreadable) -> [UInt8] {
      guard let bytes = members[name]?.text.flatMap({ Base64URL.bytes($0) }), !bytes.isEmpty else {
        throw Unreadable("has no `\(name)` in base64url")
      }
      return bytes
    }
    switch (members["kty"]?.text, members["crv"]?.text) {
    case ("RSA", _):
      guard let key = try? _RSA.Signing.PublicKey(n: try bytes("n"), e: try bytes("e")) else {
        throw Unreadable("is no RSA key of 2048 bits or more")
      }
      return (.rsa(key), .rs256)
    case ("EC", "P-256"):
      guard let key = try? P256.Signing.PublicKey(rawRepresentation: try point(bytes("x"), bytes("y"), 32)) else {
        throw Unreadable("is no point of P-256")
      }
      return (.p256(key), .es256)
    case ("EC", "P-384"):
      guard let key = try? P384.Signing.PublicKey(rawRepresentation: try point(bytes("x"), bytes("y"), 48)) else {
        throw Unreadable("is no point of P-384")
      }
      return (.p384(key), .es384)
    case ("EC", "P-521"):
      guard let key = try? P521.Signing.PublicKey(rawRepresentation: try point(bytes("x"), bytes("y"), 66)) else {
        throw Unreadable("is no point of P-521")
      }
      return (.p521(key), .es512)
    case ("OKP", "Ed25519"):
      guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: try bytes("x")) else {
        throw Unreadable("is no key of Ed25519")
      }
      return (.ed25519(key), .edDSA)
    case ("oct", _):
      let secret = try bytes("k")
      guard secret.count >= minimumSecretBytes else {
        throw Unreadable("is a secret of less than \(minimumSecretBytes) bytes")
      }
      return (.secret(SymmetricKey(data: secret)), .hs256)
    default: throw Unreadable("is of a kind that is not known")
    }
  }

  private static func point(_ x: [UInt8], _ y: [UInt8], _ length: Int) throws(Unreadable) -> [UInt8] {
    guard x.count == length, y.count == length else { throw Unreadable("has coordinates of a wrong length") }
    return x + y
  }
}
