import PillionQuery
package import PillionTransport

/// Lets a call go on if the rules allow it to who makes it.
package final class Authorization: Interceptor {
  /// What one event loop knows: decisions by the path of methods that exist, which are as many as were defined.
  private final class Loop {
    var decisions: [String: AccessRules.Decision] = [:]
  }

  /// Reloads may bring other methods; beyond so many the memory of those before is let go.
  private static let maximumDecisions = 10_000

  private let rules: AccessRules
  private let loops: PerLoop<Loop>
  private let report: @Sendable (_ call: ServerCall, _ problem: String) -> Void

  package init(
    _ rules: AccessRules, loops: Int, report: @escaping @Sendable (_ call: ServerCall, _ problem: String) -> Void
  ) {
    self.rules = rules
    self.loops = PerLoop(loops: loops) { _ in Loop() }
    self.report = report
  }

  package func begin(_ call: ServerCall) -> Verdict {
    if decision(call).allows(call.facts) { return .proceed }
    if call.attributes[OpenHealth.self] == true, !rules.denies(call.method.path, call.facts) { return .proceed }
    report(call, "no rule allows the call, or one denies it")
    return .refuse(.denied)
  }

  private func decision(_ call: ServerCall) -> AccessRules.Decision {
    let path = call.method.path
    // What a client has made up is not kept.
    guard call.method.isKnown else { return rules.decision(on: path) }
    let loop = loops[call]
    if let decision = loop.decisions[path] { return decision }
    if loop.decisions.count >= Self.maximumDecisions { loop.decisions.removeAll() }
    let decision = rules.decision(on: path)
    loop.decisions[path] = decision
    return decision
  }
}

extension ServerCall {
  /// What a condition may look at.
  fileprivate var facts: CallFacts {
    CallFacts(
      identity: attributes[CallIdentity.self], address: peerAddress, subject: peerIdentity?.subject,
      dnsNames: peerIdentity?.dnsNames ?? [], uris: peerIdentity?.uris ?? [])
  }

  /// `peer` without the port.
  private var peerAddress: String {
    guard !peer.hasPrefix("unix:"), let colon = peer.lastIndex(of: ":") else { return peer }
    let host = peer[..<colon]
    return host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host)
  }
}

extension Status {
  fileprivate static let denied = Status(
    .permissionDenied, "The caller may not use this method.", reason: "METHOD_NOT_ALLOWED")
}
