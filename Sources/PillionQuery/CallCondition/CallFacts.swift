import PillionSchema

/// What a condition on a call may look at.
package struct CallFacts: Sendable {
  /// Nil for a call that nobody has authenticated: it has no claims and no principal.
  package var identity: Identity?
  /// The client's address without its port, `unix:` for a Unix socket.
  package var address: String
  /// Of the client's certificate; nil and empty without one.
  package var subject: String?
  package var dnsNames: [String]
  package var uris: [String]

  package init(
    identity: Identity?, address: String, subject: String? = nil, dnsNames: [String] = [], uris: [String] = []
  ) {
    self.identity = identity
    self.address = address
    self.subject = subject
    self.dnsNames = dnsNames
    self.uris = uris
  }
}

/// The name of one of them, resolved when the condition is read.
enum CallFact: Sendable, Hashable {
  /// Names of members within each other.
  case claim([String])
  case principal
  case address
  case subject
  case dnsNames
  case uris

  /// Whether it is one text, whatever a literal looks like.
  var isText: Bool { self == .principal || self == .address || self == .subject }
  /// Whether it is a list of texts.
  var isList: Bool { self == .dnsNames || self == .uris }

  init(_ names: [FilterSyntax.Name]) throws(FilterParser.Problem) {
    let offset = names.first?.offset ?? 0
    let known = ["claims", "principal", "peer"]
    let rest = names.dropFirst().map(\.text)
    switch (names.first?.text, rest.first) {
    case ("claims", .some): self = .claim(rest)
    case ("claims", nil):
      throw FilterParser.Problem(offset: offset, message: "expected the name of a claim, such as `claims.sub`")
    case ("principal", nil): self = .principal
    case ("principal", .some):
      throw FilterParser.Problem(offset: names[1].offset, message: "`principal` is text and has no members")
    case ("peer", let name):
      let facts: [String: CallFact] = ["address": .address, "subject": .subject, "dns": .dnsNames, "uris": .uris]
      guard rest.count == 1, let name, let fact = facts[name] else {
        throw FilterParser.Problem(
          offset: names.count > 1 ? names[1].offset : offset,
          message: "expected `peer.address`, `peer.subject`, `peer.dns` or `peer.uris`")
      }
      self = fact
    case (let name, _):
      let name = name ?? ""
      let near = Suggestion.of(name, among: known)
      throw FilterParser.Problem(
        offset: offset,
        message:
          "`\(PathResolver.excerpt(name))` is nothing a condition knows; expected `claims.…`, `principal` or `peer.…`"
          + (near.map { "; \($0)" } ?? ""))
    }
  }

  /// Nil where there is nothing of the kind; a claim that is null is as good as none.
  func value(in facts: CallFacts) -> ClaimValue? {
    switch self {
    case .principal: return facts.identity.map { .string($0.principal) }
    case .address: return .string(facts.address)
    case .subject: return facts.subject.map(ClaimValue.string)
    case .dnsNames: return facts.dnsNames.isEmpty ? nil : .array(facts.dnsNames.map(ClaimValue.string))
    case .uris: return facts.uris.isEmpty ? nil : .array(facts.uris.map(ClaimValue.string))
    case .claim(let names):
      guard var value = names.first.flatMap({ facts.identity?.claims[$0] }) else { return nil }
      for name in names.dropFirst() {
        guard case .object(let members) = value, let member = members[name] else { return nil }
        value = member
      }
      return value == .null ? nil : value
    }
  }
}
