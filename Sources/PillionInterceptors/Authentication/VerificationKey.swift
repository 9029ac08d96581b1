import Crypto
import CryptoExtras

/// A key that tokens are verified with, and the algorithms that it may be used for.
///
/// What a token says of its algorithm is only ever compared with these: a public RSA key is never taken for the secret
/// of an HMAC, whatever the token asks for.
package struct VerificationKey: Sendable {
  enum Material: Sendable {
    case secret(SymmetricKey)
    case rsa(_RSA.Signing.PublicKey)
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)
    case ed25519(Curve25519.Signing.PublicKey)

    /// All that keys of this kind can do.
    var algorithms: Set<SignatureAlgorithm> {
      switch self {
      case .secret: [.hs256, .hs384, .hs512]
      case .rsa: [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
      case .p256: [.es256]
      case .p384: [.es384]
      case .p521: [.es512]
      case .ed25519: [.edDSA]
      }
    }
  }

  /// Smallest secret that a setting or a key set may name, in bytes: RFC 7518 §3.2 for HS256.
  package static let minimumSecretBytes = 32

  /// Nil: none is named.
  package let id: String?
  let material: Material
  package let algorithms: Set<SignatureAlgorithm>

  init(id: String?, material: Material, algorithms: Set<SignatureAlgorithm>) {
    self.id = id
    self.material = material
    self.algorithms = algorithms.intersection(material.algorithms)
  }

  /// A secret that both sides know; nil if it is too short to withstand guessing.
  package init?(secret: [UInt8]) {
    guard secret.count >= Self.minimumSecretBytes else { return nil }
    let material = Material.secret(SymmetricKey(data: secret))
    self.init(id: nil, material: material, algorithms: material.algorithms)
  }

  /// The same key for those of the algorithms only.
  package func narrowed(to allowed: Set<SignatureAlgorithm>) -> VerificationKey {
    VerificationKey(id: id, material: material, algorithms: algorithms.intersection(allowed))
  }

  /// Whether `signature` was made of `message` with this key's other half.
  func isValid(_ signature: [UInt8], of message: ArraySlice<UInt8>, by algorithm: SignatureAlgorithm) -> Bool {
    guard algorithms.contains(algorithm) else { return false }
    switch (material, algorithm) {
    case (.secret(let key), .hs256):
      return HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: message, using: key)
    case (.secret(let key), .hs384):
      return HMAC<SHA384>.isValidAuthenticationCode(signature, authenticating: message, using: key)
    case (.secret(let key), .hs512):
      return HMAC<SHA512>.isValidAuthenticationCode(signature, authenticating: message, using: key)
    case (.rsa(let key), _): return Self.isValid(signature, of: message, by: algorithm, key)
    case (.p256(let key), .es256):
      guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
      return key.isValidSignature(signature, for: message)
    case (.p384(let key), .es384):
      guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
      return key.isValidSignature(signature, for: message)
    case (.p521(let key), .es512):
      guard let signature = try? P521.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
      return key.isValidSignature(signature, for: message)
    case (.ed25519(let key), .edDSA): return key.isValidSignature(signature, for: message)
    default: return false
    }
  }

  private static func isValid(
    _ signature: [UInt8], of message: ArraySlice<UInt8>, by algorithm: SignatureAlgorithm,
    _ key: _RSA.Signing.PublicKey
  ) -> Bool {
    // RFC 8017 §8.2.2: a signature is as long as the modulus.
    guard signature.count == (key.keySizeInBits + 7) / 8 else { return false }
    let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
    switch algorithm {
    case .rs256: return key.isValidSignature(signature, for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
    case .rs384: return key.isValidSignature(signature, for: SHA384.hash(data: message), padding: .insecurePKCS1v1_5)
    case .rs512: return key.isValidSignature(signature, for: SHA512.hash(data: message), padding: .insecurePKCS1v1_5)
    case .ps256: return key.isValidSignature(signature, for: SHA256.hash(data: message), padding: .PSS)
    case .ps384: return key.isValidSignature(signature, for: SHA384.hash(data: message), padding: .PSS)
    case .ps512: return key.isValidSignature(signature, for: SHA512.hash(data: message), padding: .PSS)
    default: return false
    }
  }
}
