import Crypto
import PillionQuery

/// A key that a caller sends as it is: `pk_`, its number in 16 hexadecimal digits, `_`, and 43 characters of secret.
///
/// The secret is 256 random bits of our own making, so that no dictionary helps against its hash and a plain one is
/// enough: a slow hash protects what people think up.
package struct APIKey: Sendable {
  static let prefix = "pk_"
  private static let secretBytes = 32
  private static let length = 3 + 16 + 1 + 43

  package let id: UInt64
  private let secret: [UInt8]

  /// A new one.
  package static func make() -> APIKey {
    var random = SystemRandomNumberGenerator()
    return APIKey(
      id: random.next(), secret: (0..<secretBytes).map { _ in UInt8.random(in: 0...255, using: &random) })
  }

  private init(id: UInt64, secret: [UInt8]) {
    self.id = id
    self.secret = secret
  }

  /// Nil for what is not written as a key is.
  package init?(_ text: UnsafeBufferPointer<UInt8>) {
    guard text.count == Self.length, text.starts(with: Self.prefix.utf8), text[19] == UInt8(ascii: "_") else {
      return nil
    }
    guard let id = Self.number(text[3..<19]), let secret = Base64URL.bytes(text[20...]) else { return nil }
    self.init(id: id, secret: secret)
  }

  package var text: String { "\(Self.prefix)\(Self.text(id))_\(Base64URL.text(secret))" }

  /// What a file of keys holds in the place of the secret.
  package func hash(salt: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: salt)
    hash.update(data: secret)
    return Array(hash.finalize())
  }

  static func text(_ id: UInt64) -> String {
    let digits = String(id, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Of 16 hexadecimal digits in lower case.
  static func number(_ digits: some Collection<UInt8>) -> UInt64? {
    guard digits.count == 16 else { return nil }
    var number: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return number
  }
}
