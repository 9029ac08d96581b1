import PillionQuery

/// Who bears which JSON Web Token, as one event loop knows it.
final class BearerTokens {
  private let keys: Replaceable<KeySet>
  private let rules: TokenRules
  private var known: Replaceable<KeySet>.Copy
  private var verified = TokenCache()

  init(keys: Replaceable<KeySet>, rules: TokenRules) {
    self.keys = keys
    self.rules = rules
    known = keys.copy()
  }

  /// - Parameter now: Unix seconds.
  func bearer(of token: UnsafeBufferPointer<UInt8>, now: Double) throws(TokenProblem) -> Identity {
    if keys.refresh(&known) { verified.removeAll() }
    if let identity = verified.identity(token, now: now) { return identity }
    let bytes = Array(token.prefix(TokenVerifier.maximumBytes))
    let new = try TokenVerifier.verify(bytes, keys: known.value, rules: rules, now: now)
    verified.insert(bytes, new)
    return new.identity
  }
}
