import Glibc
import PillionTransport

/// The files that `server.tls` names, and how they are used.
struct TLSFiles: Sendable {
  enum ClientCertificates: String { case none, optional, required }

  let certificate: String
  let key: String
  /// Nil: clients are not asked for a certificate.
  let clientAuthorities: String?
  private let clientCertificates: ClientCertificates
  /// The fingerprint from before the files were read for the first time.
  let known: [String]

  /// Nil without a certificate: then nothing speaks TLS. Throws what is missing or superfluous.
  init?(_ configuration: Configuration) throws(TLSFilesError) {
    let settings = configuration.tls
    guard !settings.certificate.isEmpty else {
      let others = [
        ("server.tls.key", settings.key), ("server.tls.client_ca", settings.clientAuthorities),
        ("server.tls.client_certificate", settings.clientCertificate == "none" ? "" : settings.clientCertificate),
      ]
      if let (name, _) = others.first(where: { !$0.1.isEmpty }) {
        throw TLSFilesError("'\(name)' is set, but 'server.tls.certificate' is not")
      }
      return nil
    }
    guard !settings.key.isEmpty else {
      throw TLSFilesError("'server.tls.certificate' is set, but 'server.tls.key' is not")
    }
    clientCertificates = ClientCertificates(rawValue: settings.clientCertificate) ?? .required
    switch (clientCertificates, settings.clientAuthorities.isEmpty) {
    case (.none, false):
      throw TLSFilesError(
        "'server.tls.client_ca' is set, but 'server.tls.client_certificate' is neither optional nor required")
    case (.optional, true), (.required, true):
      throw TLSFilesError(
        "'server.tls.client_certificate' is \(settings.clientCertificate), but 'server.tls.client_ca' is not set")
    default: break
    }
    certificate = settings.certificate
    key = settings.key
    clientAuthorities = clientCertificates == .none ? nil : settings.clientAuthorities
    known = Self.fingerprint([certificate, key, clientAuthorities])
  }

  /// Reads and checks all files.
  func load() throws(TLSFilesError) -> TLSCredentials {
    let chain = try read(certificate, "server.tls.certificate")
    let secret = try read(key, "server.tls.key")
    var clients = TLSCredentials.ClientCertificates.none
    if let clientAuthorities {
      let authorities = try read(clientAuthorities, "server.tls.client_ca")
      clients =
        clientCertificates == .required ? .required(authorities: authorities) : .optional(authorities: authorities)
    }
    do throws(TLSCredentialsError) {
      return try TLSCredentials(certificate: chain, key: secret, clientCertificates: clients)
    } catch {
      switch error.part {
      case .certificate: throw TLSFilesError("'server.tls.certificate': \(certificate): \(error.reason)")
      case .key: throw TLSFilesError("'server.tls.key': \(key): \(error.reason)")
      case .clientAuthorities:
        throw TLSFilesError("'server.tls.client_ca': \(clientAuthorities ?? ""): \(error.reason)")
      }
    }
  }

  var fingerprint: [String] { Self.fingerprint([certificate, key, clientAuthorities]) }

  private static func fingerprint(_ paths: [String?]) -> [String] { paths.compactMap(\.self).map(FileWatcher.entry) }

  private func read(_ path: String, _ setting: String) throws(TLSFilesError) -> [UInt8] {
    guard access(path, R_OK) == 0 else {
      throw TLSFilesError("'\(setting)': \(path): \(String(cString: strerror(errno)))")
    }
    guard let text = TextFile.read(path) else {
      throw TLSFilesError("'\(setting)': \(path): the file cannot be read as text")
    }
    return Array(text.utf8)
  }
}

/// What is wrong with `server.tls`.
struct TLSFilesError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

extension TLSCredentials {
  /// A word of warning when the certificate is not valid now. Clients refuse it, but a wrong clock may be theirs or ours.
  var warning: String? {
    let now = time(nil)
    if now > validity.upperBound {
      return "the certificate of \(subject) expired on \(Timestamp.text(validity.upperBound))"
    }
    if now < validity.lowerBound {
      return "the certificate of \(subject) is not valid before \(Timestamp.text(validity.lowerBound))"
    }
    return nil
  }
}
