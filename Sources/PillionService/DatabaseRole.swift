package import PillionDatabase
package import PillionQuery

/// Which role a call has in the database, and what the database may read about its caller.
package struct DatabaseRole: Sendable {
  /// The claim that names the role; several names lead into objects.
  package var claim: [String]
  /// The run-time parameter that takes the claims as JSON; nil: none.
  package var setting: String?
  /// The role of callers who have no such claim; nil: they are refused.
  package var fallback: String?

  package init(claim: [String], setting: String? = nil, fallback: String? = nil) {
    self.claim = claim
    self.setting = setting
    self.fallback = fallback
  }

  /// Bytes of an identifier at most (NAMEDATALEN in PostgreSQL's manual): it would cut a longer one.
  private static let maximumBytes = 63

  /// Nil for a caller who gets no role: the claim is missing, or is none.
  package func session(for identity: Identity?) -> CallSession? {
    guard let role = role(of: identity), Self.isRole(role) else { return nil }
    let claims = ClaimValue.object(identity?.claims ?? [:])
    return CallSession(role: role, setting: setting.map { ($0, claims.json) })
  }

  private func role(of identity: Identity?) -> String? {
    guard var value = claim.first.flatMap({ identity?.claims[$0] }) else { return fallback }
    for name in claim.dropFirst() {
      guard case .object(let members) = value else { return nil }
      guard let member = members[name] else { return fallback }
      value = member
    }
    switch value {
    case .null: return fallback
    case .string(let role): return role
    case .bool, .int, .double, .array, .object: return nil
    }
  }

  /// `none` would be no role at all: the login role again.
  package static func isRole(_ role: String) -> Bool {
    !role.isEmpty && role.utf8.count <= maximumBytes && !role.utf8.contains(0) && role.lowercased() != "none"
  }
}
