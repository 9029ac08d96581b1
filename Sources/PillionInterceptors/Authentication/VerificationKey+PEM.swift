import Crypto
import CryptoExtras
import PillionQuery

extension VerificationKey {
  /// What a file of a public key is not.
  package struct Unreadable: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
  }

  /// A public key as `openssl pkey -pubout` writes it: RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519.
  package init(pem text: String) throws(Unreadable) {
    guard text.contains("-----BEGIN PUBLIC KEY-----") else {
      if text.contains("PRIVATE KEY") { throw Unreadable("holds a private key; the server needs the public one only") }
      if text.contains("BEGIN CERTIFICATE") {
        throw Unreadable("holds a certificate; `openssl x509 -pubkey -noout` takes the key from it")
      }
      throw Unreadable("holds no PEM block `PUBLIC KEY`")
    }
    let material: Material
    if let key = try? P256.Signing.PublicKey(pemRepresentation: text) {
      material = .p256(key)
    } else if let key = try? P384.Signing.PublicKey(pemRepresentation: text) {
      material = .p384(key)
    } else if let key = try? P521.Signing.PublicKey(pemRepresentation: text) {
      material = .p521(key)
    } else if let key = Self.ed25519(text) {
      material = .ed25519(key)
    } else if let key = try? _RSA.Signing.PublicKey(pemRepresentation: text) {
      material = .rsa(key)
    } else {
      throw Unreadable("is no public key of RSA (2048 bits or more), P-256, P-384, P-521 or Ed25519")
    }
    self.init(id: nil, material: material, algorithms: material.algorithms)
  }

  /// RFC 8410 §4: twelve bytes that are always the same, then the key.
  private static func ed25519(_ text: String) -> Curve25519.Signing.PublicKey? {
    let prefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
    let lines = text.split(whereSeparator: \.isNewline)
    guard let begin = lines.firstIndex(of: "-----BEGIN PUBLIC KEY-----"),
      let end = lines[begin...].firstIndex(of: "-----END PUBLIC KEY-----")
    else { return nil }
    // The alphabet of PEM and that of tokens differ in two characters.
    let digits = lines[(begin + 1)..<end].joined().utf8.filter { $0 != UInt8(ascii: "=") }.map { byte in
      byte == UInt8(ascii: "+") ? UInt8(ascii: "-") : byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
    }
    guard let bytes = Base64URL.bytes(digits), bytes.count == prefix.count + 32, bytes.starts(with: prefix) else {
      return nil
    }
    return try? Curve25519.Signing.PublicKey(rawRepresentation: bytes.dropFirst(prefix.count))
  }
}
