/// Who makes a call: what `when`, `row_filters` and `database_role` may speak of.
///
/// Made by whatever authenticates the call; a call that nobody has authenticated has none.
package struct Identity: Sendable, Hashable {
  /// The name that limits, logs and the audit know the caller by: a token's `sub`, an API key's name, a certificate's
  /// SPIFFE id or subject.
  package var principal: String
  /// What a token or a key's file says about the caller; empty if nothing does.
  package var claims: [String: ClaimValue]

  package init(principal: String, claims: [String: ClaimValue] = [:]) {
    self.principal = principal
    self.claims = claims
  }
}

/// A value of a JSON Web Token's claims (RFC 7519 §4): any JSON value, whole numbers kept exact.
package indirect enum ClaimValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case string(String)
  case array([ClaimValue])
  case object([String: ClaimValue])
}
