/// Who makes a call, and from where: what row filters take values from.
package struct Caller: Sendable {
  /// Nil for a call that nobody has authenticated: whatever is compared with it is missing.
  package var identity: Identity?
  /// The client's address without its port; empty for a Unix socket.
  package var address: String
  /// What code says about the call; counts before a claim of the same name.
  package var values: [String: ClaimValue]

  package init(identity: Identity?, address: String, values: [String: ClaimValue] = [:]) {
    self.identity = identity
    self.address = address
    self.values = values
  }
}

/// The way to one thing that is known of a caller, resolved when the filter is read.
enum CallerValue: Sendable, Hashable {
  /// Names of members within each other.
  case claim([String])
  case principal
  case address

  /// Whether a name says that the caller is meant.
  static func isRoot(_ name: String) -> Bool { name == "claims" || name == "principal" || name == "peer" }

  init(_ names: [FilterSyntax.Name]) throws(FilterParser.Problem) {
    let offset = names.first?.offset ?? 0
    let rest = names.dropFirst().map(\.text)
    switch names.first?.text {
    case "claims" where !rest.isEmpty: self = .claim(rest)
    case "claims":
      throw FilterParser.Problem(offset: offset, message: "expected the name of a claim, such as `claims.sub`")
    case "principal" where rest.isEmpty: self = .principal
    case "peer" where rest == ["address"]: self = .address
    case "peer":
      throw FilterParser.Problem(offset: offset, message: "the only thing known of a peer is `peer.address`")
    default: throw FilterParser.Problem(offset: offset, message: "`principal` has no members")
    }
  }

  /// Nil where there is no such thing; null is as good as nothing.
  func value(of caller: Caller) -> ClaimValue? {
    switch self {
    case .principal: return caller.identity.map { .string($0.principal) }
    case .address: return caller.address.isEmpty ? nil : .string(caller.address)
    case .claim(let names):
      guard var value = names.first.flatMap({ caller.values[$0] ?? caller.identity?.claims[$0] }) else { return nil }
      for name in names.dropFirst() {
        guard case .object(let members) = value, let member = members[name] else { return nil }
        value = member
      }
      return value == .null ? nil : value
    }
  }
}
