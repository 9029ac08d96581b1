package import Glibc
import NIOCore
import NIOSSL

/// What a server shows its clients, and what it wants to see of them: TLS 1.2 and 1.3 with the protocol `h2`.
package struct TLSCredentials: Sendable {
  /// Whether clients show a certificate, and the authorities, as PEM, that it must come from.
  package enum ClientCertificates: Sendable {
    case none
    /// A client may show none; one that it shows must be right.
    case optional(authorities: [UInt8])
    case required(authorities: [UInt8])
  }

  let context: NIOSSLContext
  /// The subject of the server's own certificate.
  package let subject: String
  /// The times, in seconds since 1970, between which it is valid.
  package let validity: ClosedRange<time_t>

  /// - Parameters:
  ///   - certificate: the server's certificate and then those between it and the root, as PEM.
  ///   - key: the private key of the first of them, as PEM, without a passphrase.
  package init(
    certificate: [UInt8], key: [UInt8], clientCertificates: ClientCertificates = .none
  ) throws(TLSCredentialsError) {
    let chain = try Self.certificates(certificate, .certificate)
    let key = try Self.key(key)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    // With TLS 1.2, forward secrecy and authenticated encryption only (RFC 9113 §9.2.2); TLS 1.3 has nothing else.
    configuration.cipherSuites = "ECDH+AESGCM:ECDH+CHACHA20"
    configuration.applicationProtocols = ["h2"]
    // `Connection.close` has lingered already when this wait for the peer's close_notify begins.
    configuration.shutdownTimeout = .milliseconds(200)
    switch clientCertificates {
    case .none: break
    case .optional(let authorities):
      configuration.certificateVerification = .optionalVerification
      configuration.trustRoots = .certificates(try Self.certificates(authorities, .clientAuthorities))
    case .required(let authorities):
      configuration.certificateVerification = .noHostnameVerification
      configuration.trustRoots = .certificates(try Self.certificates(authorities, .clientAuthorities))
    }
    do {
      context = try NIOSSLContext(configuration: configuration)
    } catch NIOSSLError.failedToLoadPrivateKey {
      throw TLSCredentialsError(part: .key, reason: "the key does not belong to the certificate")
    } catch {
      throw TLSCredentialsError(part: .certificate, reason: TLSReason.text(of: error))
    }
    guard let leaf = chain.first else { throw TLSCredentialsError(part: .certificate, reason: Self.noCertificate) }
    subject = PeerIdentity(leaf).subject
    validity = leaf.notValidBefore...max(leaf.notValidBefore, leaf.notValidAfter)
  }

  private static let noCertificate = "no certificate in PEM form can be read from it"

  private static func certificates(
    _ bytes: [UInt8], _ part: TLSCredentialsError.Part
  ) throws(TLSCredentialsError) -> [NIOSSLCertificate] {
    guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
      throw TLSCredentialsError(part: part, reason: noCertificate)
    }
    return certificates
  }

  private static func key(_ bytes: [UInt8]) throws(TLSCredentialsError) -> NIOSSLPrivateKey {
    let text = String(decoding: bytes, as: UTF8.self)
    // BoringSSL would ask the terminal for the passphrase.
    guard !text.contains("ENCRYPTED") else {
      throw TLSCredentialsError(
        part: .key, reason: "the key is protected by a passphrase, which nobody would be asked for")
    }
    do {
      return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
    } catch {
      throw TLSCredentialsError(part: .key, reason: "no private key in PEM form can be read from it")
    }
  }
}

/// Why credentials cannot be used.
package struct TLSCredentialsError: Error {
  package enum Part: Sendable { case certificate, key, clientAuthorities }

  package var part: Part
  package var reason: String
}

/// What BoringSSL means.
enum TLSReason {
  /// `WRONG_VERSION_NUMBER` out of all that an error says; else the whole.
  static func text(of error: any Error) -> String {
    let text = "\(error)"
    guard let start = text.firstRange(of: "OPENSSL_internal:") else { return text }
    return String(text[start.upperBound...].prefix { $0 == "_" || $0.isLetter || $0.isNumber })
  }
}
