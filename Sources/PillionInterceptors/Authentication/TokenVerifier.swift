package import PillionQuery

/// What a token must say besides being signed.
package struct TokenRules: Sendable {
  /// Allowed `iss`; empty: any.
  package var issuers: Set<String> = []
  /// One of which must be in `aud`; empty: any.
  package var audiences: Set<String> = []
  /// Seconds that clocks may differ by.
  package var leeway: Double = 30
  /// The claim that names the caller.
  package var principal = "sub"
  /// Claims without which no token is good.
  package var required: Set<String> = []

  package init() {}
}

/// Why a token is not good: for the log, never for the client that sent it.
package enum TokenProblem: Error, Sendable, Hashable {
  case tooLong
  case malformed(String)
  /// A header parameter that would have the verifier trust, fetch or understand something.
  case unwanted(String)
  /// No key of that name; a set that is fetched may have it by now.
  case unknownKey(String?)
  /// The key is not for the algorithm that the token names.
  case algorithm(String)
  case signature
  case claim(String)
  case expired
  case early(String)
}

extension TokenProblem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tooLong: "the token has more than \(TokenVerifier.maximumBytes - 1) bytes"
    case .malformed(let part): "the token's \(part) is malformed"
    case .unwanted(let name): "the token's header has `\(name)`"
    case .unknownKey(let id): id.map { "no key has the token's kid '\($0.prefix(64))'" } ?? "the token names no key"
    case .algorithm(let name): "the key is not for the token's algorithm '\(name.prefix(16))'"
    case .signature: "the token's signature is not valid"
    case .claim(let name): "the token's `\(name)` is missing, of a wrong type or not accepted here"
    case .expired: "the token has expired"
    case .early(let name): "the token's `\(name)` is in the future"
    }
  }
}

/// A token that is good from one time to another.
package struct VerifiedToken: Sendable {
  package var identity: Identity
  /// Unix seconds, leeway counted in: good from the first on, and before the second.
  package var validity: (from: Double, until: Double)

  package init(identity: Identity, validity: (from: Double, until: Double)) {
    self.identity = identity
    self.validity = validity
  }

  package func isValid(at now: Double) -> Bool { validity.from <= now && now < validity.until }
}

/// Reads a JSON Web Token in the compact form (RFC 7515 §7.1, RFC 7519 §7.2) and says who its bearer is.
///
/// Strict where a lenient reader can be deceived: the key decides the algorithm; `kid` must name a key of the set; a
/// header with `crit` or with keys of the token's own is refused; two members of one name are no JSON; base64url has one
/// spelling. What a token claims is looked at behind its signature only.
package enum TokenVerifier {
  /// A token this long, or longer, is refused unread.
  package static let maximumBytes = 16 << 10

  private static let unwanted = ["crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"]

  package static func verify(
    _ token: [UInt8], keys: KeySet, rules: TokenRules, now: Double
  ) throws(TokenProblem) -> VerifiedToken {
    guard token.count < maximumBytes else { throw .tooLong }
    let dot = UInt8(ascii: ".")
    guard let first = token.firstIndex(of: dot), let second = token[(first + 1)...].firstIndex(of: dot) else {
      throw .malformed("form")
    }
    let header = try members(token[..<first], "header")
    for name in unwanted where header[name] != nil { throw .unwanted(name) }
    guard let name = header["alg"]?.text else { throw .malformed("alg") }
    var id: String?
    if let kid = header["kid"] {
      guard let text = kid.text else { throw .malformed("kid") }
      id = text
    }
    guard let signature = Base64URL.bytes(token[(second + 1)...]), !signature.isEmpty else {
      throw .malformed("signature")
    }
    let candidates = keys.candidates(id)
    guard !candidates.isEmpty else { throw .unknownKey(id) }
    guard let algorithm = SignatureAlgorithm(rawValue: name),
      candidates.contains(where: { $0.algorithms.contains(algorithm) })
    else { throw .algorithm(name) }
    guard candidates.contains(where: { $0.isValid(signature, of: token[..<second], by: algorithm) }) else {
      throw .signature
    }
    return try check(try members(token[(first + 1)..<second], "claims"), rules, now)
  }

  private static func members(_ part: ArraySlice<UInt8>, _ name: String) throws(TokenProblem) -> [String: ClaimValue] {
    guard let bytes = Base64URL.bytes(part), let value = try? JSONClaims.parse(bytes), let members = value.members
    else {
      throw .malformed(name)
    }
    return members
  }

  private static func check(
    _ claims: [String: ClaimValue], _ rules: TokenRules, _ now: Double
  ) throws(TokenProblem) -> VerifiedToken {
    let until = try time(claims, "exp").map { $0 + rules.leeway } ?? .infinity
    let from = try time(claims, "nbf").map { $0 - rules.leeway } ?? -.infinity
    let issued = try time(claims, "iat").map { $0 - rules.leeway } ?? -.infinity
    guard now < until else { throw .expired }
    guard from <= now else { throw .early("nbf") }
    guard issued <= now else { throw .early("iat") }
    if let issuer = claims["iss"], issuer.text == nil { throw .claim("iss") }
    if !rules.issuers.isEmpty {
      guard let issuer = claims["iss"]?.text, rules.issuers.contains(issuer) else { throw .claim("iss") }
    }
    let audiences = try audiences(claims)
    guard rules.audiences.isEmpty || !rules.audiences.isDisjoint(with: audiences) else { throw .claim("aud") }
    if let subject = claims["sub"], subject.text == nil { throw .claim("sub") }
    for name in rules.required.sorted() where claims[name] == nil || claims[name] == .null { throw .claim(name) }
    return VerifiedToken(
      identity: Identity(principal: try principal(claims, rules), claims: claims),
      validity: (max(from, issued), until))
  }

  /// RFC 7519 §2, NumericDate.
  private static func time(_ claims: [String: ClaimValue], _ name: String) throws(TokenProblem) -> Double? {
    switch claims[name] {
    case nil: nil
    case .int(let seconds): Double(seconds)
    case .double(let seconds): seconds
    default: throw .claim(name)
    }
  }

  /// RFC 7519 §4.1.3: one text or a list of them.
  private static func audiences(_ claims: [String: ClaimValue]) throws(TokenProblem) -> [String] {
    switch claims["aud"] {
    case nil: return []
    case .string(let audience): return [audience]
    case .array(let items):
      let texts = items.compactMap(\.text)
      guard texts.count == items.count else { throw .claim("aud") }
      return texts
    default: throw .claim("aud")
    }
  }

  /// Only `sub` may be missing: then the caller has claims and no name.
  private static func principal(_ claims: [String: ClaimValue], _ rules: TokenRules) throws(TokenProblem) -> String {
    switch claims[rules.principal] {
    case .string(let name) where !name.isEmpty: return name
    case .int(let number): return "\(number)"
    case nil where rules.principal == "sub": return ""
    default: throw .claim(rules.principal)
    }
  }
}
