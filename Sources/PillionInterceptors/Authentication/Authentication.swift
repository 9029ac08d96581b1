import NIOCore
import PillionQuery
package import PillionTransport

/// Finds out who makes a call, and notes it on the call as `CallIdentity`.
///
/// One proof counts: a bearer token or API key in the metadata, else the client's certificate. A proof that is not good
/// ends the call, also where none is needed; only a call without any may be `anonymous`, to the methods that are so.
package final class Authentication: Interceptor {
  package struct JWT: Sendable {
    package var keys: Replaceable<KeySet>
    package var rules: TokenRules
    /// Nil: the keys come from a file or from the configuration.
    package var fetcher: KeyFetcher?

    package init(keys: Replaceable<KeySet>, rules: TokenRules, fetcher: KeyFetcher? = nil) {
      self.keys = keys
      self.rules = rules
      self.fetcher = fetcher
    }
  }

  package struct Methods: Sendable {
    package var jwt: JWT?
    package var apiKeys: Replaceable<APIKeyring>?
    package var certificates: CertificateIdentity?
    /// Methods that need no proof.
    package var anonymous: [MethodPattern] = []

    package init() {}
  }

  /// What one event loop knows.
  private final class Loop {
    let tokens: BearerTokens?
    var apiKeys: Replaceable<APIKeyring>.Copy?

    init(_ methods: Methods) {
      tokens = methods.jwt.map { BearerTokens(keys: $0.keys, rules: $0.rules) }
      apiKeys = methods.apiKeys?.copy()
    }
  }

  /// How a call's proof was judged.
  private enum Judgement {
    case good(Identity)
    case none
    case bad(Rejection)
  }

  private let methods: Methods
  private let sources: RunningSources
  private let loops: PerLoop<Loop>
  /// Why a call was refused, for the operator: never holds the proof itself.
  private let report: @Sendable (_ call: ServerCall, _ problem: String) -> Void

  /// - Parameter sources: what keeps `methods` up to date, to be stopped with the server.
  package init(
    _ methods: Methods, loops: Int, sources: RunningSources = RunningSources(),
    report: @escaping @Sendable (_ call: ServerCall, _ problem: String) -> Void
  ) {
    self.methods = methods
    self.sources = sources
    self.loops = PerLoop(loops: loops) { _ in Loop(methods) }
    self.report = report
  }

  package func shutDown() { sources.stop() }

  package func begin(_ call: ServerCall) -> Verdict {
    let judgement = judge(call)
    if case .bad(.unknownKey) = judgement, let fetch = methods.jwt?.fetcher?.demand() {
      return .wait { [self] in
        await fetch.value
        // Calls and caches belong to their loop.
        return (try? await call.eventLoop.submit { self.settle(self.judge(call), call) }.get()) ?? .refuse(.unsettled)
      }
    }
    return settle(judgement, call)
  }

  private func settle(_ judgement: Judgement, _ call: ServerCall) -> Verdict {
    switch judgement {
    case .good(let identity):
      call.identity = identity
      if OpenHealth.concerns(call) { call.attributes[OpenHealth.self] = OpenHealth(isOpen: isAnonymous(call)) }
      return .proceed
    case .none:
      guard isAnonymous(call) else { return refuse(call, .missing) }
      if OpenHealth.concerns(call) { call.attributes[OpenHealth.self] = OpenHealth(isOpen: true) }
      return .proceed
    case .bad(let rejection): return refuse(call, rejection)
    }
  }

  private func isAnonymous(_ call: ServerCall) -> Bool {
    methods.anonymous.contains { $0.matches(call.method.path) }
  }

  private func refuse(_ call: ServerCall, _ rejection: Rejection) -> Verdict {
    report(call, rejection.description)
    if case .unknownKey = rejection, let fetcher = methods.jwt?.fetcher, !fetcher.hasKeys { return .refuse(.noKeys) }
    if methods.jwt != nil || methods.apiKeys != nil { call.addTrailer("www-authenticate", rejection.challenge) }
    return .refuse(rejection.status)
  }

  private func judge(_ call: ServerCall) -> Judgement {
    var proofs = 0
    var judgement = Judgement.none
    let metadata = call.metadata
    metadata.forEach("authorization") { value in
      proofs += 1
      if proofs == 1 { judgement = self.judge(authorization: value, call) }
    }
    metadata.forEach("x-api-key") { value in
      proofs += 1
      if proofs == 1 { judgement = self.judge(apiKey: value, call) }
    }
    if proofs > 1 { return .bad(.malformed("there is more than one proof")) }
    if proofs == 0, let certificates = methods.certificates, let peer = call.peerIdentity {
      guard let identity = certificates.identity(peer) else {
        return .bad(.certificate("the certificate of '\(peer.subject)' has not the name that callers are known by"))
      }
      return .good(identity)
    }
    return judgement
  }

  /// RFC 6750 §2.1, RFC 7235 §2.1: the scheme in any case, one space, and the token.
  private func judge(authorization value: UnsafeBufferPointer<UInt8>, _ call: ServerCall) -> Judgement {
    guard value.count > 7, Self.isBearer(value) else {
      return .bad(.malformed("the authorization is not `Bearer` and a token"))
    }
    let token = UnsafeBufferPointer(rebasing: value[7...])
    if methods.apiKeys != nil, token.starts(with: APIKey.prefix.utf8) { return judge(apiKey: token, call) }
    guard let tokens = loops[call].tokens else { return .bad(.malformed("bearer tokens are not taken here")) }
    do throws(TokenProblem) {
      return .good(try tokens.bearer(of: token, now: call.clock.unixTime()))
    } catch {
      if case .unknownKey = error { return .bad(.unknownKey(error.description)) }
      return .bad(error == .expired ? .expired(error.description) : .wrong(error.description))
    }
  }

  /// Whether the first seven bytes are `Bearer` and a space.
  private static func isBearer(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
    let scheme: StaticString = "bearer"
    for index in 0..<6 where value[index] | 0x20 != scheme.utf8Start[index] { return false }
    return value[6] == UInt8(ascii: " ")
  }

  private func judge(apiKey text: UnsafeBufferPointer<UInt8>, _ call: ServerCall) -> Judgement {
    guard let store = methods.apiKeys, var ring = loops[call].apiKeys else {
      return .bad(.malformed("API keys are not taken here"))
    }
    if store.refresh(&ring) { loops[call].apiKeys = ring }
    do throws(APIKeyring.Problem) {
      return .good(try ring.value.identity(text, now: Int64(call.clock.unixTime())))
    } catch {
      switch error {
      case .malformed: return .bad(.wrong("this is not written as an API key is"))
      case .unknown: return .bad(.wrong("the file has no API key of that number"))
      case .wrong: return .bad(.wrong("the secret of an API key is wrong"))
      case .expired(let name): return .bad(.expired("the API key of '\(name)' has expired"))
      }
    }
  }
}
