package import PillionQuery
package import PillionTransport

/// Names a caller by the certificate that the transport has verified.
package enum CertificateIdentity: Sendable {
  /// By the SPIFFE id of a workload of the trust domain.
  case workload(of: String)
  /// By the subject, as RFC 4514 writes it.
  case subject
  /// By the first DNS name.
  case dnsName

  /// Nil for a certificate that has no such name.
  package func identity(_ peer: PeerIdentity) -> Identity? {
    let principal: String
    switch self {
    case .workload(let domain):
      return SPIFFEID.workload(peer.uris, of: domain).map {
        Identity(principal: $0, claims: ["spiffe_id": .string($0)])
      }
    case .subject: principal = peer.subject
    case .dnsName:
      guard let name = peer.dnsNames.first else { return nil }
      principal = name
    }
    return Identity(
      principal: principal,
      claims: [
        "subject": .string(peer.subject), "dns": .array(peer.dnsNames.map(ClaimValue.string)),
        "uris": .array(peer.uris.map(ClaimValue.string)),
      ])
  }
}
