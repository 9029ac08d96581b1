import Logging
import NIOCore
import NIOPosix
import PillionQuery
import PillionSchema

/// Makes what proofs are checked with of the settings, and keeps it up to date while the server runs.
final class AuthenticationSources {
  private let settings: InterceptorSettings
  private let context: InterceptorContext
  /// What goes on until the server stops.
  private(set) var running = RunningSources()

  init(settings: InterceptorSettings, context: InterceptorContext) {
    self.settings = settings
    self.context = context
  }

  func methods() throws(InterceptorError) -> Authentication.Methods {
    var methods = Authentication.Methods()
    methods.jwt = try jwt()
    methods.apiKeys = try apiKeys()
    methods.certificates = try certificates()
    methods.anonymous = try MethodPattern.patterns(settings.texts("anonymous"), of: "authentication.anonymous")
    guard methods.jwt != nil || methods.apiKeys != nil || methods.certificates != nil else {
      throw settings.error(
        "", "'authentication' has no way to know a caller",
        suggestion:
          "set one of jwt.jwks, jwt.public_key and jwt.secret, or api_keys.file, mtls.trust_domain or mtls.principal")
    }
    return methods
  }

  // MARK: Tokens

  private func jwt() throws(InterceptorError) -> Authentication.JWT? {
    let paths = ["jwt.jwks", "jwt.public_key", "jwt.secret"].filter { settings.isSet($0) }
    guard let path = paths.first else {
      let others = ["jwt.issuer", "jwt.audience", "jwt.algorithms", "jwt.required"].first { settings.isSet($0) }
      guard let others else { return nil }
      throw settings.error(
        others, "'authentication.\(others)' is set, but one of jwt.jwks, jwt.public_key and jwt.secret is not")
    }
    if paths.count > 1 {
      throw settings.error(
        paths[1], "only one of jwt.jwks, jwt.public_key and jwt.secret says what tokens are signed with")
    }
    let rules = rules()
    let allowed = try algorithms()
    switch path {
    case "jwt.secret": return Authentication.JWT(keys: Replaceable(try secret(allowed)), rules: rules)
    case "jwt.public_key":
      let file = settings.text(path) ?? ""
      return Authentication.JWT(
        keys: try watched(file, path) { (bytes) throws(SourceMistake) in
          do throws(VerificationKey.Unreadable) {
            let key = try VerificationKey(pem: String(decoding: bytes, as: UTF8.self))
            return KeySet(try Self.narrow(key, allowed))
          } catch {
            throw SourceMistake(error.description)
          }
        }, rules: rules)
    default: return try keySet(rules, allowed)
    }
  }

  private func rules() -> TokenRules {
    var rules = TokenRules()
    rules.issuers = Set(settings.texts("jwt.issuer").map(\.value))
    rules.audiences = Set(settings.texts("jwt.audience").map(\.value))
    rules.leeway = Double(settings.milliseconds("jwt.leeway") ?? 0) / 1000
    rules.principal = settings.text("jwt.principal") ?? "sub"
    rules.required = Set(settings.texts("jwt.required").map(\.value))
    if rules.audiences.isEmpty {
      context.logger.warning(
        "authentication.jwt.audience is not set: tokens that were made for other services are taken as well")
    }
    return rules
  }

  private func algorithms() throws(InterceptorError) -> Set<SignatureAlgorithm>? {
    guard settings.isSet("jwt.algorithms") else { return nil }
    var algorithms: Set<SignatureAlgorithm> = []
    for text in settings.texts("jwt.algorithms") {
      guard let algorithm = SignatureAlgorithm(rawValue: text.value) else {
        throw InterceptorError([
          Diagnostic(
            at: text.location, "'\(text.value)' is no algorithm for 'authentication.jwt.algorithms'",
            suggestion: SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: ", "))
        ])
      }
      algorithms.insert(algorithm)
    }
    return algorithms
  }

  private static func narrow(
    _ key: VerificationKey, _ allowed: Set<SignatureAlgorithm>?
  ) throws(VerificationKey.Unreadable) -> VerificationKey {
    guard let allowed else { return key }
    let narrowed = key.narrowed(to: allowed)
    guard !narrowed.algorithms.isEmpty else {
      throw VerificationKey.Unreadable("is for none of the `algorithms` that are configured")
    }
    return narrowed
  }

  private func secret(_ allowed: Set<SignatureAlgorithm>?) throws(InterceptorError) -> KeySet {
    var bytes = Array((settings.text("jwt.secret") ?? "").utf8)
    if let path = Self.path(settings.text("jwt.secret")) {
      do throws(SourceMistake) {
        bytes = try SmallFile.read(path)
      } catch {
        throw settings.error("jwt.secret", "'authentication.jwt.secret': \(path) \(error.description)")
      }
      // What an editor leaves at the end is no part of a secret.
      while bytes.last == UInt8(ascii: "\n") || bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    }
    guard let key = VerificationKey(secret: bytes) else {
      throw settings.error(
        "jwt.secret",
        "'authentication.jwt.secret' expected \(VerificationKey.minimumSecretBytes) bytes or more, found \(bytes.count)"
      )
    }
    do throws(VerificationKey.Unreadable) {
      return KeySet(try Self.narrow(key, allowed))
    } catch {
      throw settings.error("jwt.algorithms", "'authentication.jwt.secret' \(error.description)")
    }
  }

  private func keySet(
    _ rules: TokenRules, _ allowed: Set<SignatureAlgorithm>?
  ) throws(InterceptorError) -> Authentication.JWT {
    let text = settings.text("jwt.jwks") ?? ""
    let logger = context.logger
    if let path = Self.path(text) {
      return Authentication.JWT(
        keys: try watched(path, "jwt.jwks") { (bytes) throws(SourceMistake) in
          do throws(VerificationKey.Unreadable) {
            let set = try KeySet(json: bytes, allowed: allowed)
            Self.report(set, of: path, logger)
            return set
          } catch {
            throw SourceMistake(error.description)
          }
        }, rules: rules)
    }
    guard let url = HTTPURL(text) else {
      throw settings.error("jwt.jwks", "'authentication.jwt.jwks' expected file:path or an http(s) URL")
    }
    let keys = Replaceable(KeySet())
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let fetcher = KeyFetcher(
      url: url, client: HTTPClient(group: group), allowed: allowed,
      interval: .milliseconds(max(1000, settings.milliseconds("jwt.refresh") ?? 60_000)), keys: keys
    ) { event in
      switch event {
      case .fetched(let set): Self.report(set, of: url.description, logger)
      case .failed(let reason):
        logger.error("the key set cannot be fetched; what is known of it goes on being used: \(reason)")
      }
    }
    fetcher.start()
    running.stops.append {
      fetcher.stop()
      group.shutdownGracefully { _ in }
    }
    return Authentication.JWT(keys: keys, rules: rules, fetcher: fetcher)
  }

  private static func report(_ set: KeySet, of source: String, _ logger: Logger) {
    logger.info("key set loaded", metadata: ["source": "\(source)", "keys": "\(set.keys.count)"])
    for reason in set.ignored { logger.warning("\(source): \(reason), and is not used") }
    if set.keys.isEmpty { logger.warning("\(source) has no key: every token is refused") }
  }

  /// What stands behind `file:`.
  private static func path(_ text: String?) -> String? {
    text.flatMap { $0.hasPrefix("file:") ? String($0.dropFirst(5)) : nil }
  }

  // MARK: Keys and certificates

  private func apiKeys() throws(InterceptorError) -> Replaceable<APIKeyring>? {
    guard let path = settings.text("api_keys.file") else { return nil }
    return try watched(path, "api_keys.file") { (bytes) throws(SourceMistake) in
      guard let text = String(validating: bytes, as: UTF8.self) else { throw SourceMistake("is no text") }
      do throws(APIKeyring.Malformed) {
        return try APIKeyring(text)
      } catch {
        throw SourceMistake("\(path):\(error.line): \(error.message)")
      }
    }
  }

  private func certificates() throws(InterceptorError) -> CertificateIdentity? {
    let domain = settings.text("mtls.trust_domain")
    guard domain != nil || settings.isSet("mtls.principal") else { return nil }
    let path = domain == nil ? "mtls.principal" : "mtls.trust_domain"
    if let domain, !SPIFFEID.isTrustDomain(domain) {
      throw settings.error(path, "'authentication.mtls.trust_domain' expected a name such as example.org")
    }
    if domain != nil, settings.isSet("mtls.principal") {
      throw settings.error("mtls.principal", "with 'mtls.trust_domain' the SPIFFE id is the caller's name")
    }
    guard context.verifiesClients else {
      throw settings.error(
        path, "'authentication.mtls' needs clients' certificates",
        suggestion: "set server.tls.client_ca, and server.tls.client_certificate to optional or required")
    }
    if let domain { return .workload(of: domain) }
    return settings.text("mtls.principal") == "dns" ? .dnsName : .subject
  }

  // MARK: Files

  /// Reads a file now, and again whenever it changes; what is wrong then is logged, and what was read before stays.
  private func watched<Value: Sendable>(
    _ path: String, _ setting: String, _ read: @escaping @Sendable ([UInt8]) throws(SourceMistake) -> Value
  ) throws(InterceptorError) -> Replaceable<Value> {
    let logger = context.logger
    let fingerprint = SmallFile.fingerprint(path)
    let value: Value
    do throws(SourceMistake) {
      value = try read(try SmallFile.read(path))
    } catch {
      let place = error.description.hasPrefix("\(path):") ? "" : "\(path) "
      throw settings.error(setting, "'authentication.\(setting)': \(place)\(error.description)")
    }
    let store = Replaceable(value)
    let watch = SourceWatch(path: path, known: fingerprint) {
      do throws(SourceMistake) {
        store.replace(try read(try SmallFile.read(path)))
        logger.info("credentials reloaded", metadata: ["file": "\(path)"])
      } catch {
        let place = error.description.hasPrefix("\(path):") ? "" : "\(path) "
        logger.error("credentials cannot be reloaded; those before go on being used: \(place)\(error.description)")
      }
    }
    watch.start()
    running.stops.append { watch.stop() }
    return store
  }
}

/// What watches and fetches until the server stops.
package struct RunningSources: Sendable {
  var stops: [@Sendable () -> Void] = []

  package init() {}

  func stop() { for stop in stops { stop() } }
}
