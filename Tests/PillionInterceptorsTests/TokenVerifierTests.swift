import Crypto
import PillionInterceptors
import PillionQuery
import Testing

/// The battery over the wire is `test_authentication.py`; here is what needs a clock or a cache of the test's own.
@Suite struct TokenVerifierTests {
  private static let secret = Array("0123456789abcdef0123456789abcdef".utf8)
  private let keys: KeySet

  init() throws { keys = KeySet(try #require(VerificationKey(secret: Self.secret))) }

  private func token(_ claims: String, header: String = #"{"alg": "HS256"}"#) -> [UInt8] {
    let content = "\(Base64URL.text(Array(header.utf8))).\(Base64URL.text(Array(claims.utf8)))"
    let code = HMAC<SHA256>.authenticationCode(for: Array(content.utf8), using: SymmetricKey(data: Self.secret))
    return Array("\(content).\(Base64URL.text(Array(code)))".utf8)
  }

  private func problem(_ token: [UInt8], _ rules: TokenRules = TokenRules(), now: Double = 1000) -> TokenProblem? {
    do throws(TokenProblem) {
      _ = try TokenVerifier.verify(token, keys: keys, rules: rules, now: now)
      return nil
    } catch {
      return error
    }
  }

  @Test func timesWithLeeway() {
    #expect(problem(token(#"{"exp": 971}"#)) == nil)
    #expect(problem(token(#"{"exp": 970}"#)) == .expired)
    #expect(problem(token(#"{"exp": 970.5}"#)) == nil)
    #expect(problem(token(#"{"nbf": 1030}"#)) == nil)
    #expect(problem(token(#"{"nbf": 1031}"#)) == .early("nbf"))
    #expect(problem(token(#"{"iat": 1031}"#)) == .early("iat"))
    #expect(problem(token(#"{"exp": 1e300, "nbf": -9223372036854775808, "iat": 0}"#)) == nil)
    for claims in [#"{"exp": "2000"}"#, #"{"nbf": true}"#, #"{"iat": null}"#, #"{"exp": [2000]}"#] {
      #expect(problem(token(claims)) == .claim(String(claims.dropFirst(2).prefix(3))))
    }
  }

  @Test func whoTheBearerIs() throws {
    var rules = TokenRules()
    let token = token(#"{"sub": "amy", "uid": 7, "mail": ""}"#)
    #expect(try TokenVerifier.verify(token, keys: keys, rules: rules, now: 0).identity.principal == "amy")
    rules.principal = "uid"
    #expect(try TokenVerifier.verify(token, keys: keys, rules: rules, now: 0).identity.principal == "7")
    for name in ["mail", "none"] {
      rules.principal = name
      #expect(problem(token, rules) == .claim(name))
    }
    #expect(problem(self.token("{}")) == nil)
    rules = TokenRules()
    rules.required = ["exp"]
    #expect(problem(token, rules) == .claim("exp"))
  }

  @Test func issuerAndAudience() {
    var rules = TokenRules()
    rules.issuers = ["https://id.example"]
    rules.audiences = ["pillion", "other"]
    #expect(problem(token(#"{"iss": "https://id.example", "aud": "pillion"}"#), rules) == nil)
    #expect(problem(token(#"{"iss": "https://id.example", "aud": ["x", "other"]}"#), rules) == nil)
    #expect(problem(token(#"{"iss": "https://id.example/", "aud": "pillion"}"#), rules) == .claim("iss"))
    for audience in [#""x""#, "[]", #"["pillion", 1]"#, "1", "null"] {
      #expect(problem(token(#"{"iss": "https://id.example", "aud": \#(audience)}"#), rules) == .claim("aud"))
    }
  }

  @Test func headersThatAreRefused() {
    for name in ["crit", "jku", "jwk", "x5u", "x5c", "b64", "zip"] {
      #expect(problem(token("{}", header: #"{"alg": "HS256", "\#(name)": []}"#)) == .unwanted(name))
    }
    for algorithm in ["none", "None", "RS256", "ES256", "HS384", "hs256", ""] {
      #expect(problem(token("{}", header: #"{"alg": "\#(algorithm)"}"#)) != nil)
    }
    #expect(problem(token("{}", header: #"{"alg": "HS256", "alg": "HS256"}"#)) == .malformed("header"))
    #expect(problem(token("{}", header: #"{"alg": "HS256", "kid": 1}"#)) == .malformed("kid"))
  }

  @Test func everyCutAndEveryFlipIsRefused() {
    let good = token(#"{"sub": "amy"}"#)
    #expect(problem(good) == nil)
    for count in 0..<good.count { #expect(problem(Array(good[..<count])) != nil) }
    for index in good.indices {
      var bad = good
      bad[index] ^= 1
      #expect(problem(bad) != nil)
    }
    #expect(problem(good + [UInt8(ascii: "=")]) != nil)
    #expect(problem([UInt8](repeating: UInt8(ascii: "a"), count: TokenVerifier.maximumBytes)) == .tooLong)
  }

  @Test func keySets() throws {
    let key = P256.Signing.PrivateKey()
    let point = key.publicKey.rawRepresentation
    func set(_ more: String) throws -> KeySet {
      let x = Base64URL.text(Array(point.prefix(32)))
      let y = Base64URL.text(Array(point.suffix(32)))
      let json = #"{"keys": [{"kty": "EC", "crv": "P-256", "x": "\#(x)", "y": "\#(y)"\#(more)}, {"kty": "new"}]}"#
      return try KeySet(json: Array(json.utf8), allowed: nil)
    }
    func token(_ header: String) throws -> [UInt8] {
      let content = "\(Base64URL.text(Array(header.utf8))).\(Base64URL.text(Array("{}".utf8)))"
      let signature = try key.signature(for: Array(content.utf8)).rawRepresentation
      return Array("\(content).\(Base64URL.text(Array(signature)))".utf8)
    }
    let named = try set(#", "kid": "a""#)
    #expect(named.keys.count == 1)
    #expect(named.ignored == ["key 2 is of a kind that is not known"])
    _ = try TokenVerifier.verify(try token(#"{"alg": "ES256", "kid": "a"}"#), keys: named, rules: TokenRules(), now: 0)
    // Names have to agree, and so do the key's use and its algorithm.
    for header in [#"{"alg": "ES256", "kid": "b"}"#, #"{"alg": "ES256"}"#, #"{"alg": "ES384", "kid": "a"}"#] {
      #expect(throws: TokenProblem.self) {
        try TokenVerifier.verify(try token(header), keys: named, rules: TokenRules(), now: 0)
      }
    }
    _ = try TokenVerifier.verify(try token(#"{"alg": "ES256"}"#), keys: try set(""), rules: TokenRules(), now: 0)
    for more in [#", "use": "enc""#, #", "alg": "RS256""#, #", "key_ops": ["sign"]"#, #", "kid": 1"#] {
      #expect(try set(more).keys.isEmpty)
    }
    for text in ["", "[]", "{}", #"{"keys": {}}"#] {
      #expect(throws: VerificationKey.Unreadable.self) { try KeySet(json: Array(text.utf8), allowed: nil) }
    }
  }

  @Test func pemFiles() throws {
    for pem in [
      P256.Signing.PrivateKey().publicKey.pemRepresentation, P384.Signing.PrivateKey().publicKey.pemRepresentation,
      P521.Signing.PrivateKey().publicKey.pemRepresentation,
      // The key of RFC 8410 §10.1.
      """
      -----BEGIN PUBLIC KEY-----
      MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
      -----END PUBLIC KEY-----
      """,
    ] {
      #expect(try VerificationKey(pem: pem).algorithms.count == 1)
    }
    for text in ["", "x", P256.Signing.PrivateKey().pemRepresentation] {
      #expect(throws: VerificationKey.Unreadable.self) { try VerificationKey(pem: text) }
    }
    #expect(VerificationKey(secret: [UInt8](repeating: 1, count: 31)) == nil)
  }
}

@Suite struct TokenCacheTests {
  private func verified(_ name: String, until: Double = 2000) -> VerifiedToken {
    VerifiedToken(identity: Identity(principal: name), validity: (from: 0, until: until))
  }

  private func principal(_ cache: TokenCache, _ token: String, now: Double = 1000) -> String? {
    Array(token.utf8).withUnsafeBufferPointer { cache.identity($0, now: now)?.principal }
  }

  @Test func knowsWhatIsStillGood() {
    var cache = TokenCache(capacity: 4)
    cache.insert(Array("token of amy".utf8), verified("amy"))
    #expect(principal(cache, "token of amy") == "amy")
    #expect(principal(cache, "token of amz") == nil)
    #expect(principal(cache, "token of am") == nil)
    #expect(principal(cache, "") == nil)
    #expect(principal(cache, "token of amy", now: 2000) == nil)
    cache.removeAll()
    #expect(principal(cache, "token of amy") == nil)
  }

  @Test func theOldestGoesFirst() {
    var cache = TokenCache(capacity: 3)
    for index in 0..<10 { cache.insert(Array("t\(index)".utf8), verified("\(index)")) }
    #expect(cache.count == 3)
    #expect((0..<10).compactMap { principal(cache, "t\($0)") } == ["7", "8", "9"])
    cache.insert(Array("t8".utf8), verified("again"))
    #expect(cache.count == 3)
    #expect(principal(cache, "t8") == "again")
  }
}
