import PillionQuery
import PillionSchema
package import PillionTransport

/// `rate_limit`: so many calls a second for each principal or peer; the others are told when to come back.
package struct RateLimitInterceptor: Interceptor {
  package static let definition = InterceptorDefinition(
    name: "rate_limit", summary: "Lets each caller make so many calls in a time.",
    settings: [
      Setting(
        path: "key", kind: .choice, defaultValue: "principal",
        summary: "What is a caller: a principal, or the peer where nobody is authenticated; or always the peer.",
        choices: ["principal", "peer"]),
      Setting(path: "rate", kind: .rate, summary: "Calls that each may make."),
      Setting(
        path: "burst", kind: .integer,
        summary: "Calls that may come at once after a pause; a second's, and one at least, if it is not set."),
    ]
  ) { (settings, _) throws(InterceptorError) in
    guard let rate = settings.rate("rate") else {
      throw settings.error("rate", "'rate_limit' needs a rate", suggestion: "rate: 100/s")
    }
    let burst = settings.integer("burst") ?? Int(rate.rounded(.up))
    guard burst > 0 else { throw settings.error("burst", "'rate_limit.burst' must be 1 or more") }
    return RateLimitInterceptor(
      limit: RateLimit(rate: rate, burst: burst), byPrincipal: settings.text("key") == "principal")
  }

  private let limit: RateLimit
  private let byPrincipal: Bool
  private let table = RateLimitTable()

  package init(limit: RateLimit, byPrincipal: Bool) {
    self.limit = limit
    self.byPrincipal = byPrincipal
  }

  /// The last caller on a connection, mostly the only one, so that it is looked up once.
  private final class LastCaller: CallNote {
    /// Nil: the peer itself.
    let principal: String?
    let allowance: CallerAllowance

    init(principal: String?, allowance: CallerAllowance) {
      self.principal = principal
      self.allowance = allowance
    }
  }

  package func begin(_ call: ServerCall) -> Verdict {
    let now = call.clock.time(at: call.startTime)
    guard let wait = allowance(of: call, now: now).take(at: now, limit) else { return .proceed }
    let milliseconds = Int(wait / 1_000_000) + 1
    return .refuse(
      Status(
        .resourceExhausted, "Too many calls; try again in \(milliseconds) ms.",
        details: [.errorInfo(reason: "RATE_LIMITED"), .retry(milliseconds: milliseconds)]))
  }

  private func allowance(of call: ServerCall, now: UInt64) -> CallerAllowance {
    let principal = byPrincipal ? call.identity?.principal : nil
    if let last = call.connectionAttributes[LastCaller.self], last.principal == principal { return last.allowance }
    // No principal has a name that begins like a peer's.
    let allowance = table.allowance(of: principal ?? "\n" + Self.host(call.peer), now: now)
    call.connectionAttributes[LastCaller.self] = LastCaller(principal: principal, allowance: allowance)
    return allowance
  }

  /// The peer without its port: a client's connections are one caller.
  private static func host(_ peer: String) -> Substring {
    guard peer != "unix:", let colon = peer.lastIndex(of: ":") else { return peer[...] }
    return peer[..<colon]
  }
}
