import NIOSSL

/// Who a client is, by the certificate that it has shown and that was verified.
public struct PeerIdentity: Sendable, Hashable {
  /// The subject as RFC 4514 writes it, the most specific part first: `CN=orders,O=Shop,C=SE`. An attribute of a rare
  /// type has the name `?`.
  public let subject: String
  /// The DNS names among the subject's alternative names.
  public let dnsNames: [String]
  /// The URIs among them, such as `spiffe://shop/orders`.
  public let uris: [String]

  init(_ certificate: NIOSSLCertificate) {
    subject = certificate.subjectName.reversed()
      .map { "\(Self.attribute($0.type))=\(Self.escape($0.value))" }
      .joined(separator: ",")
    let names = certificate._subjectAlternativeNames()
    func texts(_ type: _SubjectAlternativeName.NameType) -> [String] {
      // A name that is not text is left out: it could be taken for another.
      names.compactMap { name in
        guard name.nameType == type else { return nil }
        return name.contents.withUnsafeBufferPointer { bytes in
          bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
        }
      }
    }
    dnsNames = texts(.dnsName)
    uris = texts(.uri)
  }

  /// RFC 4514 §3; `emailAddress` as OpenSSL writes it.
  private static func attribute(_ type: SSLCertificateNameType) -> String {
    switch type {
    case .commonName: "CN"
    case .organization: "O"
    case .organizationalUnit: "OU"
    case .country: "C"
    case .state: "ST"
    case .city: "L"
    case .emailAddress: "emailAddress"
    case .userId: "UID"
    default: "?"
    }
  }

  /// RFC 4514 §2.4, so that no value can pass for another attribute.
  private static func escape(_ value: String) -> String {
    var text = ""
    for (index, scalar) in value.unicodeScalars.enumerated() {
      switch scalar {
      case ",", "+", "\"", "\\", "<", ">", ";", "=": text += "\\\(scalar)"
      case "#" where index == 0: text += "\\#"
      case " " where index == 0 || index == value.unicodeScalars.count - 1: text += "\\ "
      case "\0": text += "\\00"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
