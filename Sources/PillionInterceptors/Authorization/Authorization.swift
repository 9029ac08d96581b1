import PillionQuery
package import PillionTransport

/// Lets a call go on if the rules allow it to who makes it.
package final class Authorization: Interceptor {
  /// What one event loop knows of the methods that were called last.
  private final class Loop {
    private struct Known {
      let route: Route
      let decision: AccessRules.Decision
    }

    /// A method's place is its address: held, it is nobody else's.
    private var known = [Known?](repeating: nil, count: 61)

    func decision(on route: Route, _ rules: AccessRules) -> AccessRules.Decision {
      let place = Int(bitPattern: UInt(bitPattern: ObjectIdentifier(route)) >> 4 % UInt(known.count))
      if let known = known[place], known.route === route { return known.decision }
      let decision = rules.decision(on: route.method.path)
      known[place] = Known(route: route, decision: decision)
      return decision
    }
  }

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
    if call.attributes[OpenHealth.self]?.isOpen == true, !rules.denies(call.method.path, call.facts) { return .proceed }
    report(call, "no rule allows the call, or one denies it")
    return .refuse(.denied)
  }

  private func decision(_ call: ServerCall) -> AccessRules.Decision {
    let route = call.route
    // What a client has made up is not kept.
    return route.method.isKnown ? loops[call].decision(on: route, rules) : rules.decision(on: route.method.path)
  }
}

extension ServerCall {
  /// What a condition may look at.
  fileprivate var facts: CallFacts {
    CallFacts(
      identity: identity, address: peerAddress, subject: peerIdentity?.subject,
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
